import { type JoinResult, joinRequest } from '@diemcau/core/contracts/join.ts'
import type { MeetingStatus } from '@diemcau/core/contracts/meeting.ts'
import { formatEndpointName, type ParticipantAttributes } from '@diemcau/core/contracts/participant.ts'
import { AppError } from '@diemcau/core/errors.ts'
import {
  type AdmissionDecision,
  type AdmissionFacts,
  decideAdmission,
} from '@diemcau/core/meeting/admission.ts'
import type { MeetingRole } from '@diemcau/core/roles.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'
import { appendToFloor } from '../floor/floor-log.ts'
import { signTicket } from '../floor/ticket.ts'
import { mintJoinToken, publicMediaUrl } from '../media/mint-join-token.ts'
import { roomSettings } from '../media/room-settings.ts'
import { getRuntime, type Runtime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { askLobby } from './ask-lobby.ts'
import { goLiveWhenOpen } from './go-live.ts'
import { rememberHallDevice } from './hall-device.ts'
import {
  countPlaces,
  gatherJoin,
  type JoinCase,
  type JoinMeeting,
  type JoinOrigin,
  joinInclude,
} from './join-facts.ts'

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
  if (request.withAccount && actor === null) return { status: 'refused', reason: 'signed_out' }
  const meeting = await runtime.db.meeting.findUnique({ where: { code }, include: joinInclude })
  if (!meeting) return { status: 'refused', reason: 'not_found' }
  const join = await gatherJoin(runtime, meeting, request, actor, origin)
  const decision = decideAdmission(join.facts)
  if (decision.kind === 'refuse') return refusal(runtime, meeting.id, decision)
  if (decision.kind === 'wait') return await waitAtDoor(runtime, join, request.unit ?? '', decision.why)
  return await admit(runtime, join, request.unit ?? '', decision.role, origin)
}

/** What stands on the tile: the hall they speak for, or the person. */
function nameOnTile(join: JoinCase, givenUnit: string): { hall: string; unit: string; name: string } {
  const endpoint = join.hall.kind === 'proved' ? join.hall.endpoint : undefined
  const hall = endpoint?.hallName ?? join.personName
  const unit = endpoint?.unitName ?? (join.admittedAs?.unit || givenUnit || join.accountUnit)
  return { hall, unit, name: join.isViewer ? join.personName : formatEndpointName(hall, unit) }
}

async function waitAtDoor(
  runtime: Runtime,
  join: JoinCase,
  givenUnit: string,
  why: Extract<AdmissionDecision, { kind: 'wait' }>['why'],
): Promise<JoinResult> {
  const { unit, name } = nameOnTile(join, givenUnit)
  const requestId = await askLobby(runtime, join, { unit, isInvited: why === 'locked' })
  const ticket = await signTicket(
    {
      kind: 'lobby',
      meetingId: join.meeting.id,
      role: join.invitedRole ?? 'guest',
      identity: join.identity,
      name,
      userId: join.actor?.userId ?? null,
      sessionId: join.actor?.sessionId ?? null,
    },
    runtime.config.authSecret,
  )
  return { status: 'waiting', ticket, requestId }
}

async function admit(
  runtime: Runtime,
  join: JoinCase,
  givenUnit: string,
  role: MeetingRole,
  origin: JoinOrigin,
): Promise<JoinResult> {
  const { config } = runtime
  const { meeting, identity, isViewer, actor } = join
  const proof = join.hall.kind === 'proved' ? join.hall : null
  const { hall, unit, name } = nameOnTile(join, givenUnit)
  const order = protocolOrder(role, proof?.endpoint.order)
  const attributes: ParticipantAttributes = {
    role,
    hall,
    unit,
    endpointId: proof?.endpoint.id ?? '',
    order: String(order),
  }
  const person = { userId: actor?.userId ?? null, sessionId: actor?.sessionId ?? null }
  const late = await takePlace(runtime, join, {
    meetingId: meeting.id,
    identity,
    ...person,
    name: join.personName,
    displayName: name,
    role,
    hall,
    unit,
    endpointId: proof?.endpoint.id ?? null,
    endpointBy: proof?.by ?? null,
    order,
    network: join.network,
    lastJoinAt: new Date(),
  })
  if (late?.kind === 'refuse') return refusal(runtime, meeting.id, late)
  if (late?.kind === 'wait') return await waitAtDoor(runtime, join, givenUnit, late.why)
  if (proof && (proof.by === 'code' || proof.by === 'moderator')) await rememberDevice(runtime, join, origin)
  await prepareRoom(runtime, meeting, isViewer)
  const isHeld = meeting.microphonesHeld && !(join.known?.mayUnmute ?? false)
  return {
    status: 'admitted',
    serverUrl: publicMediaUrl(config.livekit, origin),
    token: await mintJoinToken(config.livekit, {
      room: meeting.id,
      identity,
      name,
      attributes,
      sessionId: person.sessionId,
      isMicrophoneHeld: isHeld,
      settings: roomSettings(meeting),
    }),
    ticket: await signTicket(
      { kind: 'floor', meetingId: meeting.id, role, identity, name, ...person },
      config.authSecret,
    ),
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

/** A guest's browser that proved to be of a hall, or was confirmed, is known from now on. Accounts prove it by themselves. */
async function rememberDevice(runtime: Runtime, join: JoinCase, origin: JoinOrigin): Promise<void> {
  if (join.hall.kind !== 'proved' || join.hall.endpoint.hallId === null || join.actor !== null) return
  const cookie = await rememberHallDevice(runtime.db, runtime.config, {
    id: origin.hallDevice ?? null,
    hallId: join.hall.endpoint.hallId,
    confirmedBy: join.hall.by === 'code' ? 'code' : 'moderator',
  })
  origin.setCookie?.(cookie)
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
  { facts, isViewer }: JoinCase,
  row: Prisma.MeetingParticipantUncheckedCreateInput,
): Promise<Exclude<AdmissionDecision, { kind: 'admit' }> | null> {
  const { meetingId, identity } = row
  const where = { meetingId_identity: { meetingId, identity } }
  const write = async (tx: Tx): Promise<void> => {
    await tx.meetingParticipant.upsert({ where, create: row, update: row })
  }
  if (isViewer) {
    await write(runtime.db)
    return null
  }
  return await appendToFloor(runtime, meetingId, async ({ tx, meeting }) => {
    const now: AdmissionFacts = {
      ...facts,
      meeting: {
        ...facts.meeting,
        status: meeting.status as MeetingStatus,
        locked: meeting.locked,
        capacity: meeting.capacity,
      },
      removed: (await tx.removedIdentity.findUnique({ where })) !== null,
      places: await countPlaces(tx, meeting, identity, false),
    }
    const decision = decideAdmission(now)
    if (decision.kind !== 'admit') return decision
    await write(tx)
    return null
  })
}

/** The room is made before anybody comes, whoever it is that comes first; the token says the same should this fail. */
async function prepareRoom(runtime: Runtime, meeting: JoinMeeting, isViewer: boolean): Promise<void> {
  if (!isViewer) await goLiveWhenOpen(runtime, meeting.id)
  await runtime.media
    .ensureRoom(meeting.id, roomSettings(meeting))
    .catch(error => runtime.log.warn({ meetingId: meeting.id, err: error }, 'room not prepared'))
}
