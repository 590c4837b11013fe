import { EventEmitter } from 'node:events'
import type { WebRtcTransport } from 'mediasoup/types'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Verdict } from './congestion.ts'
import { CongestionControl } from './congestion-control.ts'
import type { Subscription } from './subscription.ts'

/** A subscriber of one picture without layers and perhaps one voice, over a link whose estimates the test tells. */
class Link {
  readonly picture = {
    isWanted: true,
    hasLayers: false,
    rank: 1,
    verdict: 'free' as Verdict,
    track: { kind: 'video', trackId: 'TR_picture' },
    codec: { producer: {} },
    setVerdict(verdict: Verdict) {
      this.verdict = verdict
    },
  }
  readonly probes: { bps: number; atMs: number }[] = []
  readonly control: CongestionControl
  readonly #transport = Object.assign(new EventEmitter(), {
    closed: false,
    enableTraceEvent: async () => {},
    getStats: async () => [{ rtpSendBitrate: 0, rtpPacketLossSent: this.loss }],
    setMaxOutgoingBitrate: async (bps: number) => void this.probes.push({ bps, atMs: performance.now() }),
  })
  loss = 0

  constructor(pictureBps: number, hasVoice: boolean) {
    const getStats = async () => [{ bitrate: pictureBps, bitrateByLayer: {} }]
    this.picture.codec.producer = { rtpParameters: { encodings: [{}] }, getStats }
    const voice = { isWanted: true, verdict: 'free', track: { kind: 'audio', trackId: 'TR_voice' } }
    const all = [this.picture, ...(hasVoice ? [voice] : [])] as unknown as Subscription[]
    this.control = new CongestionControl(
      this.#transport as unknown as WebRtcTransport,
      () => all,
      pino({ level: 'silent' }),
    )
  }

  /** The same estimate once a second. */
  async estimate(kbps: number, seconds = 1): Promise<Verdict> {
    for (let second = 0; second < seconds; second++) {
      await vi.advanceTimersByTimeAsync(1_000)
      const info = { availableBitrate: kbps * 1_000, desiredBitrate: 3_000_000 }
      this.#transport.emit('trace', { type: 'bwe', info })
      await vi.advanceTimersByTimeAsync(0)
    }
    return this.picture.verdict
  }
}

describe('the control over what a link carries', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it.each([
    [true, 'held'],
    [false, 'free'],
  ])('keeps room for a voice (%s) before a picture comes back', async (hasVoice, wanted) => {
    const link = new Link(600_000, hasVoice)
    await link.estimate(2_000)
    link.loss = 0.3
    expect(await link.estimate(300, 3)).toBe('held')
    link.loss = 0
    expect(await link.estimate(640, 10)).toBe(wanted)
    expect(await link.estimate(850, 10)).toBe('free')
    link.control.stop()
  })

  it('tries the link for what a held picture needs every other second, and no more when it is back', async () => {
    const link = new Link(600_000, false)
    await link.estimate(2_000)
    link.loss = 0.3
    await link.estimate(300, 2)
    expect(link.picture.verdict).toBe('held')
    await link.estimate(300, 10)
    const waits = link.probes.slice(1).map(({ atMs }, n) => atMs - link.probes[n]!.atMs)
    expect(waits.length).toBeGreaterThanOrEqual(3)
    expect(new Set(waits)).toEqual(new Set([2_000]))
    // Each is news to the worker.
    const first = link.probes.map(({ bps }) => bps)
    expect(first.every((bps, n) => bps > 300_000 && bps !== first[n - 1])).toBe(true)
    link.loss = 0
    expect(await link.estimate(1_700, 8)).toBe('free')
    expect(link.probes.at(-1)?.bps).toBe(0)
    link.control.stop()
  })

  it.each([500_000, 5_000_000])(
    'never tries the link for more than a limit asked for (%d bit/s)',
    async limitBps => {
      const link = new Link(600_000, false)
      await link.control.limit(limitBps)
      await link.estimate(2_000)
      link.loss = 0.3
      await link.estimate(300, 12)
      link.loss = 0
      await link.estimate(1_700, 8)
      expect(link.probes.length > 1).toBe(limitBps > 600_000)
      for (const { bps } of link.probes) expect(bps > 0 && bps <= limitBps).toBe(true)
      expect(link.probes.at(-1)?.bps).toBe(limitBps)
      await link.control.limit(0)
      expect(link.probes.at(-1)?.bps).toBe(0)
      link.control.stop()
    },
  )

  it('takes a link that is back for what it was, whatever was lost meanwhile, and tries it for that', async () => {
    const link = new Link(1_300_000, false)
    await link.estimate(1_200, 10)
    await link.estimate(0, 10)
    link.loss = 0.5
    expect(await link.estimate(54, 5)).toBe('free')
    expect(link.probes[0]?.bps).toBe(1_200_000)
    // It was not, after all.
    await link.estimate(54, 8)
    expect(link.picture.verdict).toBe('held')
    link.control.stop()
  })
})
