'use server'
import { revalidatePath } from 'next/cache'
import type { UserValues } from '../../../features/accounts/user-types.ts'
import { revokeSessions } from '../../../server/accounts/revoke-sessions.ts'
import { saveUser } from '../../../server/accounts/save-user.ts'
import { setUserDisabled } from '../../../server/accounts/set-user-disabled.ts'
import type { ActionResult } from '../../../ui/action-result.ts'
import { faultOf, formResultOf, idArgument } from '../../action-guard.ts'

/** Adds or changes an account. */
export async function saveUserAccount(values: UserValues): Promise<ActionResult> {
  const result = await formResultOf(actor => saveUser(actor, values))
  if (result.ok) revalidatePath('/users')
  return result
}

/** Locks an account or opens it again; resolves to the text of what went wrong, or undefined. */
export async function setDisabled(userId: string, isDisabled: boolean): Promise<string | undefined> {
  return faultOf(async actor => setUserDisabled(actor, idArgument(userId), isDisabled === true))
}

/** Signs an account out on every device; resolves as above. */
export async function revokeSessionsOf(userId: string): Promise<string | undefined> {
  return faultOf(async actor => revokeSessions(actor, { userId: idArgument(userId) }))
}
