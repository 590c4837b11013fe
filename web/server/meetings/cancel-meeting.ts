import { AppError } from '@diemcau/core/errors.ts'
import { cleanBlock, cut } from '@diemcau/core/text/clean-text.ts'
import { audit } from '../audit.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import { queueMeetingMail, recipientOf } from '../mail/queue-meeting-mail.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { findVisibleMeeting } from './access.ts'

/** Cancels a meeting that has not begun and tells everybody invited, with a calendar cancellation. */
export async function cancelMeeting(actor: Actor, id: string, reason: string): Promise<void> {
  const runtime = getRuntime()
  const why = cut(cleanBlock(cut(reason, 5_000)), 500)
  await runtime.db.$transaction(async tx => {
    // Held until the commit: the first to come in would otherwise start a meeting that is being called off.
    await tx.$queryRaw`SELECT 1 FROM "meeting" WHERE "id" = ${id} FOR UPDATE`
    const { meeting: before, may } = await findVisibleMeeting(tx, actor, id)
    if (!may.cancel)
      throw new AppError(before.status === 'scheduled' ? 'forbidden' : 'not_editable', 'may not cancel')
    const meeting = await tx.meeting.update({
      where: { id },
      data: {
        status: 'cancelled',
        cancelledReason: why,
        icsSequence: { increment: 1 },
      },
    })
    const invitations = await tx.invitation.findMany({ where: { meetingId: id } })
    await queueMeetingMail(runtime, tx, meeting, 'cancelled', invitations.map(recipientOf))
    await audit(tx, actor, {
      action: 'meeting.cancelled',
      subject: { type: 'meeting', id },
      detail: { reason: why },
    })
    // Moderators may be inside for a rehearsal.
    await enqueueJob(tx, { kind: 'close_room', meetingId: id })
  })
  runtime.wakeJobs()
}
