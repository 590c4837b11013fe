import { type FormResult, meetingInput } from '@diemcau/core/contracts/meeting.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import { audit } from '../audit.ts'
import { closeSockets } from '../floor/put-out-user.ts'
import { type MailRecipient, queueMeetingMail } from '../outbox/queue-meeting-mail.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { findVisibleMeeting } from './access.ts'
import { formFailure, parseForm } from './parse-input.ts'
import { planPeople } from './plan-people.ts'
import { meetingColumns } from './schedule-meeting.ts'

/**
 * Saves the form. New people are invited, people taken off are told it is cancelled for them, the others hear of it
 * only when the time or the title changed. Endpoints that stay keep their id, and with it their attendance.
 */
export async function updateMeeting(actor: Actor, id: string, rawInput: unknown): Promise<FormResult> {
  const parsed = parseForm(meetingInput, rawInput)
  if ('failure' in parsed) return parsed.failure
  const input = parsed.data
  const runtime = getRuntime()
  let changed: string[] = []
  const result = await runtime.db.$transaction(async (tx): Promise<FormResult> => {
    const { meeting: before, may } = await findVisibleMeeting(tx, actor, id)
    if (!may.edit)
      throw new AppError(
        before.status === 'scheduled' ? 'forbidden' : 'not_editable',
        'may not edit this meeting',
      )
    const plan = await planPeople(tx, input)
    if (Object.keys(plan.faults).length > 0) return formFailure(plan.faults)

    const columns = meetingColumns(input)
    const isNews =
      before.title !== columns.title ||
      before.startsAt.getTime() !== columns.startsAt.getTime() ||
      before.endsAt.getTime() !== columns.endsAt.getTime()
    const meeting = await tx.meeting.update({
      where: { id },
      data: { ...columns, icsSequence: { increment: isNews ? 1 : 0 } },
    })

    const runBefore = [before.chairId, before.secretaryId]
    const runAfter = [meeting.chairId, meeting.secretaryId]
    changed = [...runBefore, ...runAfter].filter(
      (one): one is string => one !== null && runBefore.indexOf(one) !== runAfter.indexOf(one),
    )

    const hallIds = plan.endpoints.map(e => e.hallId)
    await tx.meetingEndpoint.deleteMany({ where: { meetingId: id, hallId: { notIn: hallIds } } })
    for (const endpoint of plan.endpoints)
      await tx.meetingEndpoint.upsert({
        where: { meetingId_hallId: { meetingId: id, hallId: endpoint.hallId } },
        create: { id: newId<string>('EP_'), meetingId: id, ...endpoint },
        update: { order: endpoint.order },
      })

    const old = await tx.invitation.findMany({ where: { meetingId: id }, include: { user: true } })
    const wanted = new Map(plan.invitations.map(i => [i.email, i]))
    const known = new Map(old.map(i => [i.email, i]))
    const recipient = (i: (typeof old)[number]): MailRecipient => ({
      invitationId: i.id,
      email: i.email,
      name: i.name,
      role: i.role,
      locale: i.user?.locale ?? 'vi',
    })
    const gone = old.filter(i => !wanted.has(i.email))
    const stayed = old.filter(i => wanted.has(i.email))
    const added = plan.invitations
      .filter(i => !known.has(i.email))
      .map(({ locale, ...i }) => ({ row: { id: newId<string>('IN_'), meetingId: id, ...i }, locale }))
    await tx.invitation.deleteMany({ where: { id: { in: gone.map(i => i.id) } } })
    await tx.invitation.createMany({ data: added.map(i => i.row) })
    for (const i of stayed) {
      const role = wanted.get(i.email)?.role ?? i.role
      if (role !== i.role) await tx.invitation.update({ where: { id: i.id }, data: { role } })
    }
    await queueMeetingMail(runtime, tx, meeting, 'cancelled', gone.map(recipient))
    if (isNews) await queueMeetingMail(runtime, tx, meeting, 'changed', stayed.map(recipient))
    await queueMeetingMail(
      runtime,
      tx,
      meeting,
      'invited',
      added.map(({ row, locale }) => ({
        invitationId: row.id,
        email: row.email,
        name: row.name,
        role: row.role,
        locale,
      })),
    )
    await audit(tx, actor, { action: 'meeting.changed', subject: { type: 'meeting', id } })
    return { ok: true, id }
  })
  // Whoever runs the meeting now, or does no longer, comes back with a ticket that says so.
  if (result.ok) await closeSockets(runtime, changed)
  runtime.wakeJobs()
  return result
}
