import type { Prisma } from '@diemcau/prisma/client.ts'
import { audit } from '../audit.ts'
import { rightsChanged } from '../floor/end-rights.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { assertMayAdminister } from './list-users.ts'

export type SessionChoice = { sessionId: string } | { othersThan: string | null } | { userId: string }

/** Ends sessions at once and returns how many. All of another account's: administrators only. */
export async function revokeSessions(actor: Actor, choice: SessionChoice): Promise<number> {
  let where: Prisma.SessionWhereInput
  if ('userId' in choice) {
    if (choice.userId !== actor.userId) assertMayAdminister(actor)
    where = { userId: choice.userId }
  } else if ('sessionId' in choice) where = { id: choice.sessionId, userId: actor.userId }
  else where = { userId: actor.userId, id: { not: choice.othersThan ?? '' } }
  const runtime = getRuntime()
  const ended = await runtime.db.$transaction(async tx => {
    const { count } = await tx.session.deleteMany({ where })
    if (count > 0) {
      const userId = 'userId' in choice ? choice.userId : actor.userId
      await rightsChanged(tx, { userId })
      await audit(tx, actor, {
        action: 'account.sessions_revoked',
        subject: { type: 'user', id: userId },
        detail: { count },
      })
    }
    return count
  })
  runtime.wakeJobs()
  return ended
}
