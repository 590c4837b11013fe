'use server'
import type { FormResult, MeetingInput } from '@diemcau/core/contracts/meeting.ts'
import type { Clashes } from '@diemcau/core/contracts/portal.ts'
import { isoTime } from '@diemcau/core/ids.ts'
import { plainId } from '@diemcau/core/text/storable.ts'
import { revalidatePath } from 'next/cache'
import { z } from 'zod'
import { getActor } from '../../../server/accounts/get-actor.ts'
import { resendInvitations } from '../../../server/mail/resend-invitations.ts'
import { cancelMeeting } from '../../../server/meetings/cancel-meeting.ts'
import { changeHallCode as changeHallCodeOf } from '../../../server/meetings/change-hall-code.ts'
import { findClashes as findClashesOf } from '../../../server/meetings/find-clashes.ts'
import { scheduleMeeting } from '../../../server/meetings/schedule-meeting.ts'
import { updateMeeting } from '../../../server/meetings/update-meeting.ts'
import { faultOf, formResultOf, idArgument } from '../../action-guard.ts'

const clashQuestion = z.object({
  hallIds: z.array(plainId()).max(500),
  userIds: z.array(plainId()).max(2000),
  startsAt: isoTime,
  endsAt: isoTime,
})

/** Schedules a meeting (`meetingId` null) or changes one. */
export async function saveMeeting(meetingId: string | null, input: MeetingInput): Promise<FormResult> {
  const result = await formResultOf(actor =>
    meetingId === null ? scheduleMeeting(actor, input) : updateMeeting(actor, idArgument(meetingId), input),
  )
  if (result.ok) revalidatePath('/', 'layout')
  return result
}

/** Which of the halls and people another meeting has at that time. Only a warning: without a session there is none. */
export async function findClashes(
  exceptId: string | null,
  asked: { hallIds: string[]; userIds: string[]; startsAt: string; endsAt: string },
): Promise<Clashes> {
  const actor = await getActor()
  if (!actor) return { halls: [], people: [] }
  return findClashesOf(actor, {
    ...clashQuestion.parse(asked),
    exceptId: exceptId === null ? null : idArgument(exceptId),
  })
}

/** Sends invitations again: one, or (null) all that have not left. Resolves to the text of what went wrong, or undefined. */
export async function inviteAgain(
  meetingId: string,
  invitationId: string | null,
): Promise<string | undefined> {
  const fault = await faultOf(async actor =>
    resendInvitations(actor, idArgument(meetingId), invitationId === null ? null : idArgument(invitationId)),
  )
  if (!fault) revalidatePath('/', 'layout')
  return fault
}

/** Gives a hall of this meeting another code; resolves to the text of what went wrong, or undefined. */
export async function changeHallCode(meetingId: string, endpointId: string): Promise<string | undefined> {
  const fault = await faultOf(async actor =>
    changeHallCodeOf(actor, idArgument(meetingId), idArgument(endpointId)),
  )
  if (!fault) revalidatePath('/', 'layout')
  return fault
}

/** Calls a meeting off; resolves to the text of what went wrong, or undefined. */
export async function cancel(meetingId: string, reason: string): Promise<string | undefined> {
  const fault = await faultOf(async actor => cancelMeeting(actor, idArgument(meetingId), String(reason)))
  if (!fault) revalidatePath('/', 'layout')
  return fault
}
