import { createHash, timingSafeEqual } from 'node:crypto'
import { type JoinResult, joinRequest } from '@diemcau/core/contracts/join.ts'
import type { MeetingStatus } from '@diemcau/core/contracts/meeting.ts'
import {
  formatEndpointName,
  identityOf,
  type ParticipantAttributes,
} from '@diemcau/core/contracts/participant.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import {
  type AdmissionDecision,
  type AdmissionFacts,
  decideAdmission,
} from '@diemcau/core/meeting/admission.ts'
import type { MeetingRole } from '@diemcau/core/roles.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'
import { clearAttempts, takeAttempt } from '../accounts/attempts.ts'
import { networkOf } from '../client-address.ts'
import { appendToFloor } from '../floor/floor-log.ts'
import { signTicket } from '../floor/ticket.ts'
import { mintJoinToken, publicMediaUrl } from '../media/mint-join-token.ts'
import { getRuntime, type Runtime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { roleInMeeting } from './access.ts'
import { goLiveWhenOpen } from './go-live.ts'
import { startOfLocalDay } from './local-day.ts'
import { presentIdentities } from './presence-count.ts'

/** Where the request came from. */
export interface JoinOrigin {
  ip: string
  /** `Host` header. */
  host: string
  secure: boolean
}

const include = {
  invitations: { select: { userId: true } },
  endpoints: true,
} as const
type JoinMeeting = Prisma.MeetingGetPayload<{ include: typeof include }>

const passcodeLimit = { max: 10, windowMs: 10 * 60_000, lockMs: 10 * 60_000 }

/**
 * Admits, refuses, or sends to the lobby. @throws AppError `invalid_input` for a malformed request only; a refusal is
 * an expected answer.
 */
export async function joinMeeting(
  code: string,
  rawRequest: unknown,
  actor: Actor | null,
  origin: JoinOrigin,
): Promise<JoinResult> {
  const runtime = getRuntime()
  const parsed = joinRequest.safeParse(rawRequest)
  if (!parsed.success) throw new AppError('invalid_input', parsed.error.message)
  const request = parsed.data
  const { db, config } = runtime
  const meeting = await db.meeting.findUnique({ where: { code }, include })
  if (!meeting) return { status: 'refused', reason: 'not_found' }

  const account = actor
    ? await db.user.findUnique({ where: { id: actor.userId }, include: { unit: true } })
    : null
  const isViewer = request.as === 'viewer'
  const invitedRole = actor && !isViewer ? roleInMeeting(actor, account?.hallId ?? null, meeting) : null
  const identity = identityFor(meeting.id, request.deviceId, actor, isViewer)
  const where = { meetingId_identity: { meetingId: meeting.id, identity } }
  const [known, removed, lobby, present] = await Promise.all([
    db.meetingParticipant.findUnique({ where }),
    db.removedIdentity.findUnique({ where }),
    db.lobbyRequestRow.findUnique({ where }),
    presentIdentities(db, meeting.id),
  ])
  // Whom the chair let in keeps the name that was shown to the chair.
  const admittedAs = invitedRole === null && !isViewer && lobby?.status === 'admitted' ? lobby : null
  const personName = admittedAs?.name ?? actor?.name ?? request.name ?? ''
  const facts: AdmissionFacts = {
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
    known: known !== null,
    removed: removed !== null,
    lobbyAnswer: (lobby?.status ?? 'none') as 'none' | 'waiting' | 'admitted' | 'denied',
    passcodeRight:
      !isViewer && invitedRole === null && meeting.guestsAllowed
        ? await checkPasscode(runtime, meeting, request.passcode ?? '', origin.ip)
        : true,
    hasName: personName !== '' || isViewer,
    present: present.size,
    isPresent: present.has(identity),
  }
  const decision = decideAdmission(facts)
  if (decision.kind === 'refuse') return refusal(runtime, meeting.id, decision)

  const wanted =
    meeting.endpoints.find(e => e.id === request.endpointId) ??
    (account?.hallId ? meeting.endpoints.find(e => e.hallId === account.hallId) : undefined)
  const endpoint = admittedAs && wanted && wanted.unitName !== admittedAs.unit ? undefined : wanted
  const hall = endpoint?.hallName ?? personName
  const unit = endpoint?.unitName ?? admittedAs?.unit ?? request.unit ?? account?.unit?.name ?? ''
  const name = isViewer ? personName : formatEndpointName(hall, unit)
  const person = { identity, name, userId: actor?.userId ?? null }
  if (decision.kind === 'wait') {
    const requestId = await askLobby(runtime, meeting.id, person, personName, unit)
    const ticket = await signTicket(
      { kind: 'lobby', meetingId: meeting.id, role: 'guest', ...person },
      config.authSecret,
    )
    return { status: 'waiting', ticket, requestId }
  }

  const { role } = decision
  const order = protocolOrder(role, endpoint?.order)
  const attributes: ParticipantAttributes = {
    role,
    hall,
    unit,
    endpointId: endpoint?.id ?? '',
    order: String(order),
  }
  const row = {
    userId: person.userId,
    name: personName,
    displayName: name,
    role,
    hall,
    unit,
    endpointId: endpoint?.id ?? null,
    order,
    lastJoinAt: new Date(),
  }
  const late = await takePlace(runtime, facts, { meetingId: meeting.id, identity, ...row })
  if (late) return refusal(runtime, meeting.id, late)
  await prepareRoom(runtime, meeting, isViewer)
  return {
    status: 'admitted',
    serverUrl: publicMediaUrl(config.livekit, origin),
    token: await mintJoinToken(config.livekit, { room: meeting.id, identity, name, attributes }),
    ticket: await signTicket({ kind: 'floor', meetingId: meeting.id, role, ...person }, config.authSecret),
    identity,
    name,
    role,
    meeting: {
      id: meeting.id,
      code: meeting.code,
      title: meeting.title,
      recorded: meeting.recorded,
      kind: meeting.kind,
    },
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

/** Smaller stands first: the chair and the secretary, the halls in protocol order, then everybody else. */
export function protocolOrder(role: MeetingRole, endpointOrder: number | undefined): number {
  if (role === 'chair') return 0
  if (role === 'secretary') return 1
  if (endpointOrder !== undefined) return 10 + endpointOrder
  return role === 'operator' ? 100_000 : role === 'delegate' ? 200_000 : 300_000
}

type Refusal = Extract<AdmissionDecision, { kind: 'refuse' }>

function refusal(runtime: Runtime, meetingId: string, { reason, opensAt }: Refusal): JoinResult {
  runtime.log.info({ meetingId, reason }, 'join refused')
  return {
    status: 'refused',
    reason,
    ...(opensAt === undefined ? {} : { opensAt: new Date(opensAt).toISOString() }),
  }
}

/**
 * Writes the participant down, or answers why not. For participants what may have changed since the first look is looked
 * at again under the meeting's lock, so that two who take the last place at once do not both get it, and nobody slips
 * in beside a lock, a removal or the end. Viewers take no place and need not queue.
 */
async function takePlace(
  runtime: Runtime,
  facts: AdmissionFacts,
  row: Prisma.MeetingParticipantUncheckedCreateInput,
): Promise<Refusal | null> {
  const { meetingId, identity } = row
  const where = { meetingId_identity: { meetingId, identity } }
  const write = async (tx: Tx): Promise<void> => {
    await tx.meetingParticipant.upsert({ where, create: row, update: row })
  }
  if (facts.as === 'viewer') {
    await write(runtime.db)
    return null
  }
  return await appendToFloor(runtime, meetingId, async ({ tx, meeting }) => {
    const present = await presentIdentities(tx, meetingId)
    const decision = decideAdmission({
      ...facts,
      meeting: {
        ...facts.meeting,
        status: meeting.status as MeetingStatus,
        locked: meeting.locked,
        capacity: meeting.capacity,
      },
      removed: (await tx.removedIdentity.findUnique({ where })) !== null,
      present: present.size,
      isPresent: present.has(identity),
    })
    if (decision.kind === 'refuse') return decision
    await write(tx)
    return null
  })
}

/** Null when this address has guessed too often. An empty passcode is no guess. */
async function checkPasscode(
  runtime: Runtime,
  meeting: { id: string; passcode: string },
  passcode: string,
  ip: string,
): Promise<boolean | null> {
  if (passcode === '') return false
  const key = `passcode:${meeting.id}:${networkOf(ip)}`
  if (await takeAttempt(runtime.db, key, passcodeLimit)) return null
  const given = Buffer.from(passcode.padEnd(16))
  const right = Buffer.from(meeting.passcode.padEnd(16))
  if (given.length !== right.length || !timingSafeEqual(given, right)) return false
  await clearAttempts(runtime.db, key)
  return true
}

/** One request a person; asking again (a reload) keeps the place in the queue. */
async function askLobby(
  runtime: Runtime,
  meetingId: string,
  person: { identity: string },
  name: string,
  unit: string,
): Promise<string> {
  return await appendToFloor(runtime, meetingId, async ({ tx, now, emit }) => {
    const where = { meetingId_identity: { meetingId, identity: person.identity } }
    const existing = await tx.lobbyRequestRow.findUnique({ where })
    if (existing) return existing.id
    const id = newId<string>('LR_')
    await tx.lobbyRequestRow.create({
      data: { id, meetingId, identity: person.identity, name, unit, at: now },
    })
    const request = { id, identity: person.identity, name, unit, at: now.toISOString() }
    emit({ type: 'lobby_requested', request }, { audience: 'moderators' })
    return id
  })
}

/** The media server makes a room by itself at the first join; made here it also carries the title. */
async function prepareRoom(runtime: Runtime, meeting: JoinMeeting, isViewer: boolean): Promise<void> {
  if (isViewer) return
  await goLiveWhenOpen(runtime, meeting.id)
  await runtime.media
    .ensureRoom(meeting.id, { title: meeting.title, recorded: meeting.recorded })
    .catch(error => runtime.log.warn({ meetingId: meeting.id, err: error }, 'room not prepared'))
}
