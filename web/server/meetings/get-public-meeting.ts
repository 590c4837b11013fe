import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { roleInMeeting } from './access.ts'
import { presentIdentities } from './presence-count.ts'

/** What the check and watch pages may show to anybody who has the link; null when there is no such meeting. */
export async function getPublicMeeting(code: string, actor: Actor | null): Promise<PublicMeeting | null> {
  const { db } = getRuntime()
  const meeting = await db.meeting.findUnique({
    where: { code },
    include: { endpoints: { orderBy: { order: 'asc' } }, invitations: { select: { userId: true } } },
  })
  if (!meeting) return null
  const account = actor ? await db.user.findUnique({ where: { id: actor.userId } }) : null
  const role = actor ? roleInMeeting(actor, account?.hallId ?? null, meeting) : null
  const present = await presentIdentities(db, meeting.id)
  const speakers = await db.meetingParticipant.findMany({
    where: { meetingId: meeting.id, endpointId: { not: null }, identity: { in: [...present] } },
    select: { endpointId: true },
  })
  const taken = new Set(speakers.map(s => s.endpointId))
  return {
    code: meeting.code,
    title: meeting.title,
    kind: meeting.kind as PublicMeeting['kind'],
    status: meeting.status as PublicMeeting['status'],
    startsAt: meeting.startsAt.toISOString(),
    endsAt: meeting.endsAt.toISOString(),
    recorded: meeting.recorded,
    lobby: meeting.lobby,
    guestsAllowed: meeting.guestsAllowed,
    watchAllowed: meeting.watchAllowed,
    passcodeRequired: role === null,
    description: meeting.description,
    agenda: meeting.agenda,
    endpoints: meeting.endpoints.map(e => ({
      id: e.id,
      hall: e.hallName,
      unit: e.unitName,
      taken: taken.has(e.id),
    })),
    user: actor
      ? {
          name: actor.name,
          role: role ?? 'guest',
          endpointId:
            (account?.hallId && meeting.endpoints.find(e => e.hallId === account.hallId)?.id) || null,
        }
      : null,
  }
}
