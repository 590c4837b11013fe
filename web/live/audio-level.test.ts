import { describe, expect, it } from 'vitest'
import { meterLevel, rms, SILENCE_RMS } from './audio-level.ts'

describe('levels', () => {
  it('measure silence as nothing and full scale as full', () => {
    expect(rms(new Float32Array(512))).toBeLessThan(SILENCE_RMS)
    expect(rms(new Float32Array([1, -1, 1, -1]))).toBe(1)
    expect(meterLevel(0)).toBe(0)
    expect(meterLevel(1)).toBe(1)
    expect(meterLevel(0.03)).toBeGreaterThan(0.4)
  })
})
