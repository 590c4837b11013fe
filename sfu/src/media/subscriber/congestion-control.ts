import type { Consumer, TransportTraceEventData, WebRtcTransport } from 'mediasoup/types'
import type { Logger } from 'pino'
import { Congestion, DRAIN_MS, type LinkState, type Picture } from './congestion.ts'
import { costOf } from './congestion-costs.ts'
import { LinkReturn } from './link-return.ts'
import { LossWatch } from './loss-watch.ts'
import type { Subscription } from './subscription.ts'

/** Room kept for each voice, headers included, and for how many voices at most: the rest are silent in turn, bit/s. */
const SOUND_BPS = 50_000
const MAX_VOICES = 3

/** The worker's estimate needs this long to follow what the link was seen to drop, ms. */
const FLOOD_MEMORY_MS = 2_500

/** What is lost so soon after a try was pushed out by the try itself, ms. */
const PROBE_WAKE_MS = 1_000

/** Time between two tries for more, ms: each fills the queue of a full link for some 100 ms. */
const PROBE_INTERVAL_MS = 1_900
const FLOWING_PROBE_INTERVAL_MS = 3_900
/** The worker tries nothing above what it allows itself anyway, 2 Mbit/s at least, and this one also at its double, bit/s. */
const RETURN_PROBE_BPS = 1_500_000
/** The link is back when its estimate is this share of what it was tried for. */
const RETURNED = 0.8

/**
 * Keeps a subscriber's pictures within its link: on each of the worker's estimates (about one a second, at once when it
 * falls by a quarter) asks `Congestion` and passes its verdicts on to the subscriptions. While there is room for all that is
 * wanted it costs one comparison. Stopped by its connection.
 */
export class CongestionControl {
  readonly #transport: WebRtcTransport
  readonly #subscriptions: () => Iterable<Subscription>
  readonly #logger: Logger
  readonly #congestion = new Congestion()
  readonly #return = new LinkReturn()
  #availableBps: number | undefined
  #desiredBps = 0
  #isRunning = false
  #isAgain = false
  #drainTimer: NodeJS.Timeout | undefined
  #isStopped = false
  /** The maximum set for a try; 0: none. */
  #maxBps = 0
  /** The maximum asked for from outside, which no try may exceed; 0: none. */
  #limitBps = 0
  #probedAt = 0
  readonly #lossWatch: LossWatch
  #flood: { share: number; isNew: boolean; roomBps: number; until: number } | undefined

