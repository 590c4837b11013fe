import type { PipeTransport } from 'mediasoup/types'
import { within } from '../worker/within.ts'
import type { PipeEnd } from './pair-ends.ts'

/** A worker that takes longer is left out of this round, ms. */
const STATS_LIMIT_MS = 1_000
/** Nodes of which bytes are remembered while nothing is open to them; each start of a node is another. */
const MOST_NODES = 64

interface Bytes {
  sentBytes: number
  receivedBytes: number
}

/**
 * Bytes carried between this node and each other one, added up from what the pairs' transports have counted when they are asked: what a pair
 * carried after it was asked last and before it closed is missing. How much was lost on the way a pipe's transport does not tell; asking each
 * producer would cost a request a track.
 */
export class PipeTraffic {
  readonly #seen = new WeakMap<PipeTransport, Bytes>()
  readonly #totals = new Map<string, Bytes>()

  /** One round at a time is asked for each reader; two at once count nothing twice. */
  async read(ends: readonly PipeEnd[]): Promise<({ node: string; open: number } & Bytes)[]> {
    await Promise.all(ends.map(end => this.#add(end)))
    const open = new Map<string, number>()
    for (const { node } of ends) open.set(node, (open.get(node) ?? 0) + 1)
    for (const node of this.#totals.keys())
      if (this.#totals.size > MOST_NODES && !open.has(node)) this.#totals.delete(node)
    const nodes = new Set([...this.#totals.keys(), ...open.keys()])
    return [...nodes].map(node => ({
      node,
      open: open.get(node) ?? 0,
      ...(this.#totals.get(node) ?? { sentBytes: 0, receivedBytes: 0 }),
    }))
  }

  async #add({ node, transport }: PipeEnd): Promise<void> {
    const [stats] = await within(transport.getStats(), STATS_LIMIT_MS, () => {}).catch(() => [])
    // It closed, or its worker is slow.
    if (!stats) return
    const before = this.#seen.get(transport) ?? { sentBytes: 0, receivedBytes: 0 }
    const now = { sentBytes: stats.bytesSent, receivedBytes: stats.bytesReceived }
    // Of two answers that crossed the older says nothing new.
    if (now.sentBytes < before.sentBytes || now.receivedBytes < before.receivedBytes) return
    this.#seen.set(transport, now)
    const total = this.#totals.get(node) ?? { sentBytes: 0, receivedBytes: 0 }
    total.sentBytes += now.sentBytes - before.sentBytes
    total.receivedBytes += now.receivedBytes - before.receivedBytes
    this.#totals.set(node, total)
  }
}
