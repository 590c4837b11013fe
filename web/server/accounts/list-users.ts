import { AppError } from '@diemcau/core/errors.ts'
import { type AccountRole, mayAdminister } from '@diemcau/core/roles.ts'
import type { Prisma } from '@diemcau/prisma/client.ts'
import { getRuntime } from '../runtime.ts'
import { searchFilter } from '../search.ts'
import type { Actor, UserView } from '../types.ts'

/** @throws AppError `forbidden` */
export function assertMayAdminister(actor: Actor): void {
  if (!mayAdminister(actor.role)) throw new AppError('forbidden', 'administrators only')
}

export async function listUsers(actor: Actor, filter: { q?: string } = {}): Promise<UserView[]> {
  assertMayAdminister(actor)
  const { db } = getRuntime()
  const rows = await db.user.findMany({
    where: {
      AND: await searchFilter<Prisma.UserWhereInput>(db, filter.q, word => [
        { search: word },
        { unit: { search: word } },
        { hall: { search: word } },
      ]),
    },
    include: { unit: true, hall: true },
    orderBy: { name: 'asc' },
    take: 5000,
  })
  return rows.map(row => ({
    id: row.id,
    name: row.name,
    email: row.email,
    role: row.role as AccountRole,
    title: row.title,
    unitId: row.unitId,
    unitName: row.unit?.name ?? null,
    hallId: row.hallId,
    hallName: row.hall?.name ?? null,
    disabled: row.disabledAt !== null,
    createdAt: row.createdAt.toISOString(),
  }))
}
