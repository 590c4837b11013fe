import { AppError } from '@diemcau/core/errors.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import { hallOf, visibleMeetings } from '../meetings/access.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor, RecordingView } from '../types.ts'
import { type RecordingRow, recordingInclude, toRecordingView } from './list-recordings.ts'

/** @throws AppError `not_found` when it does not exist, was deleted, or is of a meeting the actor may not see. */
export async function getRecording(actor: Actor, id: string): Promise<RecordingView> {
  return (await findRecording(getRuntime().db, actor, id)).view
}

export async function findRecording(
  tx: Tx,
  actor: Actor,
  id: string,
): Promise<{ row: RecordingRow; view: RecordingView }> {
  const hallId = await hallOf(tx, actor.userId)
  const row = await tx.recording.findFirst({
    where: { id, deletedAt: null, meeting: visibleMeetings(actor, hallId) },
    include: recordingInclude,
  })
  if (!row) throw new AppError('not_found', `no recording ${id}`)
  return { row, view: toRecordingView(actor, hallId, row) }
}
