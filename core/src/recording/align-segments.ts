import type { Rotation } from './rotation.ts'

/** A stretch of about half a second within a captured file. Times are RTP time since the first sample of the file. */
export interface ClusterFact {
  relMs: number
  lastMs: number
  /** Smallest value of (arrival, milliseconds since the epoch − RTP time within the file) over its frames. */
  clockMs: number
  /** Degrees clockwise by which its pictures are to be turned to stand upright. */
  rotation: Rotation
}

/**
 * One captured file of one track as found on the disk. `baseMs` is the RTP time of its first sample since the start of
 * its `epoch`, a stretch in which the capture saw the RTP clock go on without a leap.
 */
export interface SegmentFact {
  file: string
  epoch: string
  baseMs: number
  /** In order, at least one. */
  clusters: ClusterFact[]
  frames: number
  width: number
  height: number
  bytes: number
}

/** From `relMs` within the file on, a sample at `t` belongs to the wall clock `atMs + (t − relMs)`. */
export interface ClockPiece {
  relMs: number
  atMs: number
}

/** Two crystals differ by less than this (100 ppm on each side). */
const MAX_DRIFT = 200e-6
/** Arrival earlier than the clock allows: the sender's clock went on faster than time, so it leapt. */
const LEAP_MS = 500
/** Arrival later than usual, and staying so: the sender's clock stood still for a while, as some do when muted. */
const PAUSE_MS = 250
const PAUSE_PROOF_MS = 3000
/** Only recent offsets are compared, because clocks drift over hours. */
const RECENT_MS = 20_000

interface Point {
  segment: number
  epoch: string
  relMs: number
  /** RTP time since the start of the epoch. */
  rtpMs: number
  /** Smallest arrival − RTP time. */
  offsetMs: number
}

/**
 * Maps the RTP time of every file of a track to the wall clock (milliseconds since the epoch). The network can only
 * delay a packet, so the smallest arrival offset is nearest to the truth. Material that arrived in congestion is
 * corrected by its neighbours: while the sender's clock runs on, two offsets may differ by no more than clocks drift in
 * the time between them. Input in recording order; the result has one non-empty list of pieces for each file.
 */
export function alignSegments(segments: readonly SegmentFact[]): ClockPiece[][] {
  const points: Point[] = segments.flatMap((segment, index) =>
    segment.clusters.map(cluster => ({
      segment: index,
      epoch: segment.epoch,
      relMs: cluster.relMs,
      rtpMs: segment.baseMs + cluster.relMs,
      offsetMs: cluster.clockMs - segment.baseMs,
    })),
  )
  const result: ClockPiece[][] = segments.map(() => [])
  for (const run of splitRuns(points)) {
    const pieces: { first: Point; offsetMs: number }[] = []
    for (const point of run) {
      const last = pieces.at(-1)
      if (last && last.first.segment === point.segment)
        last.offsetMs = Math.min(last.offsetMs, point.offsetMs)
      else pieces.push({ first: point, offsetMs: point.offsetMs })
    }
    // Two passes spread each minimum both ways.
    const limit = (a: number, b: number) =>
      MAX_DRIFT * Math.abs(pieces[a]!.first.rtpMs - pieces[b]!.first.rtpMs) + pieces[b]!.offsetMs
    for (let i = 1; i < pieces.length; i += 1)
      pieces[i]!.offsetMs = Math.min(pieces[i]!.offsetMs, limit(i, i - 1))
    for (let i = pieces.length - 2; i >= 0; i -= 1)
      pieces[i]!.offsetMs = Math.min(pieces[i]!.offsetMs, limit(i, i + 1))
    for (const { first, offsetMs } of pieces)
      result[first.segment]!.push({ relMs: first.relMs, atMs: offsetMs + first.rtpMs })
  }
  return result
}

/** Splits where the sender's clock leapt or stood still. */
function splitRuns(points: readonly Point[]): Point[][] {
  const runs: Point[][] = []
  let run: Point[] = []
  for (const [index, point] of points.entries()) {
    const last = run.at(-1)
    if (last && (last.epoch !== point.epoch || isBreak(run, points, index))) {
      runs.push(run)
      run = []
    }
    run.push(point)
  }
  if (run.length > 0) runs.push(run)
  return runs
}

function isBreak(run: readonly Point[], points: readonly Point[], index: number): boolean {
  const point = points[index]!
  let recent = Number.POSITIVE_INFINITY
  for (let i = run.length - 1; i >= 0; i -= 1) {
    const earlier = run[i]!
    if (i < run.length - 1 && point.rtpMs - earlier.rtpMs > RECENT_MS) break
    recent = Math.min(recent, earlier.offsetMs)
  }
  if (point.offsetMs < recent - LEAP_MS) return true
  if (point.offsetMs <= recent + PAUSE_MS) return false
  // Late. Congestion passes and the late packets catch up; a clock that stood still stays behind.
  const until = point.offsetMs + point.rtpMs + PAUSE_PROOF_MS
  for (let i = index + 1; i < points.length; i += 1) {
    const later = points[i]!
    if (later.epoch !== point.epoch || later.offsetMs + later.rtpMs > until) break
    if (later.offsetMs <= recent + PAUSE_MS) return false
  }
  return true
}

/** Wall clock of a time within a file. */
export function wallClockOf(pieces: readonly ClockPiece[], relMs: number): number {
  let piece = pieces[0]!
  for (const next of pieces) if (next.relMs <= relMs) piece = next
  return piece.atMs + (relMs - piece.relMs)
}
