import { maySchedule } from '@diemcau/core/roles.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor, HallView } from '../types.ts'

/** Halls that can be invited, in protocol order. Every account may read the list; contacts are told to those who invite. */
export async function listHalls(actor: Actor): Promise<HallView[]> {
  const rows = await getRuntime().db.hall.findMany({
    where: { validTo: null },
    include: { unit: true, users: { where: { disabledAt: null }, select: { id: true }, take: 1 } },
    orderBy: [{ unit: { order: 'asc' } }, { order: 'asc' }, { name: 'asc' }],
  })
  const tellsContacts = maySchedule(actor.role)
  return rows.map(row => ({
    id: row.id,
    name: row.name,
    unitId: row.unitId,
    unitName: row.unit.name,
    address: row.address,
    order: row.order,
    contactName: tellsContacts ? row.contactName : '',
    contactEmail: tellsContacts ? row.contactEmail : '',
    contactPhone: tellsContacts ? row.contactPhone : '',
    hasAccount: row.users.length > 0,
  }))
}
