import { newId } from '@diemcau/core/ids.ts'
import type { PipeTransport } from 'mediasoup/types'
import type { RoomRouter } from '../worker/room-router.ts'
import { connectEnd, describeEnd, openEnd, type PipeEnd, type PipeListen } from './pair-ends.ts'
import type { PairEnd } from './pipe-messages.ts'

/** The landing ends of the pairs of pipe transports to other nodes: one for each (home router, landing router) of a room. */
export class LandingPairs {
  readonly #listen: PipeListen
  readonly #pairs = new Map<string, LandingPair>()

  constructor(listen: PipeListen) {
    this.#listen = listen
  }

  /** The caller releases it once. */
  take(node: string, homeRouter: string, router: RoomRouter): LandingPair {
    const key = `${node} ${homeRouter} ${router.router.id}`
    let pair = this.#pairs.get(key)
    if (!pair) {
      const opened = new LandingPair(node, openEnd(router, this.#listen), () => {
        if (this.#pairs.get(key) === opened) this.#pairs.delete(key)
      })
      pair = opened
      this.#pairs.set(key, opened)
    }
    pair.users += 1
    return pair
  }

  /** Those that are open. */
  ends(): PipeEnd[] {
    return [...this.#pairs.values()].flatMap(({ node, transport }) =>
      transport ? [{ node, transport }] : [],
    )
  }

  close(): void {
    for (const pair of [...this.#pairs.values()]) pair.close()
  }
}

/** One of them. Closed with its last track, its router, or when the other end is gone. */
export class LandingPair {
  readonly id = newId<string>('PP_')
  readonly node: string
  users = 0
  /** Once it is open. */
  transport: PipeTransport | undefined
  readonly #opening: Promise<PipeTransport>
  readonly #onClosed: () => void
  #connecting: Promise<void> | undefined
  #isClosed = false

  constructor(node: string, opening: Promise<PipeTransport>, onClosed: () => void) {
    this.node = node
    this.#opening = opening
    this.#onClosed = onClosed
    opening.then(
      transport => {
        this.transport = transport
        if (this.#isClosed || transport.closed) this.close()
        else transport.observer.once('close', () => this.close())
      },
      // Who waits for it is told by its own await.
      () => this.close(),
    )
  }

  /** This end, for the home; undefined once the home has been heard of: it knows it. */
  async describe(): Promise<PairEnd | undefined> {
    const transport = await this.#opening
    return this.#connecting ? undefined : describeEnd(transport)
  }

  /** The transport, connected to the home's end by the first call. */
  async connect(other: PairEnd): Promise<PipeTransport> {
    const transport = await this.#opening
    this.#connecting ??= connectEnd(transport, other)
    await this.#connecting
    return transport
  }

  release(): void {
    this.users -= 1
    if (this.users === 0) this.close()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onClosed()
    this.#opening.then(
      transport => transport.close(),
      () => {
        // It never opened.
      },
    )
  }
}
