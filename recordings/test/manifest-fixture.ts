import type { Manifest, ManifestSegment, ManifestTrack } from '@diemcau/core/recording/manifest.ts'

/** A track of one participant, offered and captured from `fromMs` to `toMs` in one file. */
export function fixtureTrack(
  participant: string,
  source: 'camera' | 'microphone' | 'screen_share',
  fromMs: number,
  toMs: number,
  more: Partial<ManifestTrack> = {},
): ManifestTrack {
  const isVideo = source !== 'microphone'
  return {
    trackId: `TR_${participant}_${source}`,
    participantId: `PA_${participant}`,
    kind: isVideo ? 'video' : 'audio',
    source,
    mimeType: isVideo ? 'video/VP8' : 'audio/opus',
    published: [{ fromMs, toMs }],
    muted: [],
    problem: null,
    segments: [fixtureSegment(fromMs, toMs)],
    ...more,
  }
}

export function fixtureSegment(
  fromMs: number,
  toMs: number,
  width = 640,
  height = 360,
  turns: ManifestSegment['turns'] = [],
): ManifestSegment {
  return {
    file: `tracks/${fromMs}.mkv`,
    fromMs,
    toMs,
    clock: [{ relMs: 0, atMs: fromMs }],
    frames: 1,
    width,
    height,
    turns,
    bytes: 1,
  }
}

export function fixtureManifest(
  lengthMs: number,
  tracks: ManifestTrack[],
  more: Partial<Manifest> = {},
): Manifest {
  const ids = [...new Set(tracks.map(({ participantId }) => participantId))]
  return {
    version: 1,
    egressId: 'EG_fixture',
    roomName: 'MT_fixture',
    startedAtMs: 1_700_000_000_000,
    lengthMs,
    layouts: [{ atMs: 0, layout: 'speaker' }],
    participants: ids.map(participantId => ({
      participantId,
      identity: participantId,
      name: `name of ${participantId}`,
    })),
    tracks,
    speakers: [],
    gaps: [],
    ...more,
  }
}
