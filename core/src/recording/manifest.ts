import { z } from 'zod'
import type { CapturedTrack } from '../contracts/capture.ts'
import { alignSegments, type SegmentFact, wallClockOf } from './align-segments.ts'
import type { JournalEntry } from './journal.ts'
import { rotation } from './rotation.ts'
import { type RecordingLayout, recordingLayout } from './status.ts'

/** Milliseconds since the start of the recording, may be fractional. */
const ms = z.number()
const interval = z.object({ fromMs: ms, toMs: ms })
export type Interval = z.infer<typeof interval>

export const manifestSegment = z.object({
  /** Path relative to the job's folder. */
  file: z.string(),
  fromMs: ms,
  toMs: ms,
  /** From `relMs` within the file on, a sample at `t` belongs at `atMs + (t − relMs)`. */
  clock: z.array(z.object({ relMs: ms, atMs: ms })).min(1),
  frames: z.number().int(),
  width: z.number().int(),
  height: z.number().int(),
  /** From `fromMs` on its pictures are turned clockwise by `rotation` degrees; empty: they are upright all the time. */
  turns: z.array(z.object({ fromMs: ms, rotation })).default([]),
  bytes: z.number().int(),
})
export type ManifestSegment = z.infer<typeof manifestSegment>

export const manifestTrack = z.object({
  trackId: z.string(),
  participantId: z.string(),
  kind: z.enum(['audio', 'video']),
  source: z.string(),
  mimeType: z.string(),
  /** When it was offered, clipped to the recording. More than one interval after the recorder came back. */
  published: z.array(interval),
  muted: z.array(interval),
  segments: z.array(manifestSegment),
  /** Why nothing (more) of it was captured. */
  problem: z.string().nullable(),
})
export type ManifestTrack = z.infer<typeof manifestTrack>

/** `manifest.json` of a recording: all that the composition needs to know. */
export const manifest = z.object({
  version: z.literal(1),
  egressId: z.string(),
  roomName: z.string(),
  /** Wall clock of time 0, milliseconds since the epoch. */
  startedAtMs: z.number(),
  lengthMs: z.number().nonnegative(),
  layouts: z.array(z.object({ atMs: ms, layout: recordingLayout })),
  participants: z.array(z.object({ participantId: z.string(), identity: z.string(), name: z.string() })),
  tracks: z.array(manifestTrack),
  /** Participants heard from `atMs` on, loudest first. */
  speakers: z.array(z.object({ atMs: ms, participantIds: z.array(z.string()) })),
  /** Times in which nothing was captured. */
  gaps: z.array(interval.extend({ reason: z.string() })),
})
export type Manifest = z.infer<typeof manifest>

interface TrackInProgress {
  track: CapturedTrack
  published: Interval[]
  muted: Interval[]
  openPublished: number | null
  openMuted: number | null
  problem: string | null
}

