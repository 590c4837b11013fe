'use server'
import { changePassword } from '../../../server/accounts/change-password.ts'
import { getSessionId } from '../../../server/accounts/get-actor.ts'
import { revokeSessions } from '../../../server/accounts/revoke-sessions.ts'
import type { ActionResult } from '../../../ui/action-result.ts'
import { faultOf, formResultOf, idArgument } from '../../action-guard.ts'

/** Signs one of the reader's own devices out; resolves to the text of what went wrong, or undefined. */
export async function revokeOne(sessionId: string): Promise<string | undefined> {
  return faultOf(async actor => revokeSessions(actor, { sessionId: idArgument(sessionId) }))
}

/** Signs out every device but this one; resolves as above. */
export async function revokeOthers(): Promise<string | undefined> {
  const sessionId = await getSessionId()
  return faultOf(actor => revokeSessions(actor, { othersThan: sessionId }))
}

/** Changes the reader's own password; every other device is signed out. */
export async function changeOwnPassword(current: string, next: string): Promise<ActionResult> {
  const sessionId = await getSessionId()
  return formResultOf(actor => changePassword(actor, { current, next }, sessionId))
}
