import { describe, expect, it } from 'vitest'
import { UplinkLimit } from './uplink-limit.ts'

/** An uplink observed every 5 s; 50 packets of sound a second. */
class Uplink {
  readonly limit = new UplinkLimit()
  nowMs = 0
  observe(share: number, kbps = 256, soundSent = 250): number | undefined {
    this.nowMs += 5_000
    const soundMissed = Math.round(soundSent * share)
    return this.limit.update({
      nowMs: this.nowMs,
      soundSent,
      soundMissed,
      receivedBps: kbps * 1_000,
      soundBps: 56_000,
    })
  }
  /** Seconds without loss until the limit is gone. */
  secondsUntilFree(): number {
    for (let seconds = 5; seconds < 1_000; seconds += 5) if (this.observe(0) === undefined) return seconds
    return Number.POSITIVE_INFINITY
  }
}

describe('the limit of an uplink', () => {
  it('is set a little below what came through when sound is missed, and lowered while it still is', () => {
    const uplink = new Uplink()
    expect(uplink.observe(0.02)).toBeUndefined()
    expect(uplink.observe(0.12)).toBe(170_000)
    expect(uplink.observe(0.06)).toBe(144_500)
    expect(uplink.observe(0.01)).toBe(144_500)
  })

  it('is never lower than sound and a small picture take', () => {
    const uplink = new Uplink()
    expect(uplink.observe(0.3, 130)).toBe(100_000)
  })

  it('is not set on a wide link, nor where there is no picture, nor by a few packets', () => {
    const uplink = new Uplink()
    expect(uplink.observe(0.2, 70)).toBeUndefined()
    expect(uplink.observe(0.2, 1_500)).toBeUndefined()
    expect(uplink.observe(0.5, 256, 20)).toBeUndefined()
  })

  it('is taken away after half a minute without loss, later each time it had to come back soon', () => {
    const uplink = new Uplink()
    uplink.observe(0.1)
    expect(uplink.secondsUntilFree()).toBe(30)
    // Back at what was known to be good.
    expect(uplink.observe(0.1)).toBe(170_000)
    expect(uplink.secondsUntilFree()).toBe(60)
    uplink.observe(0.1)
    expect(uplink.secondsUntilFree()).toBe(120)
    for (let i = 0; i < 20; i++) expect(uplink.observe(0)).toBeUndefined()
    uplink.observe(0.1)
    expect(uplink.secondsUntilFree()).toBe(30)
  })

  it('is given up where it does not help: that loss is not of a full queue', () => {
    const uplink = new Uplink()
    for (let i = 0; i < 3; i++) expect(uplink.observe(0.08)).toBeGreaterThanOrEqual(100_000)
    expect(uplink.observe(0.08)).toBeUndefined()
    for (let i = 0; i < 100; i++) expect(uplink.observe(0.08)).toBeUndefined()
  })

  it('is forgotten with the network', () => {
    const uplink = new Uplink()
    uplink.observe(0.1)
    uplink.limit.reset()
    expect(uplink.observe(0)).toBeUndefined()
    uplink.observe(0.1)
    expect(uplink.secondsUntilFree()).toBe(30)
    for (let i = 0; i < 4; i++) uplink.observe(0.08)
    expect(uplink.observe(0.08)).toBeUndefined()
    uplink.limit.reset()
    expect(uplink.observe(0.08)).toBe(170_000)
  })
})
