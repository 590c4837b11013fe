import { isModerator } from '@diemcau/core/roles.ts'
import { hallOf, roleInMeeting } from '../meetings/access.ts'
import { queryMeetings } from '../meetings/list-meetings.ts'
import { queryRecordings } from '../recordings/list-recordings.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor, HomeView } from '../types.ts'

/** Today at a glance: what runs, what comes, who waits at a door this person may open, the newest recordings. */
export async function getHome(actor: Actor): Promise<HomeView> {
  const { db } = getRuntime()
  const [live, next, recordings, hallId] = await Promise.all([
    queryMeetings(db, actor, { where: { status: 'live' }, orderBy: { startsAt: 'asc' }, take: 20 }),
    queryMeetings(db, actor, {
      where: { status: 'scheduled', endsAt: { gte: new Date() } },
      orderBy: { startsAt: 'asc' },
      take: 8,
    }),
    queryRecordings(db, actor, {}, 6),
    hallOf(db, actor.userId),
  ])
  const counts = await db.lobbyRequestRow.groupBy({
    by: ['meetingId'],
    where: { status: 'waiting', meetingId: { in: [...live, ...next].map(m => m.id) } },
    _count: true,
  })
  const doors = await db.meeting.findMany({
    where: { id: { in: counts.map(c => c.meetingId) } },
    include: { invitations: { select: { userId: true } }, endpoints: { select: { hallId: true } } },
  })
  const waiting = doors.flatMap(meeting => {
    const role = roleInMeeting(actor, hallId, meeting)
    const lobby = counts.find(c => c.meetingId === meeting.id)?._count ?? 0
    return role !== null && isModerator(role) ? [{ meetingId: meeting.id, title: meeting.title, lobby }] : []
  })
  return { live, next, waiting, recordings }
}
