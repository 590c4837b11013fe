import { AppError } from '@diemcau/core/errors.ts'
import { maySchedule } from '@diemcau/core/roles.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'

/** Halls of the form that another meeting has at the same time; a warning, not a refusal. */
export async function findHallClashes(
  actor: Actor,
  query: { hallIds: string[]; startsAt: string; endsAt: string; exceptId: string | null },
): Promise<{ hallId: string; title: string }[]> {
  if (!maySchedule(actor.role)) throw new AppError('forbidden', 'may not schedule')
  const startsAt = new Date(query.startsAt)
  const endsAt = new Date(query.endsAt)
  if (Number.isNaN(startsAt.getTime()) || Number.isNaN(endsAt.getTime()) || query.hallIds.length === 0)
    return []
  const rows = await getRuntime().db.meetingEndpoint.findMany({
    where: {
      hallId: { in: query.hallIds },
      meeting: {
        id: { not: query.exceptId ?? '' },
        status: { in: ['scheduled', 'live'] },
        startsAt: { lt: endsAt },
        endsAt: { gt: startsAt },
      },
    },
    include: { meeting: { select: { title: true } } },
  })
  return rows.flatMap(r => (r.hallId ? [{ hallId: r.hallId, title: r.meeting.title }] : []))
}
