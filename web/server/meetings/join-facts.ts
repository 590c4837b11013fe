/** Everything a join is decided by: who asks, from where, for which hall, and what the meeting knows of them. */
import { createHash, createHmac } from 'node:crypto'
import type { JoinRequest } from '@diemcau/core/contracts/join.ts'
import type { MeetingStatus } from '@diemcau/core/contracts/meeting.ts'
import { identityOf } from '@diemcau/core/contracts/participant.ts'
import type { AdmissionFacts, Places } from '@diemcau/core/meeting/admission.ts'
import { type HallVerdict, hallOfJoin } from '@diemcau/core/meeting/hall-proof.ts'
import { networkOf } from '@diemcau/core/net/network-of.ts'
import { isModerator, type MeetingRole } from '@diemcau/core/roles.ts'
import { fold } from '@diemcau/core/text/fold.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'
import type { Runtime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { roleInMeeting } from './access.ts'
import { type CodeVerdict, checkCode, isHallCode } from './check-code.ts'
import { hallsOfDevice } from './hall-device.ts'
import { startOfLocalDay } from './local-day.ts'
import { connectedIdentities, identitiesWithPlace } from './presence-count.ts'

/** Where the request came from. */
export interface JoinOrigin {
  ip: string
  /** `Host` header. */
  host: string
  secure: boolean
  /** The device of the hall cookie, if it is a good one. */
  hallDevice?: string | null
  /** Called with the `Set-Cookie` line when this browser was confirmed for a hall. */
  setCookie?: (line: string) => void
}

export const joinInclude = {
  invitations: { select: { userId: true } },
  endpoints: { orderBy: { order: 'asc' } },
} as const
export type JoinMeeting = Prisma.MeetingGetPayload<{ include: typeof joinInclude }>
type Endpoint = JoinMeeting['endpoints'][number]

/** Places of one room on the media server (`participantsPerRoom` of docs/limits.md), and how many stay free for servants of it. */
const ROOM_PLACES = 3_000
const SPARE_PLACES = 50

export interface JoinCase {
  meeting: JoinMeeting
  identity: string
  isViewer: boolean
  actor: Actor | null
  invitedRole: MeetingRole | null
  accountUnit: string
  personName: string
  /** Name and unit under which a moderator let them in; they keep these. */
  admittedAs: { name: string; unit: string } | null
  hall: HallVerdict<Endpoint>
  known: Prisma.MeetingParticipantGetPayload<object> | null
  /** Name of somebody put out who this may be. */
  resembles: string | null
  network: string
  facts: AdmissionFacts
}

export async function gatherJoin(
  runtime: Runtime,
  meeting: JoinMeeting,
  request: JoinRequest,
  actor: Actor | null,
  origin: JoinOrigin,
): Promise<JoinCase> {
  const { db, config } = runtime
  const isViewer = request.as === 'viewer'
  const account = actor
    ? await db.user.findUnique({ where: { id: actor.userId }, include: { unit: true } })
    : null
  const accountHallId = account?.hallId ?? null
  const invitedRole = actor && !isViewer ? roleInMeeting(actor, accountHallId, meeting) : null
  const identity = identityFor(meeting.id, request.deviceId, actor, isViewer)
  const where = { meetingId_identity: { meetingId: meeting.id, identity } }
  const [known, removed, lobby, removals, deviceHallIds, places] = await Promise.all([
    db.meetingParticipant.findUnique({ where }),
    db.removedIdentity.findUnique({ where }),
    db.lobbyRequestRow.findUnique({ where }),
    isViewer ? [] : db.removedIdentity.findMany({ where: { meetingId: meeting.id } }),
    hallsOfDevice(db, isViewer ? null : (origin.hallDevice ?? null)),
    countPlaces(db, meeting, identity, isViewer),
  ])
  const network = networkKey(runtime, meeting.id, origin.ip)
  const isAnswered = lobby?.status === 'admitted'
  // Who is invited, was in before or is let in by name needs no code, and types one only to speak for a hall.
  const isLetIn = invitedRole !== null || known !== null || isAnswered
  const needsNoCode = isViewer || (isLetIn && !isHallCode(request.passcode ?? ''))
  const code: CodeVerdict<Endpoint> = needsNoCode
    ? { kind: 'meeting' }
    : await checkCode(runtime, meeting, request.passcode ?? '', { network, device: identity })
  const hall: HallVerdict<Endpoint> = isViewer
    ? { kind: 'none' }
    : hallOfJoin({
        endpoints: meeting.endpoints,
        wantedId: request.endpointId,
        byCode: code.kind === 'hall' ? code.endpoint : undefined,
        typedHallCode: isHallCode(request.passcode ?? ''),
        accountHallId,
        deviceHallIds,
        before: known,
        claim: isAnswered ? { endpointId: lobby.claimEndpointId, isConfirmed: lobby.claimConfirmed } : null,
        isModerator: invitedRole !== null && isModerator(invitedRole),
      })
  // Whom the chair let in keeps the name that was shown to the chair.
  const admittedAs = invitedRole === null && !isViewer && isAnswered ? lobby : null
  const personName = admittedAs?.name ?? actor?.name ?? request.name ?? ''
  const resembles =
    removed === null && invitedRole === null && hall.kind !== 'proved'
      ? (removals.find(r => (r.network !== '' && r.network === network) || isSameName(r.name, personName))
          ?.name ?? null)
      : null
  // An answer about one claim is none about another.
  const isOtherClaim = hall.kind === 'claimed' && lobby?.claimEndpointId !== hall.endpoint.id
  const lobbyAnswer = isOtherClaim || !lobby || lobby.status === 'left' ? 'none' : lobby.status
  return {
    meeting,
    identity,
    isViewer,
    actor,
    invitedRole,
    accountUnit: account?.unit?.name ?? '',
    personName,
    admittedAs,
    hall,
    known,
    resembles,
    network,
    facts: {
      now: Date.now(),
      dayStart: startOfLocalDay(meeting.startsAt, config.timeZone),
      meeting: {
        status: meeting.status as MeetingStatus,
        startsAt: meeting.startsAt.getTime(),
        locked: meeting.locked,
        guestsAllowed: meeting.guestsAllowed,
        watchAllowed: meeting.watchAllowed,
        lobby: meeting.lobby,
        capacity: meeting.capacity,
      },
      as: request.as,
      invitedRole,
      hall: hall.kind === 'refused' ? 'none' : hall.kind,
      known: known !== null,
      removed: removed !== null,
      resemblesRemoved: resembles !== null,
      lobbyAnswer: lobbyAnswer as AdmissionFacts['lobbyAnswer'],
      passcodeRight: code.kind === 'blocked' ? null : code.kind === 'meeting' || code.kind === 'hall',
      hasName: personName !== '' || isViewer,
      places,
    },
  }
}

export async function countPlaces(
  tx: Tx,
  meeting: { id: string; chairId: string; secretaryId: string | null; capacity: number },
  identity: string,
  isViewer: boolean,
): Promise<Places> {
  const mostViewers = Math.max(0, ROOM_PLACES - meeting.capacity - SPARE_PLACES)
  if (isViewer) {
    const connected = await connectedIdentities(tx, meeting.id)
    const viewers = [...connected].filter(one => one.startsWith('viewer:')).length
    const isPresent = connected.has(identity)
    return { present: 0, isPresent, hallsToCome: 0, moderatorsToCome: 0, viewers, mostViewers }
  }
  const taken = await identitiesWithPlace(tx, meeting.id)
  const seated = await tx.meetingParticipant.findMany({
    where: { meetingId: meeting.id, identity: { in: [...taken] }, endpointId: { not: null } },
    select: { endpointId: true },
    distinct: ['endpointId'],
  })
  const halls = await tx.meetingEndpoint.count({ where: { meetingId: meeting.id } })
  const runsIt = [meeting.chairId, meeting.secretaryId].filter(id => id !== null)
  return {
    present: taken.size,
    isPresent: taken.has(identity),
    hallsToCome: Math.max(0, halls - seated.length),
    moderatorsToCome: runsIt.filter(id => !taken.has(identityOf('user', id))).length,
    viewers: 0,
    mostViewers,
  }
}

/**
 * The device id is the guest's secret, the identity is seen by all: only its hash becomes public, so that nobody can
 * take another guest's place by reading their identity.
 */
function identityFor(meetingId: string, deviceId: string, actor: Actor | null, isViewer: boolean): string {
  const hash = createHash('sha256').update(`${meetingId} ${deviceId}`).digest('base64url').slice(0, 16)
  if (isViewer) return identityOf('viewer', hash)
  return actor ? identityOf('user', actor.userId) : identityOf('guest', hash)
}

/** Tells only whether two came from one network to one meeting; the address itself is not kept. */
const networkKey = (runtime: Runtime, meetingId: string, ip: string): string =>
  createHmac('sha256', runtime.config.authSecret)
    .update(`${meetingId} ${networkOf(ip)}`)
    .digest('base64url')
    .slice(0, 16)

const isSameName = (a: string, b: string): boolean => a !== '' && fold(a) === fold(b)
