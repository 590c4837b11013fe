import { AppError } from '@diemcau/core/errors.ts'
import { audit } from '../audit.ts'
import { queueMeetingMail } from '../outbox/queue-meeting-mail.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { findVisibleMeeting } from './access.ts'

/** Cancels a meeting that has not begun and tells everybody invited, with a calendar cancellation. */
export async function cancelMeeting(actor: Actor, id: string, reason: string): Promise<void> {
  const runtime = getRuntime()
  await runtime.db.$transaction(async tx => {
    const { meeting: before, may } = await findVisibleMeeting(tx, actor, id)
    if (!may.cancel)
      throw new AppError(before.status === 'scheduled' ? 'forbidden' : 'not_editable', 'may not cancel')
    const meeting = await tx.meeting.update({
      where: { id },
      data: {
        status: 'cancelled',
        cancelledReason: reason.trim().slice(0, 500),
        icsSequence: { increment: 1 },
      },
    })
    const invitations = await tx.invitation.findMany({ where: { meetingId: id }, include: { user: true } })
    await queueMeetingMail(
      runtime,
      tx,
      meeting,
      'cancelled',
      invitations.map(i => ({
        invitationId: i.id,
        email: i.email,
        name: i.name,
        role: i.role,
        locale: i.user?.locale ?? 'vi',
      })),
    )
    await audit(tx, actor, {
      action: 'meeting.cancelled',
      subject: { type: 'meeting', id },
      detail: { reason },
    })
  })
  runtime.wakeJobs()
}
