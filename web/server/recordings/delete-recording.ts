import { AppError } from '@diemcau/core/errors.ts'
import { audit } from '../audit.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { findRecording } from './get-recording.ts'

/** Marks it deleted (nobody sees it from here on) and lets a job remove the files. The row stays as evidence. */
export async function deleteRecording(actor: Actor, id: string): Promise<void> {
  const runtime = getRuntime()
  await runtime.db.$transaction(async tx => {
    const { row, view } = await findRecording(tx, actor, id)
    if (!view.may.delete) throw new AppError('forbidden', 'not allowed to delete')
    await tx.recording.update({ where: { id }, data: { deletedAt: new Date(), deletedById: actor.userId } })
    if (row.location)
      await enqueueJob(tx, {
        kind: 'delete_recording_file',
        location: row.location,
        meetingId: row.meetingId,
      })
    await audit(tx, actor, {
      action: 'recording.deleted',
      subject: { type: 'recording', id },
      detail: { meetingId: row.meetingId, title: view.title },
    })
  })
  runtime.wakeJobs()
}
