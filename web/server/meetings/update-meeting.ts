import { type FormResult, meetingInput } from '@diemcau/core/contracts/meeting.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import { defaultOptions } from '@diemcau/core/meeting/default-options.ts'
import { audit } from '../audit.ts'
import { rightsChanged } from '../floor/end-rights.ts'
import { isNews, queueMeetingMail, recipientOf } from '../mail/queue-meeting-mail.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { findVisibleMeeting } from './access.ts'
import { newHallCode } from './codes.ts'
import { formFailure, parseForm } from './parse-input.ts'
import { planPeople } from './plan-people.ts'
import { meetingColumns } from './schedule-meeting.ts'

/**
 * Saves the form. New people are invited, people taken off are told it is cancelled for them, the others hear of it
 * only when something in their mail changed, and are told what. Endpoints that stay keep their id, and with it their attendance.
 */
export async function updateMeeting(actor: Actor, id: string, rawInput: unknown): Promise<FormResult> {
  const parsed = parseForm(meetingInput, rawInput)
  if ('failure' in parsed) return parsed.failure
  const input = parsed.data
  const runtime = getRuntime()
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
    const hasNews = isNews(before, columns)
    const old = await tx.invitation.findMany({ where: { meetingId: id } })
    const wanted = new Map(plan.invitations.map(i => [i.email, i]))
    const gone = old.filter(i => !wanted.has(i.email))
    const meeting = await tx.meeting.update({
      where: { id },
      data: {
        ...columns,
        // Of another kind before it begins: nobody has chosen otherwise on the floor yet.
        ...(before.kind !== columns.kind && before.status === 'scheduled'
          ? defaultOptions(columns.kind)
          : {}),
        // A calendar takes a change, and that somebody is no longer invited, only with a higher number (RFC 5546 §2.1.4).
        icsSequence: { increment: hasNews || gone.length > 0 ? 1 : 0 },
      },
    })

    const hallIds = plan.endpoints.map(e => e.hallId)
    await tx.meetingEndpoint.deleteMany({ where: { meetingId: id, hallId: { notIn: hallIds } } })
    for (const endpoint of plan.endpoints)
      await tx.meetingEndpoint.upsert({
        where: { meetingId_hallId: { meetingId: id, hallId: endpoint.hallId } },
        create: { id: newId<string>('EP_'), meetingId: id, code: newHallCode(), ...endpoint },
        update: { order: endpoint.order },
      })

    const known = new Set(old.map(i => i.email))
    const stayed = old.filter(i => wanted.has(i.email))
    const added = plan.invitations
      .filter(i => !known.has(i.email))
      .map(i => ({ id: newId<string>('IN_'), meetingId: id, ...i }))
    await tx.invitation.deleteMany({ where: { id: { in: gone.map(i => i.id) } } })
    await tx.invitation.createMany({ data: added })
    for (const i of stayed) {
      const role = wanted.get(i.email)?.role ?? i.role
      if (role !== i.role) await tx.invitation.update({ where: { id: i.id }, data: { role } })
    }
    await queueMeetingMail(runtime, tx, meeting, 'uninvited', gone.map(recipientOf))
    if (hasNews) await queueMeetingMail(runtime, tx, meeting, 'changed', stayed.map(recipientOf), before)
    await queueMeetingMail(runtime, tx, meeting, 'invited', added.map(recipientOf))
    // Others may run it now, halls or people may have been taken off, guests or viewers may be wanted no more.
    await rightsChanged(tx, { meetingId: id })
    await audit(tx, actor, { action: 'meeting.changed', subject: { type: 'meeting', id } })
    return { ok: true, id }
  })
  runtime.wakeJobs()
  return result
}
