import { AppError } from '@diemcau/core/errors.ts'
import { maySchedule } from '@diemcau/core/roles.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor, Clashes } from '../types.ts'

/** What the form asks: who and which halls would take part, and when. Times are ISO. */
export interface ClashQuery {
  hallIds: string[]
  /** Chair, secretary and people invited by name. */
  userIds: string[]
  startsAt: string
  endsAt: string
  /** The meeting being edited. */
  exceptId: string | null
}

/**
 * Halls and people of the form that another meeting has at the same time, in whatever part they have there; a warning, not
 * a refusal. People who sit in a chosen hall count as well: they are invited with it.
 */
export async function findClashes(actor: Actor, query: ClashQuery): Promise<Clashes> {
  if (!maySchedule(actor.role)) throw new AppError('forbidden', 'may not schedule')
  const startsAt = new Date(query.startsAt)
  const endsAt = new Date(query.endsAt)
  if (Number.isNaN(startsAt.getTime()) || Number.isNaN(endsAt.getTime())) return { halls: [], people: [] }
  const { db } = getRuntime()
  const [meetings, users] = await Promise.all([
    db.meeting.findMany({
      where: {
        id: { not: query.exceptId ?? '' },
        status: { in: ['scheduled', 'live'] },
        startsAt: { lt: endsAt },
        endsAt: { gt: startsAt },
      },
      select: {
        title: true,
        chairId: true,
        secretaryId: true,
        endpoints: { select: { hallId: true } },
        invitations: { select: { userId: true } },
      },
      orderBy: [{ startsAt: 'asc' }, { id: 'asc' }],
    }),
    db.user.findMany({
      where: { disabledAt: null, OR: [{ id: { in: query.userIds } }, { hallId: { in: query.hallIds } }] },
      select: { id: true, name: true },
      orderBy: { name: 'asc' },
    }),
  ])
  /** The first meeting that has each. */
  const hallTitles = new Map<string, string>()
  const userTitles = new Map<string, string>()
  const note = (titles: Map<string, string>, id: string | null, title: string) => {
    if (id !== null && !titles.has(id)) titles.set(id, title)
  }
  for (const meeting of meetings) {
    for (const { hallId } of meeting.endpoints) note(hallTitles, hallId, meeting.title)
    for (const { userId } of meeting.invitations) note(userTitles, userId, meeting.title)
    for (const userId of [meeting.chairId, meeting.secretaryId]) note(userTitles, userId, meeting.title)
  }
  return {
    halls: query.hallIds.flatMap(hallId => {
      const title = hallTitles.get(hallId)
      return title === undefined ? [] : [{ hallId, title }]
    }),
    people: users.flatMap(({ id, name }) => {
      const title = userTitles.get(id)
      return title === undefined ? [] : [{ userId: id, name, title }]
    }),
  }
}
