import { getRuntime } from '../runtime.ts'
import type { Actor, UnitView } from '../types.ts'

/** Units of today, in protocol order. */
export async function listUnits(_actor: Actor): Promise<UnitView[]> {
  const now = new Date()
  const rows = await getRuntime().db.unit.findMany({
    where: { OR: [{ validTo: null }, { validTo: { gt: now } }] },
    orderBy: [{ order: 'asc' }, { name: 'asc' }],
  })
  return rows.map(({ id, name, kind, parentId, order }) => ({ id, name, kind, parentId, order }))
}
