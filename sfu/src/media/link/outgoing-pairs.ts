import type { PipeTransport } from 'mediasoup/types'
import type { RoomRouter } from '../worker/room-router.ts'
import { connectEnd, describeEnd, openEnd, type PipeEnd, type PipeListen } from './pair-ends.ts'
import type { PairEnd } from './pipe-messages.ts'

/** A pair without a pipe stays this long: the landing node may just have asked for the next one on it, ms. */
const EMPTY_PAIR_TTL_MS = 5_000

interface Pair {
  node: string
  users: number
  /** Once it is open. */
  transport?: PipeTransport
  ready: Promise<{ transport: PipeTransport; end: PairEnd }>
  emptyTimer: NodeJS.Timeout | undefined
}

/** The home ends of the pairs of pipe transports to other nodes: one for each (home router, landing router) of a room. */
export class OutgoingPairs {
  readonly #listen: PipeListen
  readonly #pairs = new Map<string, Pair>()
  #isClosed = false

  constructor(listen: PipeListen) {
    this.#listen = listen
  }

  /**
   * The pair the landing node named, made with its `other` end when it is new. Undefined: the node believes that it is there, and
   * it is not. The caller releases it once.
   */
  take(
    node: string,
    id: string,
    home: RoomRouter,
    other: PairEnd | undefined,
  ): { ready: Pair['ready']; release: () => void } | undefined {
    const key = `${node} ${id} ${home.router.id}`
    let pair = this.#pairs.get(key)
    if (!pair) {
      if (!other || this.#isClosed) return undefined
      const opened: Pair = { node, users: 0, ready: this.#open(home, other), emptyTimer: undefined }
      pair = opened
      this.#pairs.set(key, opened)
      opened.ready.then(
        ({ transport }) => {
          opened.transport = transport
          if (transport.closed) this.#forget(key, opened)
          else transport.observer.once('close', () => this.#forget(key, opened))
        },
        // Who waits for it is told by its own await.
        () => this.#forget(key, opened),
      )
    }
    clearTimeout(pair.emptyTimer)
    pair.users += 1
    const taken = pair
    return { ready: taken.ready, release: () => this.#release(key, taken) }
  }

  /** Those that are open. */
  ends(): PipeEnd[] {
    return [...this.#pairs.values()].flatMap(({ node, transport }) =>
      transport ? [{ node, transport }] : [],
    )
  }

  dropNode(node: string): void {
    for (const [key, pair] of this.#pairs) if (pair.node === node) this.#close(key, pair)
  }

  /** The routers may be of another room, that goes on (forwarded tracks): every transport is closed by itself. */
  close(): void {
    this.#isClosed = true
    for (const [key, pair] of this.#pairs) this.#close(key, pair)
  }

  async #open(home: RoomRouter, other: PairEnd) {
    const transport = await openEnd(home, this.#listen)
    try {
      await connectEnd(transport, other)
    } catch (error) {
      transport.close()
      throw error
    }
    return { transport, end: describeEnd(transport) }
  }

  #release(key: string, pair: Pair): void {
    pair.users -= 1
    if (pair.users > 0 || this.#pairs.get(key) !== pair) return
    pair.emptyTimer = setTimeout(() => this.#close(key, pair), EMPTY_PAIR_TTL_MS)
  }

  #forget(key: string, pair: Pair): void {
    clearTimeout(pair.emptyTimer)
    if (this.#pairs.get(key) === pair) this.#pairs.delete(key)
  }

  #close(key: string, pair: Pair): void {
    this.#forget(key, pair)
    pair.ready.then(
      ({ transport }) => transport.close(),
      () => {
        // It never opened.
      },
    )
  }
}