/** Computes the manifest from the journal and the files found. Pure; the inputs are in order of time. */
export function buildManifest(input: {
  egressId: string
  roomName: string
  startedAtMs: number
  endedAtMs: number
  layout: RecordingLayout
  journal: readonly JournalEntry[]
  segments: ReadonlyMap<string, readonly SegmentFact[]>
}): Manifest {
  const { startedAtMs } = input
  const lengthMs = Math.max(0, input.endedAtMs - startedAtMs)
  const clip = (t: number) => Math.max(0, Math.min(lengthMs, t - startedAtMs))
  const tracks = new Map<string, TrackInProgress>()
  const participants = new Map<string, { participantId: string; identity: string; name: string }>()
  const speakers: Manifest['speakers'] = []
  const gaps: Manifest['gaps'] = []
  const layouts: Manifest['layouts'] = []
  let lost: { t: number; reason: string } | null = null
  let lastSeen = startedAtMs

  const publish = (track: CapturedTrack, at: number) => {
    const known = tracks.get(track.trackId)
    const item = known ?? {
      track,
      published: [],
      muted: [],
      openPublished: null,
      openMuted: null,
      problem: null,
    }
    item.openPublished ??= at
    mute(item, track.muted, at)
    tracks.set(track.trackId, item)
    const name = track.name || participants.get(track.participantId)?.name || track.identity
    participants.set(track.participantId, {
      participantId: track.participantId,
      identity: track.identity,
      name,
    })
  }
  const mute = (item: TrackInProgress, muted: boolean, at: number) => {
    if (muted) item.openMuted ??= at
    else if (item.openMuted !== null) {
      item.muted.push({ fromMs: item.openMuted, toMs: at })
      item.openMuted = null
    }
  }
  const unpublish = (item: TrackInProgress, at: number) => {
    if (item.openPublished !== null) item.published.push({ fromMs: item.openPublished, toMs: at })
    item.openPublished = null
    mute(item, false, at)
  }

  for (const entry of input.journal) {
    const at = clip(entry.t)
    switch (entry.type) {
      case 'attached': {
        // Without a `detached` before it, the recorder was killed: the last thing it noted is when it was last alive.
        const from: { t: number; reason: string } | null =
          lost ?? (tracks.size > 0 ? { t: lastSeen, reason: 'recorder_restarted' } : null)
        if (from) {
          const lastMedia = latestMedia(input.segments, from.t, entry.t)
          const fromMs = clip(Math.max(from.t, lastMedia))
          if (at > fromMs) gaps.push({ fromMs, toMs: at, reason: from.reason })
          for (const item of tracks.values()) unpublish(item, fromMs)
        }
        lost = null
        for (const track of entry.tracks) publish(track, at)
        break
      }
      case 'moved': {
        const there = new Set(entry.tracks.map(({ trackId }) => trackId))
        for (const [trackId, item] of tracks) if (!there.has(trackId)) unpublish(item, at)
        for (const track of entry.tracks) publish(track, at)
        break
      }
      case 'detached':
        lost ??= { t: entry.t, reason: entry.reason }
        for (const item of tracks.values()) unpublish(item, at)
        break
      case 'track_published':
        publish(entry.track, at)
        break
      case 'track_unpublished': {
        const item = tracks.get(entry.trackId)
        if (item) unpublish(item, at)
        break
      }
      case 'track_muted': {
        const item = tracks.get(entry.trackId)
        if (item) mute(item, entry.muted, at)
        break
      }
      case 'track_failed': {
        const item = tracks.get(entry.trackId)
        if (item) item.problem = entry.reason
        break
      }
      case 'track_recovered': {
        const item = tracks.get(entry.trackId)
        if (item) item.problem = null
        break
      }
      case 'participant_updated': {
        const known = participants.get(entry.participantId)
        if (known && entry.name !== '') known.name = entry.name
        break
      }
      case 'speakers':
        speakers.push({ atMs: at, participantIds: entry.participantIds })
        break
      case 'layout':
        layouts.push({ atMs: at, layout: entry.layout })
        break
    }
    lastSeen = Math.max(lastSeen, entry.t)
  }
  if (lost) {
    const fromMs = clip(lost.t)
    if (lengthMs - fromMs > 0) gaps.push({ fromMs, toMs: lengthMs, reason: lost.reason })
  }
  if (layouts.length === 0 || layouts[0]!.atMs > 0) layouts.unshift({ atMs: 0, layout: input.layout })

  return {
    version: 1,
    egressId: input.egressId,
    roomName: input.roomName,
    startedAtMs,
    lengthMs,
    layouts,
    participants: [...participants.values()],
    speakers,
    gaps,
    tracks: [...tracks.values()].map(item => {
      unpublish(item, lengthMs)
      const facts = input.segments.get(item.track.trackId) ?? []
      const clocks = alignSegments(facts)
      return {
        trackId: item.track.trackId,
        participantId: item.track.participantId,
        kind: item.track.kind,
        source: item.track.source,
        mimeType: item.track.mimeType,
        published: item.published,
        muted: item.muted,
        problem: item.problem,
        segments: facts.map((fact, index) => ({
          file: fact.file,
          fromMs: wallClockOf(clocks[index]!, 0) - startedAtMs,
          toMs: wallClockOf(clocks[index]!, fact.clusters.at(-1)!.lastMs) - startedAtMs,
          clock: clocks[index]!.map(({ relMs, atMs }) => ({ relMs, atMs: atMs - startedAtMs })),
          frames: fact.frames,
          width: fact.width,
          height: fact.height,
          turns: turnsOf(fact, relMs => wallClockOf(clocks[index]!, relMs) - startedAtMs),
          bytes: fact.bytes,
        })),
      }
    }),
  }
}

/** The changes of rotation within a file; none where all of it is upright. */
function turnsOf(fact: SegmentFact, timeOf: (relMs: number) => number): ManifestSegment['turns'] {
  const turns: ManifestSegment['turns'] = []
  for (const { relMs, rotation } of fact.clusters)
    if (rotation !== (turns.at(-1)?.rotation ?? 0)) turns.push({ fromMs: timeOf(relMs), rotation })
  return turns
}

/** Arrival time of the last media before `before`, or `fallback` when there is none after it. */
function latestMedia(
  segments: ReadonlyMap<string, readonly SegmentFact[]>,
  fallback: number,
  before: number,
): number {
  let latest = fallback
  for (const facts of segments.values())
    for (const fact of facts) {
      const last = fact.clusters.at(-1)!
      const end = last.clockMs + last.lastMs
      if (end < before && end > latest) latest = end
    }
  return latest
}
