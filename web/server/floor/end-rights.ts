/**
 * The one place where rights in meetings end. Whatever may end some (an account disabled, its role, hall or password changed, a
 * session revoked, a meeting edited, a hall removed) says in its transaction what it touched; a job then judges every place
 * this touches by what holds after the commit, and where one does not hold any more closes its sockets, takes the participant
 * out of the media room and makes their tokens worthless. Being a job it happens also when this process dies in between.
 */
import type { PlaceFault } from '@diemcau/core/access/place-fault.ts'
import type { MeetingRole } from '@diemcau/core/roles.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import { connectedIdentities } from '../meetings/presence-count.ts'
import type { Runtime } from '../runtime.ts'
import { judgePlaces, type Place } from './judge-places.ts'
import type { Ticket } from './ticket.ts'

/** What was touched: all places of an account, of a meeting, or of a hall in all meetings. */
export type TouchedRights = { userId: string } | { meetingId: string } | { hallId: string }

/** In the transaction that changes something; wake the jobs after its commit. */
export async function rightsChanged(tx: Tx, touched: TouchedRights): Promise<void> {
  await enqueueJob(tx, { kind: 'judge_places', ...touched })
}

/** What is wrong with a ticket that was good when it was given: `removed` is final, `ticket` asks for a new one. */
export async function ticketFault(tx: Tx, ticket: Ticket): Promise<'removed' | 'ticket' | null> {
  const [fault] = await judgePlaces(tx, [ticket])
  if (!fault) return null
  return fault === 'removed' ? 'removed' : 'ticket'
}

const isOpen = { status: { in: ['scheduled', 'live'] } }

async function whereTouched(tx: Tx, touched: TouchedRights): Promise<Prisma.MeetingParticipantWhereInput> {
  if ('userId' in touched) return { userId: touched.userId, meeting: isOpen }
  if ('meetingId' in touched) return { meetingId: touched.meetingId }
  const endpoints = await tx.meetingEndpoint.findMany({
    where: { hallId: touched.hallId, meeting: isOpen },
    select: { id: true },
  })
  return { endpointId: { in: endpoints.map(e => e.id) } }
}

/** Job. May run twice: places that hold are left alone, others are put out again. */
export async function endLostRights(runtime: Runtime, touched: TouchedRights): Promise<void> {
  const { db } = runtime
  const rows = await db.meetingParticipant.findMany({
    where: await whereTouched(db, touched),
    select: { meetingId: true, identity: true, role: true, userId: true, sessionId: true },
  })
  const places = rows.map((row): Place => ({ ...row, role: row.role as MeetingRole }))
  const faults = await judgePlaces(db, places)
  // Of one account there are few places; of a meeting or a hall only those who are in need be put out by name.
  const isAsked = 'userId' in touched
  const lost = places.flatMap((place, index) => {
    const fault = faults[index]
    return fault ? [{ place, fault }] : []
  })
  const inRoom = new Map<string, Set<string>>()
  for (const { meetingId } of lost.map(entry => entry.place))
    if (!inRoom.has(meetingId)) inRoom.set(meetingId, await connectedIdentities(db, meetingId))
  let failure: unknown
  for (const { place, fault } of lost)
    await endPlace(runtime, place, fault, isAsked || inRoom.get(place.meetingId)!.has(place.identity)).catch(
      error => {
        failure ??= error
      },
    )
  // The lobby's tickets have no row of a participant; their sockets are judged one by one.
  await runtime.broadcaster.judgeSockets()
  // One who could not be put out must not shield the others; the job comes again for them.
  if (failure !== undefined) throw failure
}

async function endPlace(runtime: Runtime, place: Place, fault: PlaceFault, isInRoom: boolean): Promise<void> {
  const { meetingId, identity } = place
  runtime.broadcaster.disconnect(meetingId, identity)
  // Who is still invited, as something else, comes back to the floor with a new ticket and need not lose the picture.
  if (isInRoom && fault !== 'role') await runtime.media.remove(meetingId, identity)
}

/**
 * Sessions also end where nobody calls us: they expire, and the library that keeps them has ways of its own. Run every few
 * seconds: one query that answers nothing as a rule.
 */
export async function endExpiredSessions(runtime: Runtime): Promise<void> {
  const isAny = await runtime.db.$transaction(async tx => {
    const gone = await tx.$queryRaw<{ userId: string }[]>`
      UPDATE "meeting_participant" p SET "sessionId" = NULL
      FROM "meeting" m
      WHERE m."id" = p."meetingId" AND m."status" IN ('scheduled', 'live') AND p."sessionId" IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM "session" s WHERE s."id" = p."sessionId" AND s."expiresAt" > now())
      RETURNING p."userId"`
    for (const userId of new Set(gone.map(row => row.userId))) if (userId) await rightsChanged(tx, { userId })
    return gone.length > 0
  })
  if (isAny) runtime.wakeJobs()
}
