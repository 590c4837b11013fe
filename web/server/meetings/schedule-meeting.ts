import { type FormResult, type MeetingInput, meetingInput } from '@diemcau/core/contracts/meeting.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import { defaultOptions } from '@diemcau/core/meeting/default-options.ts'
import { maySchedule } from '@diemcau/core/roles.ts'
import { audit } from '../audit.ts'
import { queueMeetingMail, recipientOf } from '../mail/queue-meeting-mail.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { newHallCode, newMeetingCode, newPasscode } from './codes.ts'
import { formFailure, parseForm } from './parse-input.ts'
import { planPeople } from './plan-people.ts'

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
        ...defaultOptions(input.kind),
        endpoints: {
          createMany: {
            data: plan.endpoints.map(e => ({ id: newId<string>('EP_'), code: newHallCode(), ...e })),
          },
        },
      },
    })
    const invitations = plan.invitations.map(i => ({ id: newId<string>('IN_'), meetingId: id, ...i }))
    await tx.invitation.createMany({ data: invitations })
    await queueMeetingMail(runtime, tx, meeting, 'invited', invitations.map(recipientOf))
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
