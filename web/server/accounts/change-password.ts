import type { FormResult } from '@diemcau/core/contracts/meeting.ts'
import { MAX_PASSWORD, newPassword } from '@diemcau/core/password-rule.ts'
import { z } from 'zod'
import { audit } from '../audit.ts'
import { rightsChanged } from '../floor/end-rights.ts'
import { formFailure, parseForm } from '../meetings/parse-input.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { takeAttempt } from './attempts.ts'
import { hashPassword, verifyPassword } from './password.ts'

const schema = z.object({
  current: z.string().refine(text => text.length <= MAX_PASSWORD, 'password_wrong'),
  next: newPassword,
})
const limit = { max: 10, windowMs: 15 * 60_000, lockMs: 15 * 60_000 }

/** Own password. Every other session of the account ends; `keepSessionId` stays. */
export async function changePassword(
  actor: Actor,
  rawInput: unknown,
  keepSessionId: string | null,
): Promise<FormResult> {
  const runtime = getRuntime()
  const { db } = runtime
  const parsed = parseForm(schema, rawInput)
  if ('failure' in parsed) return parsed.failure
  const input = parsed.data
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
    await rightsChanged(tx, { userId: actor.userId })
    await audit(tx, actor, {
      action: 'account.password_changed',
      subject: { type: 'user', id: actor.userId },
    })
  })
  runtime.wakeJobs()
  return { ok: true, id: actor.userId }
}
