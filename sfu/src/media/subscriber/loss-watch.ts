import type { Consumer, ConsumerTraceEventData } from 'mediasoup/types'
import type { Logger } from 'pino'
import { type Counted, droppedShare, FloodEvidence, type FloodVerdict } from './flood-evidence.ts'

/** Some flows of a link speak for all. */
const MAX_WATCHED = 4
/** So many reports of loss in so short a time are worth a closer look, ms. */
const BURST_REPORTS = 3
const BURST_MS = 400
/** Time between two samples of a look, and how long it lasts at least, as losses come in bursts, and at most, ms. */
const SAMPLE_MS = 100
const MIN_LOOK_MS = 400
const MAX_LOOK_MS = 1_800
/** After a look the link is left alone: it costs the worker up to `MAX_WATCHED` questions a sample, ms. */
const REST_MS = 2_000
const FLOOD_REST_MS = 900
/** Packets that tell a share: pictures are sent, and dropped, in bursts of a few. */
const ENOUGH_PACKETS = 15
const LAST_SAMPLES = 2

/**
 * Notices that a subscriber's link drops packets in numbers, which is how a link that was narrowed shows first: the worker's estimate
 * notices it a second or two later. A client asks for lost packets again at once (NACK, RFC 4585 §6.2.1), which the worker tells as trace events; only
 * when several come together are the counters looked at. A link that loses nothing costs nothing. Stopped by its owner.
 */
export class LossWatch {
  readonly #logger: Logger
  readonly #onFlood: (share: number) => void
  readonly #watched = new Set<Consumer>()
  #reports: number[] = []
  #restUntil = 0
  #isLooking = false
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  /** `onFlood` gets the share of packets lost, 0..1. */
  constructor(logger: Logger, onFlood: (share: number) => void) {
    this.#logger = logger
    this.#onFlood = onFlood
  }

  /** Takes part until it closes; beyond the first few nothing is watched. */
  watch(consumer: Consumer): void {
    for (const watched of this.#watched) if (watched.closed) this.#watched.delete(watched)
    if (this.#isStopped || consumer.closed || this.#watched.size >= MAX_WATCHED) return
    this.#watched.add(consumer)
    consumer.on('trace', trace => this.#handleTrace(trace))
    consumer.enableTraceEvent(['nack']).catch(error => {
      if (!consumer.closed) this.#logger.warn({ err: error }, 'no reports of loss')
    })
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#watched.clear()
  }

  #handleTrace(trace: ConsumerTraceEventData): void {
    if (trace.type !== 'nack' || this.#isStopped || this.#isLooking) return
    const now = performance.now()
    if (now < this.#restUntil) return
    this.#reports = [...this.#reports.filter(at => now - at < BURST_MS), now]
    if (this.#reports.length < BURST_REPORTS) return
    this.#reports = []
    this.#isLooking = true
    this.#look()
      .catch(error => {
        if (!this.#isStopped) this.#logger.warn({ err: error }, 'loss not looked at')
      })
      .finally(() => {
        this.#isLooking = false
      })
  }

  async #look(): Promise<void> {
    const evidence = new FloodEvidence()
    const start = performance.now()
    const lasted = () => performance.now() - start
    let verdict: FloodVerdict = 'unknown'
    const looked = { sent: 0, ms: 0 }
    let before = await this.#count()
    const sample = async () => {
      await new Promise<void>(resolve => {
        this.#timer = setTimeout(resolve, SAMPLE_MS)
      })
      const earlier = before
      before = await this.#count()
      return { all: subtract(before, earlier), pictures: subtract(before, earlier, 'video') }
    }
    while (
      !this.#isStopped &&
      verdict !== 'flood' &&
      lasted() < (verdict === 'calm' ? MIN_LOOK_MS : MAX_LOOK_MS)
    ) {
      const { all, pictures } = await sample()
      looked.sent += pictures.sent
      verdict = evidence.add(all.sent, all.lost)
    }
    looked.ms = lasted()
    if (verdict === 'flood') {
      // What was sent last is not reported yet, so the share found so far is too small: a little more tells how much passes. Pictures tell it
      // better than sound, of which clients do not ask for what would come too late.
      const last = { sent: 0, lost: 0, ms: 0 }
      for (let i = 0; i < LAST_SAMPLES && last.sent < ENOUGH_PACKETS; i++) {
        const { pictures } = await sample()
        last.sent += pictures.sent
        last.lost += pictures.lost
      }
      last.ms = lasted() - looked.ms
      const isEnough = last.sent >= ENOUGH_PACKETS
      const share = isEnough ? Math.max(droppedShare(looked, last), evidence.share) : evidence.share
      this.#logger.debug({ share, first: evidence.share, looked, last }, 'link flooded')
      if (!this.#isStopped) this.#onFlood(share)
    }
    this.#restUntil = performance.now() + (verdict === 'flood' ? FLOOD_REST_MS : REST_MS)
  }

  async #count(): Promise<Map<Consumer, Counted>> {
    const counts = new Map<Consumer, Counted>()
    await Promise.all(
      [...this.#watched].map(async consumer => {
        const stats = consumer.closed ? [] : await consumer.getStats().catch(() => [])
        const stream = stats.find(stat => stat.type === 'outbound-rtp')
        if (stream) counts.set(consumer, { sent: stream.packetCount, lost: stream.packetsRepaired })
      }),
    )
    return counts
  }
}

/** What the flows known at both times sent and lost in between. */
function subtract(
  now: Map<Consumer, Counted>,
  before: Map<Consumer, Counted>,
  kind: Consumer['kind'] | undefined = undefined,
): Counted {
  const sum: Counted = { sent: 0, lost: 0 }
  for (const [consumer, { sent, lost }] of now) {
    const last = before.get(consumer)
    if (!last || (kind !== undefined && consumer.kind !== kind)) continue
    sum.sent += Math.max(sent - last.sent, 0)
    sum.lost += Math.max(lost - last.lost, 0)
  }
  return sum
}
