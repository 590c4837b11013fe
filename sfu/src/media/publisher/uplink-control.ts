import type { ProducerStat, WebRtcTransport } from 'mediasoup/types'
import type { Logger } from 'pino'
import { UplinkLimit } from './uplink-limit.ts'

interface Counted {
  sent: number
  missed: number
}

/**
 * Tells a publisher the maximum that `UplinkLimit` finds, by REMB (draft-alvestrand-rmcat-remb), which libwebrtc respects beside its own
 * estimate. Belongs to one transport and needs no closing.
 */
export class UplinkControl {
  readonly #transport: WebRtcTransport
  readonly #logger: Logger
  readonly #limit = new UplinkLimit()
  #last = new Map<number, Counted>()
  #toldBps = 0

  constructor(transport: WebRtcTransport, logger: Logger) {
    this.#transport = transport
    this.#logger = logger
  }

  /** Takes the statistics of all its producers, every few seconds. */
  async observe(stats: readonly ProducerStat[]): Promise<void> {
    const { sent, missed } = this.#count(stats)
    if (missed === 0 && this.#limit.limitBps === undefined) return
    const [transport] = await this.#transport.getStats()
    if (!transport || this.#transport.closed) return
    const limitBps = this.#limit.update({
      nowMs: performance.now(),
      soundSent: sent,
      soundMissed: missed,
      receivedBps: transport.recvBitrate,
      soundBps: stats.reduce((sum, { kind, bitrate }) => (kind === 'audio' ? sum + bitrate : sum), 0),
    })
    await this.#tell(limitBps ?? 0)
  }

  /** The client came back by another way. */
  async reset(): Promise<void> {
    this.#limit.reset()
    await this.#tell(0)
  }

  async #tell(limitBps: number): Promise<void> {
    if (limitBps === this.#toldBps) return
    this.#toldBps = limitBps
    this.#logger.debug({ limitBps }, 'uplink limited')
    await this.#transport.setMaxIncomingBitrate(limitBps)
  }

  /** Packets of sound since the last time, of streams known then. */
  #count(stats: readonly ProducerStat[]): Counted {
    const now = new Map<number, Counted>()
    const sum: Counted = { sent: 0, missed: 0 }
    for (const { kind, ssrc, packetCount, packetsLost, packetsRepaired } of stats) {
      if (kind !== 'audio') continue
      const counted = { sent: packetCount + packetsLost, missed: packetsLost + packetsRepaired }
      now.set(ssrc, counted)
      const last = this.#last.get(ssrc)
      if (!last) continue
      sum.sent += Math.max(counted.sent - last.sent, 0)
      sum.missed += Math.max(counted.missed - last.missed, 0)
    }
    this.#last = now
    return sum
  }
}
