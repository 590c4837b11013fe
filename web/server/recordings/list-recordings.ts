import type { MeetingAction } from '@diemcau/core/access/may.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'
import { hallOf, mayDo, roleInMeeting, visibleMeetings } from '../meetings/access.ts'
import { getRuntime } from '../runtime.ts'
import { searchFilter } from '../search.ts'
import type { Actor, RecordingView } from '../types.ts'

export const recordingInclude = {
  meeting: {
    include: { invitations: { select: { userId: true } }, endpoints: { select: { hallId: true } } },
  },
} as const
export type RecordingRow = Prisma.RecordingGetPayload<{ include: typeof recordingInclude }>

/** Everybody who was invited may look at it; only those who answer for the meeting may take it away or delete it. */
export function recordingPermissions(
  actor: Actor,
  hallId: string | null,
  row: RecordingRow,
): RecordingView['may'] {
  const role = roleInMeeting(actor, hallId, row.meeting)
  const isReady = row.status === 'ready' && row.location !== null
  const isFinal = row.status === 'ready' || row.status === 'failed'
  const allowed = (action: MeetingAction) => mayDo(actor, role, action, row.meeting)
  return {
    play: isReady && allowed('play_recordings'),
    download: isReady && allowed('download_recordings'),
    delete: isFinal && allowed('delete_recordings'),
  }
}

export function toRecordingView(actor: Actor, hallId: string | null, row: RecordingRow): RecordingView {
  return {
    id: row.id,
    meetingId: row.meetingId,
    title: row.meeting.title,
    status: row.status as RecordingView['status'],
    requestedAt: row.requestedAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    endedAt: row.endedAt?.toISOString() ?? null,
    durationMs: row.durationMs,
    sizeBytes: row.sizeBytes === null ? null : Number(row.sizeBytes),
    progress: row.progress,
    error: row.error,
    may: recordingPermissions(actor, hallId, row),
  }
}

export interface RecordingFilter {
  meetingId?: string
  /** Words of the meeting's title or code. */
  q?: string
}

/** Newest first; only of meetings the actor may see. */
export async function listRecordings(actor: Actor, filter: RecordingFilter = {}): Promise<RecordingView[]> {
  return await queryRecordings(getRuntime().db, actor, filter, 200)
}

export async function queryRecordings(
  tx: Tx,
  actor: Actor,
  filter: RecordingFilter,
  limit: number,
): Promise<RecordingView[]> {
  const hallId = await hallOf(tx, actor.userId)
  const rows = await tx.recording.findMany({
    where: {
      deletedAt: null,
      meetingId: filter.meetingId,
      meeting: visibleMeetings(actor, hallId),
      AND: await searchFilter<Prisma.RecordingWhereInput>(tx, filter.q, word => [
        { meeting: { search: word } },
      ]),
    },
    include: recordingInclude,
    orderBy: { requestedAt: 'desc' },
    take: limit,
  })
  return rows.map(row => toRecordingView(actor, hallId, row))
}