  constructor(transport: WebRtcTransport, subscriptions: () => Iterable<Subscription>, logger: Logger) {
    this.#transport = transport
    this.#subscriptions = subscriptions
    this.#logger = logger
    this.#lossWatch = new LossWatch(logger, share => this.#handleFlood(share))
    transport.on('trace', trace => this.#handleTrace(trace))
    transport.enableTraceEvent(['bwe']).catch(error => {
      if (!transport.closed) logger.warn({ err: error }, 'no estimates of the link')
    })
  }

  /** Its losses tell of the link; until it closes. */
  watch(consumer: Consumer): void {
    this.#lossWatch.watch(consumer)
  }

  /** A picture is about to flow, or the client's wishes changed. */
  reconsider(): void {
    if (this.#isRestricting) this.#run()
  }

  /** At most so many bits a second from now on, whatever the link carries; 0 lifts that. */
  async limit(bps: number): Promise<void> {
    this.#limitBps = bps
    this.#maxBps = 0
    await this.#transport.setMaxOutgoingBitrate(bps)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#drainTimer)
    this.#lossWatch.stop()
  }

  #handleFlood(share: number): void {
    if (performance.now() - this.#probedAt < PROBE_WAKE_MS && this.#maxBps > 0) return
    this.#return.distrust()
    this.#flood = { share, isNew: true, roomBps: 0, until: performance.now() + FLOOD_MEMORY_MS }
    this.#run()
  }

  #handleTrace(trace: TransportTraceEventData): void {
    if (trace.type !== 'bwe' || this.#isStopped) return
    const info = trace.info as { availableBitrate: number; desiredBitrate: number }
    if (!this.#return.note(info.availableBitrate, performance.now())) return
    const previousBps = this.#availableBps ?? info.availableBitrate
    this.#availableBps = info.availableBitrate
    this.#desiredBps = info.desiredBitrate
    this.#logger.trace({ estimate: info.availableBitrate, desired: info.desiredBitrate }, 'link estimated')
    const isRoomy = info.availableBitrate > this.#desiredBps && info.availableBitrate >= previousBps
    if (isRoomy && !this.#isRestricting && this.#maxBps === 0) return
    this.#run()
  }

  get #isRestricting(): boolean {
    return [...this.#subscriptions()].some(subscription => subscription.verdict !== 'free')
  }

  /** One evaluation at a time; what happens meanwhile makes one more. */
  #run(): void {
    if (this.#isStopped) return
    if (this.#isRunning) {
      this.#isAgain = true
      return
    }
    this.#isRunning = true
    this.#evaluate()
      .catch(error => {
        if (!this.#isStopped) this.#logger.warn({ err: error }, 'congestion not evaluated')
      })
      .finally(() => {
        this.#isRunning = false
        if (!this.#isAgain) return
        this.#isAgain = false
        this.#run()
      })
  }

  async #evaluate(): Promise<void> {
    if (this.#availableBps === undefined) return
    const live = [...this.#subscriptions()].filter(s => s.isWanted)
    const videos = live.filter(s => s.track.kind === 'video')
    const voices = Math.min(live.length - videos.length, MAX_VOICES)
    const [stats, ...costs] = await Promise.all([
      this.#transport.getStats(),
      ...videos.map(video => costOf(video.codec.producer)),
    ])
    if (this.#isStopped) return
    const pictures = videos.map(
      (video, i): Picture => ({
        id: video.track.trackId,
        rank: video.rank,
        hasLayers: video.hasLayers,
        ...costs[i]!,
      }),
    )
    const soundBps = voices * SOUND_BPS
    const transport = stats[0]
    const flowBps = Math.max((transport?.rtpSendBitrate ?? 0) - soundBps, 0)
    const nowMs = performance.now()
    const trustedBps = this.#return.trustedBps(this.#availableBps, nowMs)
    // What was lost while the link was gone tells nothing of it now.
    const loss = trustedBps === undefined ? (transport?.rtpPacketLossSent ?? 0) : 0
    const isFlooded = this.#measureFlood(nowMs, flowBps, soundBps)
    const availableBps = Math.min(
      trustedBps ?? this.#availableBps,
      this.#flood?.roomBps ?? Number.POSITIVE_INFINITY,
    )
    const link: LinkState = { nowMs, availableBps, flowBps, soundBps, loss, isFlooded }
    const verdicts = this.#congestion.update(link, pictures)
    for (const video of videos) {
      const verdict = verdicts.get(video.track.trackId) ?? 'free'
      if (verdict === video.verdict) continue
      const { trackId } = video.track
      const cost = pictures.find(p => p.id === trackId)
      this.#logger.debug({ trackId, verdict, availableBps, flowBps, loss, ...cost }, 'picture judged')
      // A queue that is full is not tried.
      if (verdict === 'held') this.#probedAt = nowMs
      video.setVerdict(verdict)
    }
    const isSilent = pictures.every(({ id }) => verdicts.get(id) === 'held')
    const returnBps = Math.min(trustedBps ?? 0, RETURN_PROBE_BPS)
    const isReturning = this.#availableBps < returnBps * RETURNED
    await this.#probe(
      link,
      isSilent || isReturning,
      isReturning ? returnBps : this.#congestion.probeBps(link, pictures),
    )
    if (this.#isStopped || ![...verdicts.values()].includes('drain')) return
    this.#drainTimer ??= setTimeout(() => {
      this.#drainTimer = undefined
      this.#run()
    }, DRAIN_MS)
  }

  /** True when a flood is judged for the first time; what passed of pictures and sound is all there is, and sound comes first. */
  #measureFlood(nowMs: number, flowBps: number, soundBps: number): boolean {
    const flood = this.#flood
    if (!flood) return false
    if (nowMs > flood.until) {
      this.#flood = undefined
      return false
    }
    const { isNew, share } = flood
    if (isNew) flood.roomBps = Math.max((flowBps + soundBps) * (1 - share) - soundBps, 0)
    flood.isNew = false
    return isNew
  }

  /**
   * A new maximum makes the worker try the link by padding for that much and for the double of it (libwebrtc's
   * `OnMaxTotalAllocatedBitrate`); there is no other way to ask it to.
   */
  async #probe({ nowMs }: LinkState, isUrgent: boolean, bps: number | undefined): Promise<void> {
    const limitBps = this.#limitBps
    // What is not allowed needs no try.
    if (bps === undefined || (limitBps > 0 && bps >= limitBps)) {
      if (this.#maxBps > 0) await this.#transport.setMaxOutgoingBitrate(limitBps)
      this.#maxBps = 0
      return
    }
    const intervalMs = isUrgent ? PROBE_INTERVAL_MS : FLOWING_PROBE_INTERVAL_MS
    if (nowMs - this.#probedAt < intervalMs) return
    this.#probedAt = nowMs
    // The same number again would not be news to it.
    this.#maxBps = bps === this.#maxBps ? bps + 1_000 : bps
    await this.#transport.setMaxOutgoingBitrate(this.#maxBps)
  }
}
