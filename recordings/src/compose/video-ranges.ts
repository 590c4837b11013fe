import type { Interval, ManifestSegment, ManifestTrack } from '@diemcau/core/recording/manifest.ts'
import type { Rotation } from '@diemcau/core/recording/rotation.ts'

/** A stretch in which a video track has a picture to show, of one size (as coded, before it is turned) and rotation. */
export interface VideoRange extends Interval {
  width: number
  height: number
  rotation: Rotation
}

/** Size of the picture as people see it. */
export const uprightSize = ({ width, height, rotation }: VideoRange): { width: number; height: number } =>
  rotation % 180 === 0 ? { width, height } : { width: height, height: width }

/** A camera that sends nothing for this long is shown as a name, not as a picture that stands still. */
const CAMERA_HOLD_MS = 3000
/** A shared screen on which nothing moves sends next to nothing. */
const SCREEN_HOLD_MS = 600_000
const LAST_FRAME_MS = 100

/**
 * When a track can be shown: where its segments are, bridged over short silences, cut to the time it was offered and
 * not muted. In order, without overlap; a change of size or rotation begins a new range.
 */
export function videoRanges(track: ManifestTrack): VideoRange[] {
  const isScreen = track.source === 'screen_share'
  const holdMs = isScreen ? SCREEN_HOLD_MS : CAMERA_HOLD_MS
  const covered: VideoRange[] = []
  for (const [index, segment] of track.segments.entries()) {
    const next = track.segments[index + 1]
    const { width, height } = segment
    const fromMs = Math.max(segment.fromMs, covered.at(-1)?.toMs ?? segment.fromMs)
    // The last frame is shown until the next one comes, or as long as frames of a slow camera are apart.
    const isBridged = next !== undefined && next.fromMs - segment.toMs <= holdMs
    const untilMs = isBridged ? next.fromMs : segment.toMs + (isScreen ? holdMs : LAST_FRAME_MS)
    const toMs = Math.max(fromMs, Math.min(untilMs, next?.fromMs ?? untilMs))
    for (const part of turnedParts(segment, fromMs, toMs)) {
      const last = covered.at(-1)
      const isSame = last?.width === width && last.height === height && last.rotation === part.rotation
      if (last?.toMs === part.fromMs && isSame) last.toMs = part.toMs
      else covered.push({ ...part, width, height })
    }
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

/** `fromMs` to `toMs` of a segment, cut where its picture was turned. */
function turnedParts({ turns }: ManifestSegment, fromMs: number, toMs: number) {
  const parts: (Interval & { rotation: Rotation })[] = []
  const all = [{ fromMs: Number.NEGATIVE_INFINITY, rotation: 0 as Rotation }, ...turns]
  for (const [index, turn] of all.entries()) {
    const part = {
      fromMs: Math.max(fromMs, turn.fromMs),
      toMs: Math.min(toMs, all[index + 1]?.fromMs ?? toMs),
      rotation: turn.rotation,
    }
    if (part.toMs > part.fromMs) parts.push(part)
  }
  return parts
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
