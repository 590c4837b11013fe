import { AppError } from '@diemcau/core/errors.ts'
import { type Log, silentLog } from '../../room/base/log.ts'
import { DialLoop } from './dial-loop.ts'
import { LINK_LIMITS, type LinkLimits } from './link-limits.ts'
import { codeOfKind, wayOfKind } from './message-kinds.ts'
import { NodeLink } from './node-link.ts'
import type { Incarnation, LinkListener, NamedPeerState, NodeLinks, Peer } from './node-links.ts'
import type { Had } from './outgoing-queue.ts'
import type { Wire } from './wire.ts'

export interface LinkSetOptions {
  self: Incarnation
  limits?: Partial<LinkLimits>
  log?: Log
  /** The cluster's time, ms: what the deadlines of calls are told in. Default the machine's. */
  clusterNowMs?(): number
}

interface Known {
  link: NodeLink
  address: string | null
  /** Null where the peer dials. */
  loop: DialLoop | null
}

/** All links of a node. What connections are made of is the business of those who extend it. */
export abstract class LinkSet implements NodeLinks {
  readonly self: Incarnation
  protected readonly limits: LinkLimits
  protected readonly log: Log
  readonly #clusterNowMs: () => number
  readonly #known = new Map<Incarnation, Known>()
  readonly #buried = new Set<Incarnation>()
  #listener: LinkListener | null = null
  #ticker: NodeJS.Timeout | undefined
  #isClosed = false

  protected constructor(options: LinkSetOptions) {
    this.self = options.self
    this.limits = { ...LINK_LIMITS, ...options.limits }
    this.log = options.log ?? silentLog
    this.#clusterNowMs = options.clusterNowMs ?? Date.now
  }

  /** Makes a connection to the peer and gives it to `dialled`, or throws. */
  protected abstract dial(peer: Incarnation, address: string): Promise<void>

  /** Null until `start` and after `close`: nobody is let in. */
  protected get listener(): LinkListener | null {
    return this.#isClosed ? null : this.#listener
  }

  start(listener: LinkListener): void {
    if (this.#isClosed || this.#listener !== null) throw new Error('links start once, before they are closed')
    this.#listener = listener
    this.#ticker = setInterval(() => {
      for (const { link } of [...this.#known.values()]) link.tick()
    }, this.limits.pingMs)
  }

  meet(peers: readonly Peer[]): void {
    for (const { incarnation, address } of peers) {
      const known = this.#meet(incarnation)
      if (known === null) continue
      if (address !== null) known.address = address
      known.loop?.wake()
    }
  }

  bury(incarnation: Incarnation): void {
    if (this.#buried.has(incarnation)) return
    this.#buried.add(incarnation)
    const known = this.#known.get(incarnation)
    this.#known.delete(incarnation)
    known?.loop?.stop()
    known?.link.close('buried')
  }

  peers(): NamedPeerState[] {
    return [...this.#known.values()].map(({ link, address }) => ({ ...link.state, address }))
  }

  send: NodeLinks['send'] = (to, kind, payload) =>
    this.#known.get(to)?.link.send(wayOfKind(kind), codeOfKind(kind), payload) ?? false

  sendLatest: NodeLinks['sendLatest'] = (to, kind, key, payload) =>
    this.#known.get(to)?.link.send(wayOfKind(kind), codeOfKind(kind), payload, key) ?? false

  sendLossy: NodeLinks['sendLossy'] = (to, kind, payload) =>
    this.#known.get(to)?.link.send(wayOfKind(kind), codeOfKind(kind), payload) ?? false

  call: NodeLinks['call'] = async (to, method, payload, { deadlineMs }) => {
    const known = this.#known.get(to)
    if (known === undefined) throw new AppError('not_found', `there is no node ${to} to call ${method} at`)
    return known.link.call(method, payload, deadlineMs)
  }

  /** Those who extend it let go of what is theirs after this. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#ticker)
    for (const { loop, link } of this.#known.values()) {
      loop?.stop()
      link.close('closing')
    }
    this.#known.clear()
  }

  protected isBuried(incarnation: Incarnation): boolean {
    return this.#buried.has(incarnation)
  }

  /** What to tell a peer that is being dialled; nothing may come from it until then. */
  protected had(peer: Incarnation): Had | null {
    return this.#known.get(peer)?.link.had ?? null
  }

  /**
   * A peer has dialled us; `greet` tells it what we have had. In one step: nothing comes by its former connection meanwhile. False for one that is buried or ourselves, or
   * when all is closed.
   *
   * @param had what the peer says it has had
   */
  protected accept(
    peer: Incarnation,
    wire: Wire,
    had: Had | null,
    greet: (ours: Had | null) => void,
  ): boolean {
    const known = this.#meet(peer)
    if (known === null) return false
    greet(known.link.had)
    known.link.attach(wire, had)
    return true
  }

  /** The peer that we dialled has answered. False when it was buried meanwhile. */
  protected dialled(peer: Incarnation, wire: Wire, had: Had | null): boolean {
    const known = this.#known.get(peer)
    known?.link.attach(wire, had)
    return known !== undefined
  }

  #meet(peer: Incarnation): Known | null {
    if (this.#listener === null) throw new Error('links have to be started first')
    if (this.#isClosed || peer === this.self || this.#buried.has(peer)) return null
    const former = this.#known.get(peer)
    if (former !== undefined) return former
    const known: Known = {
      address: null,
      loop: null,
      link: new NodeLink({
        peer,
        limits: this.limits,
        listener: this.#listener,
        log: this.log,
        clusterNowMs: this.#clusterNowMs,
        onDown: () => known.loop?.wake(),
      }),
    }
    if (this.self < peer)
      known.loop = new DialLoop({
        dial: () => this.dial(peer, known.address ?? ''),
        isNeeded: () => known.address !== null && !known.link.isConnected,
        onFailed: (error, failures) =>
          this.log.debug(
            { peer, failures, fault: error instanceof Error ? error.message : 'unknown' },
            'a node cannot be reached',
          ),
      })
    this.#known.set(peer, known)
    return known
  }
}
