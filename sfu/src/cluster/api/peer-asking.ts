/** Asks this node or another one to do a call of the API. */
import { AppError } from '@diemcau/core/errors.ts'
import type { Incarnation, NodeLinks } from '../links/node-links.ts'
import type { OwnNode } from './own-node.ts'
import { type RoomCall, readAnswer } from './room-calls.ts'

export interface PeerAskingOptions {
  self: Incarnation
  own: OwnNode
  links: NodeLinks
}

export class PeerAsking {
  readonly #options: PeerAskingOptions

  constructor(options: PeerAskingOptions) {
    this.#options = options
  }

  /** Those that can be asked, linked ones first. */
  reachable(nodes: readonly Incarnation[]): Incarnation[] {
    const { links } = this.#options
    const states = new Map(links.peers().map(({ incarnation, isUp }) => [incarnation, isUp]))
    return nodes
      .filter(node => states.has(node))
      .sort((a, b) => Number(states.get(b)) - Number(states.get(a)))
  }

  /** No other node is known. */
  get isAlone(): boolean {
    return this.#options.links.peers().length === 0
  }

  /** All there are whose link stands. */
  linked(): Incarnation[] {
    return this.#options.links.peers().flatMap(({ incarnation, isUp }) => (isUp ? [incarnation] : []))
  }

  /**
   * Undefined: the one it is about is not there, and nothing was done.
   *
   * @throws AppError('unavailable') for a node that is gone or does not answer in `withinMs`: it may have happened
   */
  async ask<Request, Response>(
    node: Incarnation,
    call: RoomCall<Request, Response>,
    request: Request,
    withinMs: number,
  ): Promise<Response | undefined> {
    const { self, own, links } = this.#options
    if (node === self) return await call.run(own, request)
    // For the links an unknown peer is not found; here somebody is, on a node that is just coming or going.
    if (!links.peers().some(({ incarnation }) => incarnation === node))
      throw new AppError('unavailable', 'the node that could do this is gone or not known here yet')
    const answer = await links.call(node, call.method, call.request.encode(request), { deadlineMs: withinMs })
    return readAnswer(call, answer)
  }
}
