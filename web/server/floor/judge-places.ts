/** Which of these places still hold, by what the database says now. One query, for one ticket or a whole meeting. */
import { type PlaceFault, placeFault, roleFrom } from '@diemcau/core/access/place-fault.ts'
import type { MeetingStatus } from '@diemcau/core/contracts/meeting.ts'
import { accountRole } from '@diemcau/core/contracts/roles.ts'
import type { MeetingRole } from '@diemcau/core/roles.ts'
import type { Tx } from '@diemcau/prisma/client.ts'

export interface Place {
  meetingId: string
  identity: string
  role: MeetingRole
  userId: string | null
  /** The session of the account the place was taken with. */
  sessionId: string | null
}

interface Row {
  n: bigint
  status: string | null
  guestsAllowed: boolean
  watchAllowed: boolean
  isRemoved: boolean
  accountRole: string | null
  isEnabled: boolean
  hasSession: boolean
  isChair: boolean
  isSecretary: boolean
  isInvited: boolean
  isOfHall: boolean
  endpointId: string | null
  endpointHolds: boolean
}

/** The fault of each place, in their order; null where it holds. A meeting that does not exist is over. */
export async function judgePlaces(tx: Tx, places: readonly Place[]): Promise<(PlaceFault | null)[]> {
  if (places.length === 0) return []
  const rows = await tx.$queryRaw<Row[]>`
    SELECT t."n", m."status", m."guestsAllowed", m."watchAllowed",
      r."identity" IS NOT NULL AS "isRemoved",
      u."role" AS "accountRole",
      u."id" IS NOT NULL AND u."disabledAt" IS NULL AS "isEnabled",
      s."id" IS NOT NULL AS "hasSession",
      COALESCE(m."chairId" = t."userId", false) AS "isChair",
      COALESCE(m."secretaryId" = t."userId", false) AS "isSecretary",
      EXISTS (SELECT 1 FROM "invitation" i WHERE i."meetingId" = m."id" AND i."userId" = t."userId") AS "isInvited",
      EXISTS (SELECT 1 FROM "meeting_endpoint" e WHERE e."meetingId" = m."id" AND e."hallId" = u."hallId") AS "isOfHall",
      p."endpointId",
      e."id" IS NOT NULL AND (e."hallId" IS NULL OR h."validTo" IS NULL)
        AND (p."endpointBy" IS DISTINCT FROM 'account' OR COALESCE(e."hallId" = u."hallId", false)) AS "endpointHolds"
    FROM unnest(
      ${places.map(p => p.meetingId)}::text[],
      ${places.map(p => p.identity)}::text[],
      ${places.map(p => p.userId ?? '')}::text[],
      ${places.map(p => p.sessionId ?? '')}::text[]
    ) WITH ORDINALITY AS t("meetingId", "identity", "userId", "sessionId", "n")
    LEFT JOIN "meeting" m ON m."id" = t."meetingId"
    LEFT JOIN "removed_identity" r ON r."meetingId" = t."meetingId" AND r."identity" = t."identity"
    LEFT JOIN "user" u ON u."id" = t."userId"
    LEFT JOIN "session" s ON s."id" = t."sessionId" AND s."userId" = t."userId" AND s."expiresAt" > now()
    LEFT JOIN "meeting_participant" p ON p."meetingId" = t."meetingId" AND p."identity" = t."identity"
    LEFT JOIN "meeting_endpoint" e ON e."id" = p."endpointId"
    LEFT JOIN "hall" h ON h."id" = e."hallId"
    ORDER BY t."n"`
  return rows.map((row, index) => faultOf(places[index]!, row))
}

function faultOf(place: Place, row: Row): PlaceFault | null {
  if (row.status === null) return 'over'
  const account = accountRole.safeParse(row.accountRole)
  return placeFault({
    role: place.role,
    meeting: {
      status: row.status as MeetingStatus,
      guestsAllowed: row.guestsAllowed,
      watchAllowed: row.watchAllowed,
    },
    isRemoved: row.isRemoved,
    account:
      place.userId === null
        ? null
        : {
            isEnabled: row.isEnabled && account.success,
            hasSession: row.hasSession,
            roleNow: account.success ? roleFrom({ ...row, account: account.data }) : null,
          },
    endpoint: row.endpointId === null ? null : { holds: row.endpointHolds },
  })
}
