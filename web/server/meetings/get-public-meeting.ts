import type { PublicMeeting } from '@diemcau/core/contracts/join.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { roleInMeeting } from './access.ts'
import { hallsOfDevice } from './hall-device.ts'
import { identitiesWithPlace } from './presence-count.ts'

const capturing = ['requested', 'starting', 'recording', 'stopping']

/**
 * What the check and watch pages may show to anybody who has the link; null when there is no such meeting. A link is passed on
 * easily: of a meeting that is not public it gives no more than what somebody needs to ask to be let in. The agenda comes
 * with the floor's first snapshot, to those who are in.
 */
export async function getPublicMeeting(
  code: string,
  actor: Actor | null,
  hallDevice: string | null = null,
): Promise<PublicMeeting | null> {
  const { db } = getRuntime()
  const meeting = await db.meeting.findUnique({
    where: { code },
    include: { endpoints: { orderBy: { order: 'asc' } }, invitations: { select: { userId: true } } },
  })
  if (!meeting) return null
  const account = actor ? await db.user.findUnique({ where: { id: actor.userId } }) : null
  const role = actor ? roleInMeeting(actor, account?.hallId ?? null, meeting) : null
  const isInvited = role !== null
  const deviceHalls = await hallsOfDevice(db, hallDevice)
  const deviceEndpoint = meeting.endpoints.find(e => e.hallId !== null && deviceHalls.has(e.hallId)) ?? null
  // Halls may come by their own codes where guests may not; the list of them is for whoever may choose one.
  const present = await identitiesWithPlace(db, meeting.id)
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
    endedAt: meeting.endedAt?.toISOString() ?? null,
    recorded: meeting.recorded,
    recordingNow:
      (await db.recording.count({ where: { meetingId: meeting.id, status: { in: capturing } } })) > 0,
    lobby: meeting.lobby,
    guestsAllowed: meeting.guestsAllowed,
    watchAllowed: meeting.watchAllowed,
    passcodeRequired: role === null && deviceEndpoint === null,
    description: isInvited || meeting.watchAllowed ? meeting.description : '',
    agenda: isInvited ? meeting.agenda : '',
    endpoints: meeting.endpoints.map(e => ({
      id: e.id,
      hall: e.hallName,
      unit: e.unitName,
      taken: taken.has(e.id),
    })),
    deviceEndpointId: deviceEndpoint?.id ?? null,
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
