/** Accounts as better-auth keeps them: a user and a `credential` account with an Argon2id hash. */
import { newId } from '@diemcau/core/ids.ts'
import type { AccountRole } from '@diemcau/core/roles.ts'
import { hash } from '@node-rs/argon2'
import type { Db } from '../src/client.ts'

export interface NewAccount {
  /** Made when absent. */
  id?: string
  email: string
  name: string
  role: AccountRole
  title: string
  unitId: string | null
  hallId: string | null
  password: string
}

/** Creates the account, or leaves an existing one with this address exactly as it is. Resolves to its user id. */
export async function ensureAccount(db: Db, account: NewAccount): Promise<string> {
  const email = account.email.toLowerCase()
  const existing = await db.user.findUnique({ where: { email } })
  if (existing) return existing.id
  const id = account.id ?? newId<string>('US_')
  const password = await hash(account.password)
  await db.user.create({
    data: {
      id,
      email,
      emailVerified: true,
      name: account.name,
      role: account.role,
      title: account.title,
      unitId: account.unitId,
      hallId: account.hallId,
      accounts: { create: { id: newId<string>('AC_'), accountId: id, providerId: 'credential', password } },
    },
  })
  return id
}
