import { audit } from '../audit.ts'
import type { FloorScope } from '../floor/floor-log.ts'
import { endSpeeches } from '../floor/speaking.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import { stopRecordingInScope } from '../recordings/control-recording.ts'

/** How long clients have to say goodbye by themselves before the room is closed under them. */
const CLOSE_ROOM_AFTER_MS = 2_000

/**
 * Ends the meeting in the caller's transaction; returns the identities that still waited in the lobby. The room is
 * closed by a job, after the recording was told to stop.
 */
export async function endMeetingInScope(
  scope: FloorScope,
  by: { userId: string | null; name: string },
): Promise<string[]> {
  const { tx, meeting, now, emit } = scope
  await stopRecordingInScope(scope, by, { ifAny: true })
  const waiting = await tx.lobbyRequestRow.findMany({ where: { meetingId: meeting.id, status: 'waiting' } })
  for (const request of waiting) emit({ type: 'lobby_settled', requestId: request.id, admitted: false })
  await tx.lobbyRequestRow.updateMany({
    where: { meetingId: meeting.id, status: 'waiting' },
    data: { status: 'denied', settledAt: now },
  })
  await endSpeeches(scope, by.name)
  await tx.raisedHandRow.deleteMany({ where: { meetingId: meeting.id } })
  await tx.floorGrant.deleteMany({ where: { meetingId: meeting.id } })
  await tx.meeting.update({
    where: { id: meeting.id },
    data: { status: 'ended', endedAt: now, spotlight: null },
  })
  emit({ type: 'meeting_ended', by: by.name })
  await audit(tx, by, { action: 'meeting.ended', subject: { type: 'meeting', id: meeting.id } })
  await enqueueJob(
    tx,
    { kind: 'close_room', meetingId: meeting.id },
    new Date(now.getTime() + CLOSE_ROOM_AFTER_MS),
  )
  return waiting.map(r => r.identity)
}
