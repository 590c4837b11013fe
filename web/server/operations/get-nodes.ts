import type { NodesView } from '@diemcau/core/contracts/nodes-report.ts'
import { assertMayAdminister } from '../accounts/list-users.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'

/**
 * The media servers as they are now, with the titles of the meetings whose rooms are open. Administrators see all meetings' titles.
 * @throws AppError `forbidden`, `media_unavailable`
 */
export async function getNodes(actor: Actor): Promise<NodesView> {
  assertMayAdminister(actor)
  const { nodes: admin, db } = getRuntime()
  const { nodes } = await admin.report(actor.userId)
  const rooms = new Set(nodes.flatMap(({ seen }) => seen?.report.rooms.map(room => room.name) ?? []))
  const meetings =
    rooms.size === 0
      ? []
      : await db.meeting.findMany({ where: { id: { in: [...rooms] } }, select: { id: true, title: true } })
  return {
    atMs: Date.now(),
    nodes: nodes.map(node => ({ ...node, name: admin.nameOf(node.incarnation) })),
    titles: Object.fromEntries(meetings.map(({ id, title }) => [id, title])),
  }
}
