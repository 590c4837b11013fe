'use server'
import { revalidatePath } from 'next/cache'
import type { HallValues } from '../../../features/organisation/organisation-types.ts'
import { removeHall } from '../../../server/organisation/remove-hall.ts'
import { saveHall } from '../../../server/organisation/save-hall.ts'
import type { ActionResult } from '../../../ui/action-result.ts'
import { faultOf, formResultOf, idArgument } from '../../action-guard.ts'

/** Adds or changes a hall. */
export async function saveHallValues(values: HallValues): Promise<ActionResult> {
  const result = await formResultOf(actor => saveHall(actor, values))
  if (result.ok) revalidatePath('/halls')
  return result
}

/** Takes a hall out of use; old meetings keep its name. Resolves to the text of what went wrong, or undefined. */
export async function retireHall(hallId: string): Promise<string | undefined> {
  return faultOf(async actor => removeHall(actor, idArgument(hallId)))
}
