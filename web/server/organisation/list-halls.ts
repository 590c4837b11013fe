import { getRuntime } from '../runtime.ts'
import type { Actor, HallView } from '../types.ts'

/** Halls that can be invited, in protocol order. Every account may read the list. */
export async function listHalls(_actor: Actor): Promise<HallView[]> {
  const rows = await getRuntime().db.hall.findMany({
    where: { validTo: null },
    include: { unit: true },
    orderBy: [{ unit: { order: 'asc' } }, { order: 'asc' }, { name: 'asc' }],
  })
  return rows.map(row => ({
    id: row.id,
    name: row.name,
    unitId: row.unitId,
    unitName: row.unit.name,
    address: row.address,
    order: row.order,
  }))
}
