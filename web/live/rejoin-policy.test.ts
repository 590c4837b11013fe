import { describe, expect, it } from 'vitest'
import {
  afterDisconnect,
  crowdedDelayMs,
  isPassingRefusal,
  rejoinDelayMs,
  startPollMs,
} from './rejoin-policy.ts'

describe('after a disconnect', () => {
  it('stays out only when somebody else took the place, and for a while when the page was being left', () => {
    expect(afterDisconnect(1)).toBe('kept_page')
    expect(afterDisconnect(2)).toBe('duplicate')
  })

  it('asks the portal for every other reason, known or not', () => {
    for (const reason of [undefined, 0, 3, 4, 5, 6, 7, 8, 9, 10, 99])
      expect(afterDisconnect(reason)).toBe('ask_portal')
  })

  it('goes on asking when it is only told to slow down', () => {
    expect(isPassingRefusal('too_many_attempts')).toBe(true)
    expect(isPassingRefusal('full')).toBe(true)
    for (const reason of ['ended', 'removed', 'cancelled', 'denied', 'locked'])
      expect(isPassingRefusal(reason)).toBe(false)
  })

  it('waits longer with every attempt, never more than some seconds', () => {
    const delays = [0, 1, 2, 3, 4, 50].map(attempt => rejoinDelayMs(attempt, () => 0))
    expect(delays).toEqual([...delays].sort((a, b) => a - b))
    expect(rejoinDelayMs(50, () => 1)).toBeLessThan(6000)
  })
})

describe('a viewer before the beginning', () => {
  const now = Date.parse('2026-11-28T01:00:00Z')
  const after = (seconds: number, random: number) =>
    startPollMs(new Date(now + seconds * 1000).toISOString(), now, () => random) / 1000

  it('asks rarely while it is far away', () => {
    expect([after(7200, 0), after(7200, 1)]).toEqual([60, 90])
  })

  it('asks within a few seconds of the opening, and not at the same moment as all others', () => {
    for (const seconds of [1, 10, 50])
      expect([after(seconds, 0), after(seconds, 1)]).toEqual([seconds, seconds + 6])
    // Never later than that, however far away it was.
    for (let seconds = 1; seconds < 300; seconds += 7)
      expect(after(seconds, 1)).toBeLessThanOrEqual(seconds + 6)
  })

  it('asks every few seconds when its time has come by our clock, or is not known', () => {
    for (const seconds of [0, -600]) expect([after(seconds, 0), after(seconds, 1)]).toEqual([8, 12])
    for (const opensAt of [null, 'soon']) expect(startPollMs(opensAt, now, () => 0)).toBe(8_000)
  })
})

describe('a crowded portal', () => {
  it('is asked again ever later, up to some bound', () => {
    const delays = [1, 2, 3, 5, 50].map(attempt => crowdedDelayMs(attempt, () => 0))
    expect(delays).toEqual([3_000, 6_000, 9_000, 15_000, 15_000])
    expect(crowdedDelayMs(1, () => 1)).toBe(4_500)
  })
})
