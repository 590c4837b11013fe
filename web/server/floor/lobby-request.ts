/** What moderators are told of somebody at the door. */
import type { LobbyRequest } from '@diemcau/core/contracts/floor.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'
import { identitiesWithPlace } from '../meetings/presence-count.ts'

type Row = Prisma.LobbyRequestRowGetPayload<object>

export async function describeRequests(
  tx: Tx,
  meetingId: string,
  rows: readonly Row[],
): Promise<LobbyRequest[]> {
  const claimed = rows.flatMap(row => (row.claimEndpointId === null ? [] : [row.claimEndpointId]))
  const endpoints =
    claimed.length === 0 ? [] : await tx.meetingEndpoint.findMany({ where: { id: { in: claimed } } })
  const present = claimed.length === 0 ? new Set<string>() : await identitiesWithPlace(tx, meetingId)
  const seated =
    claimed.length === 0
      ? []
      : await tx.meetingParticipant.findMany({
          where: { meetingId, endpointId: { in: claimed }, identity: { in: [...present] } },
          select: { endpointId: true, name: true },
        })
  return rows.map(row => {
    const endpoint = endpoints.find(e => e.id === row.claimEndpointId)
    const by = seated.find(p => p.endpointId === row.claimEndpointId)
    return {
      id: row.id,
      identity: row.identity,
      name: row.name,
      unit: row.unit,
      at: row.at.toISOString(),
      claim: endpoint
        ? {
            endpointId: endpoint.id,
            hall: endpoint.hallName,
            unit: endpoint.unitName,
            seatedBy: by?.name ?? null,
          }
        : null,
      invited: row.invited,
      resembles: row.resembles,
    }
  })
}
