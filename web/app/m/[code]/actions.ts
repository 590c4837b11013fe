'use server'
import { revalidatePath } from 'next/cache'
import { requireActor } from '../../../server/accounts/get-actor.ts'
import { findMeetingId } from '../../../server/meetings/find-meeting-id.ts'
import { reopenMeeting } from '../../../server/meetings/reopen-meeting.ts'
import { faultOf, idArgument } from '../../action-guard.ts'

/** Takes the end of the meeting with this code back; resolves to the text of what went wrong, or undefined. */
export async function reopen(code: string): Promise<string | undefined> {
  const actor = await requireActor()
  const fault = await faultOf(async () => reopenMeeting(actor, await findMeetingId(idArgument(code))))
  if (!fault) revalidatePath('/', 'layout')
  return fault
}
