import { randomInt } from 'node:crypto'
import { type FormResult, type MeetingInput, meetingInput } from '@diemcau/core/contracts/meeting.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import { maySchedule } from '@diemcau/core/roles.ts'
import { audit } from '../audit.ts'
import { queueMeetingMail } from '../outbox/queue-meeting-mail.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { formFailure, parseForm } from './parse-input.ts'
import { planPeople } from './plan-people.ts'

/** Three groups people can read out over the telephone; about 46 bits, without look-alikes. */
export function newMeetingCode(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz'
  const group = (n: number) => Array.from({ length: n }, () => letters[randomInt(letters.length)]).join('')
  return `${group(3)}-${group(4)}-${group(3)}`
}

const newPasscode = (): string => String(randomInt(1_000_000)).padStart(6, '0')

/** Columns of the meeting that come straight from the form. */
export const meetingColumns = (input: MeetingInput) => ({
  title: input.title,
  kind: input.kind,
  startsAt: new Date(input.startsAt),
  endsAt: new Date(input.endsAt),
  chairId: input.chairId,
  secretaryId: input.secretaryId,
  agenda: input.agenda,
  description: input.description,
  guestsAllowed: input.guestsAllowed,
  watchAllowed: input.watchAllowed,
  lobby: input.lobby,
  recorded: input.recorded,
})

/**
 * One transaction: the meeting, its endpoints and invitations, the mails with their jobs, and an audit row.
 * @throws AppError `forbidden`. Faults of the form are its result.
 */
export async function scheduleMeeting(actor: Actor, rawInput: unknown): Promise<FormResult> {
  if (!maySchedule(actor.role)) throw new AppError('forbidden', 'may not schedule')
  const parsed = parseForm(meetingInput, rawInput)
  if ('failure' in parsed) return parsed.failure
  const input = parsed.data
  if (Date.parse(input.endsAt) <= Date.now()) return formFailure({ endsAt: 'starts_in_past' })
  const runtime = getRuntime()
  const result = await runtime.db.$transaction(async (tx): Promise<FormResult> => {
    const plan = await planPeople(tx, input)
    if (Object.keys(plan.faults).length > 0) return formFailure(plan.faults)
    const id = newId<string>('MT_')
    const meeting = await tx.meeting.create({
      data: {
        id,
        code: newMeetingCode(),
        passcode: newPasscode(),
        createdById: actor.userId,
        ...meetingColumns(input),
        endpoints: { createMany: { data: plan.endpoints.map(e => ({ id: newId<string>('EP_'), ...e })) } },
      },
    })
    const invitations = plan.invitations.map(({ locale, ...i }) => ({
      row: { id: newId<string>('IN_'), meetingId: id, ...i },
      locale,
    }))
    await tx.invitation.createMany({ data: invitations.map(i => i.row) })
    await queueMeetingMail(
      runtime,
      tx,
      meeting,
      'invited',
      invitations.map(({ row, locale }) => ({
        invitationId: row.id,
        email: row.email,
        name: row.name,
        role: row.role,
        locale,
      })),
    )
    await audit(tx, actor, {
      action: 'meeting.scheduled',
      subject: { type: 'meeting', id },
      detail: { title: input.title },
    })
    return { ok: true, id }
  })
  runtime.wakeJobs()
  return result
}
