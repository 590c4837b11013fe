import type { Tx } from '@diemcau/prisma/client.ts'

/** Time in which somebody let in is counted before the SFU has reported them. */
const ON_THE_WAY_MS = 30_000

/** Identities of those who attend and are in the room now: connections that had media and have no end. */
export async function presentIdentities(tx: Tx, meetingId: string): Promise<Set<string>> {
  const connected = await openConnections(tx, meetingId)
  return new Set(connected.filter(c => c.attends).map(c => c.identity))
}

/** Everybody with an open connection to the media room: viewers and servants of the room, too. */
export async function connectedIdentities(tx: Tx, meetingId: string): Promise<Set<string>> {
  return new Set((await openConnections(tx, meetingId)).map(c => c.identity))
}

async function openConnections(tx: Tx, meetingId: string): Promise<{ identity: string; attends: boolean }[]> {
  return await tx.$queryRaw<{ identity: string; attends: boolean }[]>`
    SELECT DISTINCT j."identity", j."attends" FROM "presence_event" j
    WHERE j."meetingId" = ${meetingId} AND j."kind" = 'joined'
      AND NOT EXISTS (
        SELECT 1 FROM "presence_event" e WHERE e."meetingId" = j."meetingId"
          AND ((e."kind" IN ('left', 'aborted') AND e."participantId" = j."participantId" AND e."identity" = j."identity")
            OR (e."kind" = 'room_finished' AND e."at" >= j."at")))`
}

/**
 * Those who hold a place: in the room, or let in a moment ago and not there yet. For capacity only: a hall that tries
 * and never connects holds its place and is not present.
 */
export async function identitiesWithPlace(tx: Tx, meetingId: string): Promise<Set<string>> {
  const onTheWay = await tx.meetingParticipant.findMany({
    where: {
      meetingId,
      lastJoinAt: { gt: new Date(Date.now() - ON_THE_WAY_MS) },
      role: { not: 'viewer' },
    },
    select: { identity: true },
  })
  const present = await presentIdentities(tx, meetingId)
  return new Set([...present, ...onTheWay.map(p => p.identity)])
}
