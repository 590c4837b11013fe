/** The one place that turns the recorder's words (LiveKit EgressInfo) into ours and decides a change of status. */
import type { RecordingState } from '@diemcau/core/contracts/floor.ts'
import { type EgressInfo, EgressStatus } from 'livekit-server-sdk'

export type RecordingStatus = RecordingState['status']

/** Statuses only move to the right; `ready` and `failed` are final. */
const rank: Record<RecordingStatus, number> = {
  requested: 0,
  starting: 1,
  recording: 2,
  stopping: 3,
  composing: 4,
  ready: 5,
  failed: 5,
}
const isFinal = (status: RecordingStatus): boolean => rank[status] === 5

export interface RecordingFacts {
  status: RecordingStatus
  startedAt: Date | null
  endedAt: Date | null
  durationMs: number | null
  sizeBytes: bigint | null
  progress: number | null
  error: string | null
  location: string | null
}

const composing = /^composing (\d{1,3})/

function statusOf(info: EgressInfo): RecordingStatus | null {
  switch (info.status) {
    case EgressStatus.EGRESS_STARTING:
      return 'starting'
    case EgressStatus.EGRESS_ACTIVE:
      return 'recording'
    case EgressStatus.EGRESS_ENDING:
      return composing.test(info.details) ? 'composing' : 'stopping'
    case EgressStatus.EGRESS_COMPLETE:
      return 'ready'
    case EgressStatus.EGRESS_FAILED:
    case EgressStatus.EGRESS_ABORTED:
    case EgressStatus.EGRESS_LIMIT_REACHED:
      return 'failed'
    default:
      return null
  }
}

const timeOf = (nanoseconds: bigint): Date | null =>
  nanoseconds > 0n ? new Date(Number(nanoseconds / 1_000_000n)) : null

/** What the row becomes, or null when the news is old or says nothing new. Events may come late, twice or not at all. */
export function applyEgressInfo(row: RecordingFacts, info: EgressInfo): RecordingFacts | null {
  const status = statusOf(info)
  if (status === null || isFinal(row.status) || rank[status] < rank[row.status]) return null
  const percent = Number(composing.exec(info.details)?.[1] ?? Number.NaN)
  const progress =
    status === 'composing' && !Number.isNaN(percent)
      ? Math.max(row.progress ?? 0, Math.min(percent, 100))
      : status === 'ready'
        ? 100
        : row.progress
  const file = info.fileResults[0]
  const next: RecordingFacts = {
    status,
    startedAt: timeOf(info.startedAt) ?? row.startedAt,
    endedAt: timeOf(info.endedAt) ?? row.endedAt,
    durationMs: file && file.duration > 0n ? Number(file.duration / 1_000_000n) : row.durationMs,
    sizeBytes: file && file.size > 0n ? file.size : row.sizeBytes,
    progress,
    error: status === 'failed' ? info.error || 'failed' : row.error,
    location: file?.location || row.location,
  }
  const changed =
    next.status !== row.status ||
    next.progress !== row.progress ||
    next.startedAt?.getTime() !== row.startedAt?.getTime() ||
    next.location !== row.location
  return changed ? next : null
}
