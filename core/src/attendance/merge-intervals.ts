/** A time in the room; `to` is null while it lasts. Milliseconds since the epoch. */
export interface Span {
  from: number
  to: number | null
}

/** Sorted, without overlaps; spans whose gap is at most `gapMs` become one. The input is left as it is. */
export function mergeIntervals(spans: readonly Span[], gapMs = 0): Span[] {
  const merged: Span[] = []
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (last && (last.to === null || span.from - last.to <= gapMs)) {
      last.to = last.to === null || span.to === null ? null : Math.max(last.to, span.to)
    } else merged.push({ ...span })
  }
  return merged
}
