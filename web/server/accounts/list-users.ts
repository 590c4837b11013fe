import { AppError } from '@diemcau/core/errors.ts'
import { type AccountRole, mayAdminister } from '@diemcau/core/roles.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor, UserView } from '../types.ts'

/** @throws AppError `forbidden` */
export function assertMayAdminister(actor: Actor): void {
  if (!mayAdminister(actor.role)) throw new AppError('forbidden', 'administrators only')
}

export async function listUsers(actor: Actor, filter: { q?: string } = {}): Promise<UserView[]> {
  assertMayAdminister(actor)
  const q = filter.q?.trim()
  const rows = await getRuntime().db.user.findMany({
    where: q
      ? {
          OR: [
            { name: { contains: q, mode: 'insensitive' } },
            { email: { contains: q.toLowerCase() } },
            { unit: { name: { contains: q, mode: 'insensitive' } } },
          ],
        }
      : {},
    include: { unit: true, hall: true },
    orderBy: { name: 'asc' },
    take: 1000,
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
