'use server'
import { revalidatePath } from 'next/cache'
import { deleteRecording } from '../../../server/recordings/delete-recording.ts'
import { faultOf, idArgument } from '../../action-guard.ts'

/** Deletes the file for good; resolves to the text of what went wrong, or undefined. */
export async function removeRecording(recordingId: string): Promise<string | undefined> {
  const fault = await faultOf(async actor => deleteRecording(actor, idArgument(recordingId)))
  if (!fault) revalidatePath('/recordings')
  return fault
}
