import type { Interval, ManifestTrack } from '@diemcau/core/recording/manifest.ts'

/** A stretch in which a video track has a picture to show, of one size. */
export interface VideoRange extends Interval {
  width: number
  height: number
}

/** A camera that sends nothing for this long is shown as a name, not as a picture that stands still. */
const CAMERA_HOLD_MS = 3000
/** A shared screen on which nothing moves sends next to nothing. */
const SCREEN_HOLD_MS = 600_000
const LAST_FRAME_MS = 100

/**
 * When a track can be shown: where its segments are, bridged over short silences, cut to the time it was offered and
 * not muted. In order, without overlap; a change of size begins a new range.
 */
export function videoRanges(track: ManifestTrack): VideoRange[] {
  const isScreen = track.source === 'screen_share'
  const holdMs = isScreen ? SCREEN_HOLD_MS : CAMERA_HOLD_MS
  const covered: VideoRange[] = []
  for (const [index, segment] of track.segments.entries()) {
    const next = track.segments[index + 1]
    const { width, height } = segment
    const last = covered.at(-1)
    const fromMs = last ? Math.max(segment.fromMs, last.toMs) : segment.fromMs
    // The last frame is shown until the next one comes, or as long as frames of a slow camera are apart.
    const isBridged = next !== undefined && next.fromMs - segment.toMs <= holdMs
    const untilMs = isBridged ? next.fromMs : segment.toMs + (isScreen ? holdMs : LAST_FRAME_MS)
    const toMs = Math.max(fromMs, Math.min(untilMs, next?.fromMs ?? untilMs))
    if (last && last.toMs === fromMs && last.width === width && last.height === height) last.toMs = toMs
    else covered.push({ fromMs, toMs, width, height })
  }
  const open = subtract(track.published, track.muted)
  return covered
    .flatMap(range =>
      open.map(interval => ({
        ...range,
        fromMs: Math.max(range.fromMs, interval.fromMs),
        toMs: Math.min(range.toMs, interval.toMs),
      })),
    )
    .filter(range => range.toMs > range.fromMs)
}

/** `intervals` without what lies in `holes`. */
export function subtract(intervals: readonly Interval[], holes: readonly Interval[]): Interval[] {
  let left = intervals.map(interval => ({ ...interval }))
  for (const hole of holes)
    left = left.flatMap(({ fromMs, toMs }) =>
      hole.toMs <= fromMs || hole.fromMs >= toMs
        ? [{ fromMs, toMs }]
        : [
            { fromMs, toMs: Math.min(toMs, hole.fromMs) },
            { fromMs: Math.max(fromMs, hole.toMs), toMs },
          ].filter(part => part.toMs > part.fromMs),
    )
  return left
}
