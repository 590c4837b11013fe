import { AppError } from '@diemcau/core/errors.ts'
import { type AccountRole, maySchedule } from '@diemcau/core/roles.ts'
import type { Prisma } from '@diemcau/prisma/client.ts'
import { getRuntime } from '../runtime.ts'
import { searchFilter } from '../search.ts'
import type { Actor, PersonChoice } from '../types.ts'

/** Accounts that can be invited, for the schedule form. */
export async function listPeople(actor: Actor, filter: { q?: string } = {}): Promise<PersonChoice[]> {
  if (!maySchedule(actor.role)) throw new AppError('forbidden', 'may not schedule')
  const { db } = getRuntime()
  const rows = await db.user.findMany({
    where: {
      disabledAt: null,
      AND: await searchFilter<Prisma.UserWhereInput>(db, filter.q, word => [
        { search: word },
        { unit: { search: word } },
      ]),
    },
    include: { unit: true },
    orderBy: { name: 'asc' },
    take: 2000,
  })
  return rows.map(row => ({
    id: row.id,
    name: row.name,
    email: row.email,
    title: row.title,
    role: row.role as AccountRole,
    unitName: row.unit?.name ?? null,
  }))
}
