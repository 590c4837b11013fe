import { accountRole } from '@diemcau/core/contracts/roles.ts'
import type { Actor } from '../types.ts'
import { getAuth } from './auth.ts'

/** Who sends these request headers; null without a valid session or when the account is disabled. */
export async function readSession(headers: Headers): Promise<{ actor: Actor; sessionId: string } | null> {
  const found = await getAuth().api.getSession({ headers })
  if (!found || found.user.disabledAt) return null
  const role = accountRole.safeParse(found.user.role)
  if (!role.success) return null
  const { id: userId, name, email } = found.user
  const sessionId = found.session.id
  return { actor: { userId, sessionId, role: role.data, name, email }, sessionId }
}
