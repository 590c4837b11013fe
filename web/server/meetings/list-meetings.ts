import type { MeetingKind, MeetingStatus, MeetingSummary } from '@diemcau/core/contracts/meeting.ts'
import { doorsOpenAt } from '@diemcau/core/meeting/admission.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'
import { getRuntime } from '../runtime.ts'
import { type HasWord, searchFilter } from '../search.ts'
import type { Actor } from '../types.ts'
import { hallOf, permissions, roleInMeeting, visibleMeetings } from './access.ts'
import { startOfLocalDay } from './local-day.ts'

export interface MeetingFilter {
  scope: 'today' | 'upcoming' | 'past' | 'all'
  /** Words of the title, of the code or of the chair's name. */
  q?: string
}

const DAY_MS = 86_400_000
const include = {
  invitations: { select: { userId: true } },
  endpoints: { select: { hallId: true } },
} as const
type Row = Prisma.MeetingGetPayload<{ include: typeof include }>

export function toSummary(actor: Actor, hallId: string | null, row: Row, chairName: string): MeetingSummary {
  const role = roleInMeeting(actor, hallId, row)
  return {
    id: row.id,
    code: row.code,
    title: row.title,
    kind: row.kind as MeetingKind,
    status: row.status as MeetingStatus,
    startsAt: row.startsAt.toISOString(),
    endsAt: row.endsAt.toISOString(),
    chairName,
    endpointCount: row.endpoints.length,
    recorded: row.recorded,
    opensAt: new Date(
      doorsOpenAt(row.startsAt.getTime(), startOfLocalDay(row.startsAt, getRuntime().config.timeZone), role),
    ).toISOString(),
    may: permissions(actor, role, row),
  }
}

function scopeFilter(scope: MeetingFilter['scope'], now: Date, timeZone: string): Prisma.MeetingWhereInput {
  if (scope === 'all') return {}
  if (scope === 'past')
    return { OR: [{ status: { in: ['ended', 'cancelled'] } }, { endsAt: { lt: now }, status: 'scheduled' }] }
  if (scope === 'upcoming')
    return { status: { in: ['scheduled', 'live'] }, OR: [{ endsAt: { gte: now } }, { status: 'live' }] }
  const dayStart = startOfLocalDay(now, timeZone)
  return {
    OR: [
      { status: 'live' },
      { startsAt: { lt: new Date(dayStart + DAY_MS) }, endsAt: { gte: new Date(dayStart) } },
    ],
  }
}

/** At most 200; what comes next first, except the past, which is newest first. */
export async function listMeetings(actor: Actor, filter: MeetingFilter): Promise<MeetingSummary[]> {
  const { db, config } = getRuntime()
  return await queryMeetings(db, actor, {
    where: {
      AND: [
        scopeFilter(filter.scope, new Date(), config.timeZone),
        ...(await searchFilter<Prisma.MeetingWhereInput>(db, filter.q, async word => [
          { search: word },
          { chairId: { in: await idsOfUsers(db, word) } },
        ])),
      ],
    },
    orderBy: { startsAt: filter.scope === 'past' || filter.scope === 'all' ? 'desc' : 'asc' },
    take: 200,
  })
}

async function idsOfUsers(tx: Tx, word: HasWord): Promise<string[]> {
  const users = await tx.user.findMany({ where: { search: word }, select: { id: true } })
  return users.map(user => user.id)
}

/** The only way lists of meetings are read: what the actor may not see is taken out by the query. */
export async function queryMeetings(
  tx: Tx,
  actor: Actor,
  query: { where: Prisma.MeetingWhereInput; orderBy: Prisma.MeetingOrderByWithRelationInput; take: number },
): Promise<MeetingSummary[]> {
  const hallId = await hallOf(tx, actor.userId)
  const rows = await tx.meeting.findMany({
    ...query,
    where: { AND: [query.where, visibleMeetings(actor, hallId)] },
    include,
  })
  const chairs = await tx.user.findMany({
    where: { id: { in: rows.map(r => r.chairId) } },
    select: { id: true, name: true },
  })
  const names = new Map(chairs.map(c => [c.id, c.name]))
  return rows.map(row => toSummary(actor, hallId, row, names.get(row.chairId) ?? ''))
}
