import type { ManifestTrack } from '@diemcau/core/recording/manifest.ts'

/** A decoder has this long to fall silent before the next voice uses it. */
const PAUSE_MS = 100

/**
 * Packs audio tracks that do not overlap in time together: in a long meeting people come back many times, each time with
 * a new track, and every input of the mixer costs memory. All tracks are Opus of the same form, so one decoder may take
 * them one after the other. Each lane is a track again, with the segments of several. Pure.
 */
export function audioLanes(tracks: readonly ManifestTrack[]): ManifestTrack[] {
  const waiting = tracks
    .filter(track => track.kind === 'audio' && track.segments.length > 0)
    .sort((a, b) => startOf(a) - startOf(b))
  const lanes: ManifestTrack[] = []
  for (const track of waiting) {
    const lane = lanes.find(candidate => endOf(candidate) + PAUSE_MS <= startOf(track))
    if (lane) lane.segments.push(...track.segments)
    else lanes.push({ ...track, segments: [...track.segments] })
  }
  return lanes
}

const startOf = (track: ManifestTrack): number => Math.min(...track.segments.map(({ fromMs }) => fromMs))
const endOf = (track: ManifestTrack): number => Math.max(...track.segments.map(({ toMs }) => toMs))
