import 'server-only'
import { getActor } from '../server/accounts/get-actor.ts'
import { auditRefusal } from '../server/audit.ts'
import { errorResponse } from '../server/errors.ts'
import { getRuntime } from '../server/runtime.ts'

/** At the edge of pages, actions and routes: who was refused what goes into the audit. */
export async function noteRefusal(error: unknown): Promise<void> {
  const actor = await getActor()
  await auditRefusal(getRuntime(), { userId: actor?.userId ?? null, name: actor?.name ?? '' }, error)
}

/** The JSON answer of a route, with its refusal noted. */
export async function refusalResponse(error: unknown): Promise<Response> {
  await noteRefusal(error)
  return errorResponse(error)
}
