import type { FormResult } from '@diemcau/core/contracts/meeting.ts'
import { accountRole } from '@diemcau/core/contracts/roles.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import { newPassword } from '@diemcau/core/password-rule.ts'
import { lineText } from '@diemcau/core/text/clean-text.ts'
import { plainId } from '@diemcau/core/text/storable.ts'
import { z } from 'zod'
import { audit } from '../audit.ts'
import { rightsChanged } from '../floor/end-rights.ts'
import { formFailure, parseForm } from '../meetings/parse-input.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor, UserInput } from '../types.ts'
import { assertMayAdminister } from './list-users.ts'
import { hashPassword } from './password.ts'

const schema: z.ZodType<UserInput> = z.object({
  id: plainId().nullable(),
  name: lineText({ min: 1, max: 120 }),
  email: z.email().max(200).toLowerCase(),
  role: accountRole,
  title: lineText({ max: 160 }),
  unitId: plainId().nullable(),
  hallId: plainId().nullable(),
  password: newPassword.nullable(),
})

/** Makes an account or changes one. A new password ends every session of the account. */
export async function saveUser(actor: Actor, rawInput: unknown): Promise<FormResult> {
  assertMayAdminister(actor)
  const parsed = parseForm(schema, rawInput)
  if ('failure' in parsed) return parsed.failure
  const { id, password, ...fields } = parsed.data
  if (id === null && !password) return formFailure({ password: 'password_required' })
  const passwordHash = password ? await hashPassword(password) : null
  const runtime = getRuntime()
  const result = await runtime.db.$transaction(async (tx): Promise<FormResult> => {
    const other = await tx.user.findUnique({ where: { email: fields.email } })
    if (other && other.id !== id) return formFailure({ email: 'email_taken' })
    if (fields.unitId && !(await tx.unit.findUnique({ where: { id: fields.unitId } })))
      return formFailure({ unitId: 'unknown_unit' })
    if (fields.hallId && !(await tx.hall.findUnique({ where: { id: fields.hallId } })))
      return formFailure({ hallId: 'unknown_hall' })
    const before = id === null ? null : await tx.user.findUnique({ where: { id } })
    if (id !== null && !before) throw new AppError('not_found', `no user ${id}`)
    if (before?.role === 'admin' && fields.role !== 'admin') {
      const admins = await tx.user.count({
        where: { role: 'admin', disabledAt: null, id: { not: before.id } },
      })
      if (admins === 0) return formFailure({ role: 'last_admin' })
    }
    const userId = id ?? newId<string>('US_')
    await tx.user.upsert({
      where: { id: userId },
      create: { id: userId, emailVerified: true, ...fields },
      update: fields,
    })
    if (passwordHash) {
      await tx.account.upsert({
        where: { providerId_accountId: { providerId: 'credential', accountId: userId } },
        create: {
          id: newId('AC_'),
          userId,
          providerId: 'credential',
          accountId: userId,
          password: passwordHash,
        },
        update: { password: passwordHash },
      })
      await tx.session.deleteMany({ where: { userId } })
    }
    // Role, hall or password may be others now.
    if (before) await rightsChanged(tx, { userId })
    await audit(tx, actor, {
      action: before ? 'account.changed' : 'account.created',
      subject: { type: 'user', id: userId },
      detail: { role: fields.role, passwordChanged: passwordHash !== null },
    })
    return { ok: true, id: userId }
  })
  runtime.wakeJobs()
  return result
}
