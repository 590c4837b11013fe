import { describe, expect, it } from 'vitest'
import { rateQuality } from './quality-score.ts'

describe('the quality of a connection', () => {
  it('is unknown when nothing flows', () => {
    expect(rateQuality([])).toEqual({ score: null, lossPercent: 0, rttMs: null })
  })

  it('is full without loss and delay, and falls with either', () => {
    const at = (fractionLost: number, rttMs: number | null) => rateQuality([{ fractionLost, rttMs }]).score!
    expect(at(0, null)).toBe(5)
    expect(at(0, 100)).toBeGreaterThan(4.9)
    expect(at(0.02, 50)).toBeLessThan(at(0, 50))
    expect(at(0.05, 50)).toBeLessThan(4)
    expect(at(0.02, 50)).toBeGreaterThan(4)
    expect(at(0.1, 50)).toBeLessThan(3)
    expect(at(0, 1_500)).toBeLessThan(3)
    expect(at(1, 5_000)).toBe(0)
  })

  it('is that of the worst flow', () => {
    expect(
      rateQuality([
        { fractionLost: 0, rttMs: 300 },
        { fractionLost: 0.1, rttMs: 20 },
      ]),
    ).toMatchObject({ lossPercent: 10, rttMs: 300 })
  })

  it('is poor while a picture is held back, and with one packet in twelve lost', () => {
    const good = { fractionLost: 0, rttMs: 40 }
    expect(rateQuality([good, { fractionLost: 0, rttMs: null, isHeld: true }]).score).toBe(2)
    expect(rateQuality([good, { fractionLost: 0.08, rttMs: 40 }]).score).toBeLessThan(3)
  })
})
