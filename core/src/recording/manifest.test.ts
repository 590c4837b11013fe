import { describe, expect, it } from 'vitest'
import type { CapturedTrack } from '../contracts/capture.ts'
import type { SegmentFact } from './align-segments.ts'
import { type JournalEntry, parseJournal } from './journal.ts'
import { buildManifest, manifest as manifestSchema } from './manifest.ts'

const T0 = 1_700_000_000_000
const track = (trackId: string, more: Partial<CapturedTrack> = {}): CapturedTrack => ({
  trackId,
  participantId: 'PA_1',
  identity: 'hall-1',
  name: 'Hội trường A',
  attributes: {},
  kind: 'video',
  source: 'camera',
  mimeType: 'video/VP8',
  width: 640,
  height: 360,
  muted: false,
  ...more,
})
const fact = (fromMs: number, lastMs: number, epoch = 'a'): SegmentFact => ({
  file: `${fromMs}.mkv`,
  epoch,
  baseMs: 0,
  clusters: [{ relMs: 0, lastMs, clockMs: T0 + fromMs, rotation: 0 }],
  frames: 1,
  width: 640,
  height: 360,
  bytes: 1,
})
const attached = (t: number, ...tracks: CapturedTrack[]): JournalEntry => ({
  type: 'attached',
  t: T0 + t,
  roomId: 'RM_1',
  tracks,
})
const build = (journal: JournalEntry[], segments: SegmentFact[] = [], lengthMs = 20_000) => {
  const built = buildManifest({
    egressId: 'EG_1',
    roomName: 'MT_1',
    startedAtMs: T0,
    endedAtMs: T0 + lengthMs,
    layout: 'speaker',
    journal,
    segments: new Map([['TR_1', segments]]),
  })
  expect(manifestSchema.parse(JSON.parse(JSON.stringify(built)))).toEqual(built)
  return built
}

describe('buildManifest', () => {
  it('tells from when on a picture is turned, and nothing of one that never is', () => {
    const turned: SegmentFact = {
      ...fact(1000, 8000),
      clusters: ([0, 90, 90, 0, 270] as const).map((rotation, n) => ({
        relMs: n * 2000,
        lastMs: n * 2000 + 1990,
        clockMs: T0 + 1000,
        rotation,
      })),
    }
    const journal = [attached(0), { type: 'track_published' as const, t: T0, track: track('TR_1') }]
    const { segments } = build(journal, [turned, fact(15_000, 1000)]).tracks[0]!
    expect(segments.map(({ turns }) => turns)).toEqual([
      [
        { fromMs: 3000, rotation: 90 },
        { fromMs: 7000, rotation: 0 },
        { fromMs: 9000, rotation: 270 },
      ],
      [],
    ])
  })

  it('puts tracks, mutes, names and speakers on the time of the recording', () => {
    const built = build(
      [
        attached(0),
        { type: 'track_published', t: T0 + 1000, track: track('TR_1', { muted: true }) },
        { type: 'track_muted', t: T0 + 2000, trackId: 'TR_1', muted: false },
        { type: 'participant_updated', t: T0 + 3000, participantId: 'PA_1', name: 'Hội trường B' },
        { type: 'speakers', t: T0 + 4000, participantIds: ['PA_1'] },
        { type: 'track_muted', t: T0 + 15_000, trackId: 'TR_1', muted: true },
        { type: 'track_unpublished', t: T0 + 16_000, trackId: 'TR_1' },
      ],
      [fact(2100, 9000)],
    )
    expect(built.tracks).toMatchObject([
      {
        published: [{ fromMs: 1000, toMs: 16_000 }],
        muted: [
          { fromMs: 1000, toMs: 2000 },
          { fromMs: 15_000, toMs: 16_000 },
        ],
        segments: [{ fromMs: 2100, toMs: 11_100, clock: [{ relMs: 0, atMs: 2100 }] }],
      },
    ])
    expect(built.participants).toEqual([{ participantId: 'PA_1', identity: 'hall-1', name: 'Hội trường B' }])
    expect(built.speakers).toEqual([{ atMs: 4000, participantIds: ['PA_1'] }])
    expect(built.gaps).toEqual([])
  })

  it('finds the gap of a recorder that was killed from its last media', () => {
    const built = build(
      [attached(0, track('TR_1')), attached(12_000, track('TR_1'))],
      [fact(100, 7000), fact(12_100, 3000, 'b')],
    )
    expect(built.gaps).toEqual([{ fromMs: 7100, toMs: 12_000, reason: 'recorder_restarted' }])
    expect(built.tracks[0]!.published).toEqual([
      { fromMs: 0, toMs: 7100 },
      { fromMs: 12_000, toMs: 20_000 },
    ])
  })

  it('notes the time without the SFU, also when it never came back', () => {
    const lost: JournalEntry = { type: 'detached', t: T0 + 5000, reason: 'closed with 1006' }
    expect(build([attached(0, track('TR_1')), lost, attached(8000)]).gaps).toEqual([
      { fromMs: 5000, toMs: 8000, reason: 'closed with 1006' },
    ])
    expect(build([attached(0, track('TR_1')), lost], [], 9000).gaps).toEqual([
      { fromMs: 5000, toMs: 9000, reason: 'closed with 1006' },
    ])
  })

  it('keeps a track that could not be captured, with the reason', () => {
    const built = build([
      attached(0, track('TR_1', { mimeType: 'video/AV1' })),
      { type: 'track_failed', t: T0 + 10, trackId: 'TR_1', reason: 'codec' },
    ])
    expect(built.tracks[0]).toMatchObject({ problem: 'codec', segments: [] })
  })

  it('has no gap where the recorder moved to another node, and only the tracks that are there', () => {
    const tracks = [track('TR_1'), track('TR_3')]
    const moved: JournalEntry = { type: 'moved', t: T0 + 8000, roomId: 'RM_1', tracks }
    const built = build([attached(0, track('TR_1'), track('TR_2')), moved])
    expect(built.gaps).toEqual([])
    expect(built.tracks.map(({ trackId, published }) => [trackId, published])).toEqual([
      ['TR_1', [{ fromMs: 0, toMs: 20_000 }]],
      ['TR_2', [{ fromMs: 0, toMs: 8000 }]],
      ['TR_3', [{ fromMs: 8000, toMs: 20_000 }]],
    ])
  })

  it('finds no problem with a track that is captured again', () => {
    const built = build([
      attached(0, track('TR_1')),
      { type: 'track_failed', t: T0 + 10, trackId: 'TR_1', reason: 'worker_died' },
      { type: 'track_recovered', t: T0 + 300, trackId: 'TR_1' },
    ])
    expect(built.tracks[0]).toMatchObject({ problem: null })
  })
})

describe('parseJournal', () => {
  it('passes over lines torn by a kill and entries it does not know', () => {
    const good = JSON.stringify(attached(0))
    expect(parseJournal(`${good}\n{"type":"spea\n${good}\n{"type":"later","t":1}\n`)).toHaveLength(2)
  })
})
