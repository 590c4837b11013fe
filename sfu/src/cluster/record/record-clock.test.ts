import { describe, expect, it } from 'vitest'
import { RecordClock } from './record-clock.ts'

describe("the record's time", () => {
  it('runs on with the monotonic clock, from the middle of the way of the answer', () => {
    let now = 1_000
    const clock = new RecordClock(() => now)
    expect(clock.now()).toBeUndefined()
    now = 1_040
    clock.measure(5_000_000, 1_000)
    expect(clock.now()).toBe(5_000_020)
    now = 1_540
    expect(clock.now()).toBe(5_000_520)
  })

  it('sets a deadline that is over there when the caller has given up, wherever on the way the time was read', () => {
    for (const readAt of [1_000, 1_020, 1_040]) {
      let now = 1_040
      const clock = new RecordClock(() => now)
      // The record's clock is the monotonic one + 7 s.
      clock.measure(readAt + 7_000, 1_000)
      now = 2_000
      const givenUpAt = now + 300
      expect(clock.deadline(300)).toBeLessThanOrEqual(givenUpAt + 7_000)
      expect(clock.deadline(300)).toBeGreaterThanOrEqual(givenUpAt + 7_000 - 40)
    }
  })

  it('knows no deadline before the first answer', () => {
    expect(() => new RecordClock(() => 0).deadline(100)).toThrow('not known')
  })
})
