import type { Tx } from '@diemcau/prisma/client.ts'

/** Time in which somebody let in is counted before the SFU has reported them. */
const ON_THE_WAY_MS = 30_000

/** Identities in the room now (connections without an end), and those who were just let in; no viewers. */
export async function presentIdentities(tx: Tx, meetingId: string): Promise<Set<string>> {
  const connected = await tx.$queryRaw<{ identity: string }[]>`
    SELECT DISTINCT j."identity" FROM "presence_event" j
    WHERE j."meetingId" = ${meetingId} AND j."kind" = 'joined' AND j."identity" NOT LIKE 'viewer:%'
      AND NOT EXISTS (
        SELECT 1 FROM "presence_event" e WHERE e."meetingId" = j."meetingId"
          AND ((e."kind" = 'left' AND e."participantId" = j."participantId" AND e."identity" = j."identity")
            OR (e."kind" = 'room_finished' AND e."at" >= j."at")))`
  const onTheWay = await tx.meetingParticipant.findMany({
    where: {
      meetingId,
      lastJoinAt: { gt: new Date(Date.now() - ON_THE_WAY_MS) },
      role: { not: 'viewer' },
    },
    select: { identity: true },
  })
  return new Set([...connected, ...onTheWay].map(p => p.identity))
}
