'use server'
import { revalidatePath } from 'next/cache'
import { drainNode } from '../../../server/operations/drain-node.ts'
import { faultOf, idArgument } from '../../action-guard.ts'

/** Drains a media server or lets it take people again; resolves to the text of what went wrong, or undefined. */
export async function drain(incarnation: string, isWanted: boolean): Promise<string | undefined> {
  const fault = await faultOf(async actor => drainNode(actor, idArgument(incarnation), isWanted === true))
  // Also when it did not work: what is shown was no longer so.
  revalidatePath('/nodes')
  return fault
}
