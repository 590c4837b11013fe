'use server'
import { changePassword } from '../../../server/accounts/change-password.ts'
import { getSessionId, requireActor } from '../../../server/accounts/get-actor.ts'
import { revokeSessions } from '../../../server/accounts/revoke-sessions.ts'
import type { ActionResult } from '../../../ui/action-result.ts'
import { faultOf, formResultOf, idArgument } from '../../action-guard.ts'

/** Signs one of the reader's own devices out; resolves to the text of what went wrong, or undefined. */
export async function revokeOne(sessionId: string): Promise<string | undefined> {
  const actor = await requireActor()
  return faultOf(async () => revokeSessions(actor, { sessionId: idArgument(sessionId) }))
}

/** Signs out every device but this one; resolves as above. */
export async function revokeOthers(): Promise<string | undefined> {
  const actor = await requireActor()
  const sessionId = await getSessionId()
  return faultOf(() => revokeSessions(actor, { othersThan: sessionId }))
}

/** Changes the reader's own password; every other device is signed out. */
export async function changeOwnPassword(current: string, next: string): Promise<ActionResult> {
  const actor = await requireActor()
  const sessionId = await getSessionId()
  return formResultOf(() => changePassword(actor, { current, next }, sessionId))
}
