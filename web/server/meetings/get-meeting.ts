import type { InvitationState, MeetingDetail } from '@diemcau/core/contracts/meeting.ts'
import { maySchedule } from '@diemcau/core/roles.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import QRCode from 'qrcode'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { findVisibleMeeting, hallOf, mayDo } from './access.ts'
import { toSummary } from './list-meetings.ts'

export const joinUrlOf = (publicUrl: string, code: string): string => `${publicUrl}/m/${code}`
export const watchUrlOf = (publicUrl: string, code: string): string => `${publicUrl}/w/${code}`

/** @throws AppError `not_found` also when the actor may not see it. */
export async function getMeeting(actor: Actor, id: string): Promise<MeetingDetail> {
  const { db, config } = getRuntime()
  const { meeting, role } = await findVisibleMeeting(db, actor, id)
  const [hallId, people, endpoints, invitations] = await Promise.all([
    hallOf(db, actor.userId),
    db.user.findMany({
      where: { id: { in: [meeting.chairId, ...(meeting.secretaryId ? [meeting.secretaryId] : [])] } },
      select: { id: true, name: true },
    }),
    db.meetingEndpoint.findMany({
      where: { meetingId: id },
      include: { hall: { select: { contactEmail: true, contactPhone: true } } },
      orderBy: { order: 'asc' },
    }),
    db.invitation.findMany({
      where: { meetingId: id },
      include: { user: { select: { hallId: true } } },
      orderBy: { name: 'asc' },
    }),
  ])
  const mails = await newestMails(
    db,
    invitations.map(i => i.id),
  )
  const tellsPhones = maySchedule(actor.role)
  const nameOf = (userId: string | null): string | null => people.find(p => p.id === userId)?.name ?? null
  const joinUrl = joinUrlOf(config.publicUrl, meeting.code)
  // The passcode lets guests in: only those who run the meeting hand it on.
  const seesPasscode = mayDo(actor, role, 'read_codes', meeting)
  return {
    ...toSummary(actor, hallId, meeting, nameOf(meeting.chairId) ?? ''),
    agenda: meeting.agenda,
    description: meeting.description,
    chairId: meeting.chairId,
    secretaryId: meeting.secretaryId,
    secretaryName: nameOf(meeting.secretaryId),
    guestsAllowed: meeting.guestsAllowed,
    watchAllowed: meeting.watchAllowed,
    lobby: meeting.lobby,
    passcode: seesPasscode ? meeting.passcode : '',
    joinUrl,
    watchUrl: meeting.watchAllowed ? watchUrlOf(config.publicUrl, meeting.code) : null,
    joinQr: `data:image/svg+xml;utf8,${encodeURIComponent(await QRCode.toString(joinUrl, { type: 'svg', margin: 1 }))}`,
    endedAt: meeting.endedAt?.toISOString() ?? null,
    mayReopen: mayDo(actor, role, 'reopen', meeting),
    endpoints: endpoints.map(e => ({
      id: e.id,
      code: seesPasscode ? e.code : '',
      hallId: e.hallId,
      hall: e.hallName,
      unit: e.unitName,
      order: e.order,
      isInvited: invitations.some(
        i =>
          (e.hallId !== null && i.user?.hallId === e.hallId) ||
          (e.hall !== null && e.hall.contactEmail !== '' && e.hall.contactEmail === i.email),
      ),
      phone: tellsPhones ? (e.hall?.contactPhone ?? '') : '',
    })),
    invitees: invitations.map(i => ({
      id: i.id,
      userId: i.userId,
      name: i.name,
      email: i.email,
      state: stateOf(mails.get(i.id)),
      sentAt: i.sentAt?.toISOString() ?? null,
    })),
    mailsLeave: config.smtpUrl !== null,
    cancelledReason: meeting.cancelledReason,
  }
}

/** Status of the newest mail of each invitation. */
async function newestMails(tx: Tx, invitationIds: string[]): Promise<Map<string, string>> {
  const mails = await tx.mail.findMany({
    where: { invitationId: { in: invitationIds } },
    select: { invitationId: true, status: true },
    orderBy: { createdAt: 'asc' },
  })
  // Later ones replace earlier ones.
  return new Map(
    mails.flatMap(mail => (mail.invitationId ? [[mail.invitationId, mail.status] as const] : [])),
  )
}

function stateOf(status: string | undefined): InvitationState {
  if (status === undefined) return 'none'
  return status === 'sent' || status === 'failed' || status === 'kept' ? status : 'waiting'
}
