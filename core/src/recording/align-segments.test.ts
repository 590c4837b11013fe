import { describe, expect, it } from 'vitest'
import { alignSegments, type SegmentFact, wallClockOf } from './align-segments.ts'

const EPOCH_MS = 1_700_000_000_000

/** A file of ten seconds in clusters of half a second; `offset(rtpMs)` is the true wall clock minus RTP, `delay` what the network adds. */
function segment(
  number: number,
  offset: (rtpMs: number) => number,
  delay: (rtpMs: number) => number = () => 0,
  epoch = 'a',
): SegmentFact {
  const baseMs = number * 10_000
  return {
    file: `${number}.mkv`,
    epoch,
    baseMs,
    frames: 500,
    width: 0,
    height: 0,
    bytes: 1,
    clusters: Array.from({ length: 20 }, (_, index) => {
      const relMs = index * 500
      const rtpMs = baseMs + relMs
      return {
        relMs,
        lastMs: relMs + 480,
        clockMs: EPOCH_MS + offset(rtpMs) + delay(rtpMs) + baseMs,
        rotation: 0,
      }
    }),
  }
}

const errors = (segments: SegmentFact[], offset: (rtpMs: number) => number) => {
  const clocks = alignSegments(segments)
  return segments.flatMap((fact, index) =>
    fact.clusters.map(({ relMs }) => {
      const rtpMs = fact.baseMs + relMs
      return wallClockOf(clocks[index]!, relMs) - (EPOCH_MS + offset(rtpMs) + rtpMs)
    }),
  )
}
const worst = (values: number[]) => Math.max(...values.map(Math.abs))

describe('alignSegments', () => {
  it('takes the smallest delay of a file as the truth', () => {
    const jitter = (rtpMs: number) => (rtpMs % 3000 === 0 ? 2 : 5 + ((rtpMs * 7) % 40))
    const found = errors([segment(0, () => 50, jitter), segment(1, () => 50, jitter)], () => 50)
    expect(worst(found)).toBeLessThanOrEqual(2)
  })

  it('corrects a file recorded entirely in congestion by its neighbours', () => {
    const congested = (rtpMs: number) => (rtpMs >= 10_000 && rtpMs < 20_000 ? 180 : 0)
    const files = [0, 1, 2].map(number => segment(number, () => 0, congested))
    expect(worst(errors(files, () => 0))).toBeLessThanOrEqual(3)
  })

  it('follows two clocks that drift apart over hours', () => {
    const drift = (rtpMs: number) => rtpMs * 80e-6
    const files = Array.from({ length: 1080 }, (_, number) => segment(number, drift))
    expect(worst(errors(files, drift))).toBeLessThanOrEqual(3)
  })

  it('finds where a clock stood still, within one file, to the cluster', () => {
    const pause = (rtpMs: number) => (rtpMs >= 4000 ? 2500 : 0)
    expect(worst(errors([segment(0, pause), segment(1, pause)], pause))).toBe(0)
  })

  it('is not misled by packets that were held up and then came all at once', () => {
    const burst = (rtpMs: number) => (rtpMs >= 4000 && rtpMs < 6000 ? 2000 - (rtpMs - 4000) : 0)
    expect(worst(errors([segment(0, () => 0, burst)], () => 0))).toBe(0)
  })

  it('does not let a clock that leapt spoil what lay before', () => {
    const leap = (rtpMs: number) => (rtpMs >= 10_000 ? -5000 : 0)
    expect(worst(errors([segment(0, leap), segment(1, leap)], leap))).toBe(0)
  })

  it('keeps epochs apart', () => {
    const before = segment(0, () => 0)
    const after = { ...segment(0, () => 90_000), epoch: 'b' }
    const [first, second] = alignSegments([before, after])
    expect(first).toEqual([{ relMs: 0, atMs: EPOCH_MS }])
    expect(second).toEqual([{ relMs: 0, atMs: EPOCH_MS + 90_000 }])
  })
})
