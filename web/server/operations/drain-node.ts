import { codeOf } from '@diemcau/core/errors.ts'
import { assertMayAdminister } from '../accounts/list-users.ts'
import { audit } from '../audit.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'

/**
 * Leads people from a media server to the others, or (`isWanted` false) lets it take people again. The audit says so whether it worked or not:
 * what did not answer may have done it.
 * @throws AppError `forbidden`, `not_found`, `drain_refused`, `media_unavailable`
 */
export async function drainNode(actor: Actor, incarnation: string, isWanted: boolean): Promise<void> {
  assertMayAdminister(actor)
  const { nodes, db } = getRuntime()
  const row = {
    action: isWanted ? 'node.drained' : 'node.taken_in',
    subject: { type: 'node', id: incarnation },
  }
  const name = nodes.nameOf(incarnation)
  try {
    const { left } = await nodes.drain(incarnation, isWanted, actor.userId)
    await audit(db, actor, { ...row, detail: { name, left } })
  } catch (error) {
    await audit(db, actor, { ...row, detail: { name, code: codeOf(error) }, result: 'failed' })
    throw error
  }
}
