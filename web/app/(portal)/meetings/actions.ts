'use server'
import type { FormResult, MeetingInput } from '@diemcau/core/contracts/meeting.ts'
import { isoTime } from '@diemcau/core/ids.ts'
import { revalidatePath } from 'next/cache'
import { z } from 'zod'
import { requireActor } from '../../../server/accounts/get-actor.ts'
import { cancelMeeting } from '../../../server/meetings/cancel-meeting.ts'
import { findHallClashes } from '../../../server/meetings/find-hall-clashes.ts'
import { scheduleMeeting } from '../../../server/meetings/schedule-meeting.ts'
import { updateMeeting } from '../../../server/meetings/update-meeting.ts'
import { faultOf, formResultOf, idArgument } from '../../action-guard.ts'

const clashQuestion = z.object({ hallIds: z.array(z.string()).max(500), startsAt: isoTime, endsAt: isoTime })

/** Schedules a meeting (`meetingId` null) or changes one. */
export async function saveMeeting(meetingId: string | null, input: MeetingInput): Promise<FormResult> {
  const actor = await requireActor()
  const result = await formResultOf(() =>
    meetingId ? updateMeeting(actor, meetingId, input) : scheduleMeeting(actor, input),
  )
  if (result.ok) revalidatePath('/', 'layout')
  return result
}

/** Which of the halls another meeting has at that time. */
export async function findClashes(
  exceptId: string | null,
  asked: { hallIds: string[]; startsAt: string; endsAt: string },
): Promise<{ hallId: string; title: string }[]> {
  const actor = await requireActor()
  return findHallClashes(actor, {
    ...clashQuestion.parse(asked),
    exceptId: exceptId === null ? null : idArgument(exceptId),
  })
}

/** Calls a meeting off; resolves to the text of what went wrong, or undefined. */
export async function cancel(meetingId: string, reason: string): Promise<string | undefined> {
  const actor = await requireActor()
  const fault = await faultOf(async () => cancelMeeting(actor, idArgument(meetingId), String(reason)))
  if (!fault) revalidatePath('/', 'layout')
  return fault
}
