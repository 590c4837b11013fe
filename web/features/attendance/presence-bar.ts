import type { AttendanceInterval } from '@diemcau/core/contracts/report.ts'

export interface PresencePart {
  /** Per cent of the whole span, 0..100. */
  left: number
  width: number
}

/**
 * Where the intervals lie on a bar from `fromMs` to `toMs`; what lies outside is cut off, an open interval reaches to
 * `nowMs`, and no part is thinner than half a per cent, so that a short visit is still seen.
 */
export function presenceParts(
  intervals: readonly AttendanceInterval[],
  fromMs: number,
  toMs: number,
  nowMs: number,
): PresencePart[] {
  const span = toMs - fromMs
  if (span <= 0) return []
  return intervals.flatMap(interval => {
    const start = Math.max(fromMs, Date.parse(interval.from))
    const end = Math.min(toMs, interval.to === null ? nowMs : Date.parse(interval.to))
    if (end < start) return []
    const width = Math.max(0.5, ((end - start) / span) * 100)
    return [{ left: Math.min(100 - width, ((start - fromMs) / span) * 100), width }]
  })
}
