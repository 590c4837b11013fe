import type { FormResult } from '@diemcau/core/contracts/meeting.ts'
import { audit } from '../audit.ts'
import { formFailure } from '../meetings/parse-input.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { takeAttempt } from './attempts.ts'
import { hashPassword, MIN_PASSWORD_LENGTH, verifyPassword } from './password.ts'

const limit = { max: 10, windowMs: 15 * 60_000, lockMs: 15 * 60_000 }

/** Own password. Every other session of the account ends; `keepSessionId` stays. */
export async function changePassword(
  actor: Actor,
  input: { current: string; next: string },
  keepSessionId: string | null,
): Promise<FormResult> {
  const { db } = getRuntime()
  if (input.next.length < MIN_PASSWORD_LENGTH) return formFailure({ next: 'password_too_short' })
  if (await takeAttempt(db, `change-password:${actor.userId}`, limit))
    return formFailure({ current: 'locked_out' })
  const where = { providerId_accountId: { providerId: 'credential', accountId: actor.userId } }
  const account = await db.account.findUnique({ where })
  if (!account?.password || !(await verifyPassword(account.password, input.current)))
    return formFailure({ current: 'password_wrong' })
  const password = await hashPassword(input.next)
  await db.$transaction(async tx => {
    await tx.account.update({ where, data: { password } })
    await tx.session.deleteMany({ where: { userId: actor.userId, id: { not: keepSessionId ?? '' } } })
    await audit(tx, actor, {
      action: 'account.password_changed',
      subject: { type: 'user', id: actor.userId },
    })
  })
  return { ok: true, id: actor.userId }
}
