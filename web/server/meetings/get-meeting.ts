import type { MeetingDetail } from '@diemcau/core/contracts/meeting.ts'
import QRCode from 'qrcode'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { findVisibleMeeting, hallOf } from './access.ts'
import { toSummary } from './list-meetings.ts'

export const joinUrlOf = (publicUrl: string, code: string): string => `${publicUrl}/m/${code}`
export const watchUrlOf = (publicUrl: string, code: string): string => `${publicUrl}/w/${code}`

/** @throws AppError `not_found` also when the actor may not see it. */
export async function getMeeting(actor: Actor, id: string): Promise<MeetingDetail> {
  const { db, config } = getRuntime()
  const { meeting, role, may } = await findVisibleMeeting(db, actor, id)
  const [hallId, people, endpoints, invitations] = await Promise.all([
    hallOf(db, actor.userId),
    db.user.findMany({
      where: { id: { in: [meeting.chairId, ...(meeting.secretaryId ? [meeting.secretaryId] : [])] } },
      select: { id: true, name: true },
    }),
    db.meetingEndpoint.findMany({ where: { meetingId: id }, orderBy: { order: 'asc' } }),
    db.invitation.findMany({ where: { meetingId: id }, orderBy: { name: 'asc' } }),
  ])
  const nameOf = (userId: string | null): string | null => people.find(p => p.id === userId)?.name ?? null
  const joinUrl = joinUrlOf(config.publicUrl, meeting.code)
  // The passcode lets guests in: only those who run the meeting hand it on.
  const seesPasscode = may.edit || role === 'chair' || role === 'secretary' || role === 'operator'
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
    endpoints: endpoints.map(e => ({
      id: e.id,
      hallId: e.hallId,
      hall: e.hallName,
      unit: e.unitName,
      order: e.order,
    })),
    invitees: invitations.map(i => ({
      userId: i.userId,
      name: i.name,
      email: i.email,
      sentAt: i.sentAt?.toISOString() ?? null,
    })),
    cancelledReason: meeting.cancelledReason,
  }
}
