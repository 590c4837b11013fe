import { AppError } from '@diemcau/core/errors.ts'
import { audit } from '../audit.ts'
import { findVisibleMeeting } from '../meetings/access.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { queueMeetingMail, recipientOf } from './queue-meeting-mail.ts'

/**
 * Writes the invitation anew and sends it: to one person, or (null) to everybody whose invitation has not left. Those whose
 * mail is still on its way get no second one.
 * @throws AppError `not_found`, `forbidden`, `not_editable`
 */
export async function resendInvitations(
  actor: Actor,
  meetingId: string,
  invitationId: string | null,
): Promise<void> {
  const runtime = getRuntime()
  await runtime.db.$transaction(async tx => {
    const { meeting, may } = await findVisibleMeeting(tx, actor, meetingId)
    const isOpen = meeting.status === 'scheduled' || meeting.status === 'live'
    if (!may.edit) throw new AppError(isOpen ? 'forbidden' : 'not_editable', 'may not invite')
    const invitations = await tx.invitation.findMany({
      where: { meetingId, ...(invitationId !== null && { id: invitationId }) },
    })
    if (invitationId !== null && invitations.length === 0)
      throw new AppError('not_found', `no invitation ${invitationId}`)
    const underWay = await tx.mail.findMany({
      where: { invitationId: { in: invitations.map(i => i.id) }, status: 'pending' },
      select: { invitationId: true },
    })
    const isUnderWay = new Set(underWay.map(mail => mail.invitationId))
    const left = invitations.filter(
      i => !isUnderWay.has(i.id) && (invitationId !== null || i.sentAt === null),
    )
    await queueMeetingMail(runtime, tx, meeting, 'invited', left.map(recipientOf))
    await audit(tx, actor, {
      action: 'meeting.invited_again',
      subject: { type: 'meeting', id: meetingId },
      detail: { count: left.length },
    })
  })
  runtime.wakeJobs()
}
