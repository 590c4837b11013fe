import { AppError } from '@diemcau/core/errors.ts'
import { type AccountRole, maySchedule } from '@diemcau/core/roles.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor, PersonChoice } from '../types.ts'

/** Accounts that can be invited, for the schedule form. */
export async function listPeople(actor: Actor, filter: { q?: string } = {}): Promise<PersonChoice[]> {
  if (!maySchedule(actor.role)) throw new AppError('forbidden', 'may not schedule')
  const q = filter.q?.trim()
  const rows = await getRuntime().db.user.findMany({
    where: {
      disabledAt: null,
      ...(q
        ? { OR: [{ name: { contains: q, mode: 'insensitive' } }, { email: { contains: q.toLowerCase() } }] }
        : {}),
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
