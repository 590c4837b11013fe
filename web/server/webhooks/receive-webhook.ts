/**
 * Webhooks of the media server: at least once, possibly late. The inbox row and everything the event causes are one
 * transaction, so that a repeated delivery finds the id taken and a failed one is delivered again; what can never be
 * applied is put aside (put-aside.ts).
 */
import { attends } from '@diemcau/core/attendance/attends.ts'
import type { PresenceRow } from '@diemcau/core/attendance/compute-report.ts'
import { isViewerIdentity } from '@diemcau/core/contracts/participant.ts'
import { AppError, asAppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import type { MeetingRole } from '@diemcau/core/roles.ts'
import { cleanLine } from '@diemcau/core/text/clean-text.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import { type EgressInfo, EgressStatus, type ParticipantInfo, WebhookEvent } from 'livekit-server-sdk'
import { appendInTransaction } from '../floor/floor-log.ts'
import type { FloorRow } from '../floor/floor-row.ts'
import { judgePlaces, type Place } from '../floor/judge-places.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import { sessionMark } from '../media/mint-join-token.ts'
import { goLiveWhenOpen } from '../meetings/go-live.ts'
import { updateRecordingInScope } from '../recordings/control-recording.ts'
import { getRuntime, type Runtime } from '../runtime.ts'
import { putAside } from './put-aside.ts'
import { faultOfWebhook } from './webhook-tries.ts'

export type WebhookOutcome = 'applied' | 'duplicate' | 'unknown_room' | 'put_aside'

/**
 * One that can never be applied is put aside and answered like one that was, so that the sender goes on with the next.
 * @throws AppError `invalid_signature` when the body is not signed with our key; what may pass (the database is away, an
 * unforeseen fault that has not come often yet), which asks the sender to try again.
 */
export async function receiveWebhook(body: string, authorization: string | null): Promise<WebhookOutcome> {
  const runtime = getRuntime()
  await runtime.media.verifyWebhook(body, authorization)
  let event: WebhookEvent | null = null
  try {
    event = decodeWebhook(body)
    const outcome = await applyWebhook(runtime, event)
    runtime.webhookTries.forget(body)
    return outcome
  } catch (error) {
    if (!runtime.webhookTries.isHopeless(body, error)) {
      // A sender tells a portal that is away from one that stumbles over this very event by the status.
      if (faultOfWebhook(error) !== 'passing') throw error
      throw (
        asAppError(error) ?? new AppError('unavailable', 'the portal cannot store it now', { cause: error })
      )
    }
    await putAside(runtime, { body, event, error })
    runtime.webhookTries.forget(body)
    return 'put_aside'
  }
}

/** @throws AppError `malformed` for a signed body that is no WebhookEvent. */
function decodeWebhook(body: string): WebhookEvent {
  try {
    return WebhookEvent.fromJsonString(body, { ignoreUnknownFields: true })
  } catch (cause) {
    throw new AppError('malformed', 'the webhook is signed, but no event', { cause })
  }
}

const roomNameOf = (event: WebhookEvent): string => event.room?.name || event.egressInfo?.roomName || ''

export async function applyWebhook(runtime: Runtime, event: WebhookEvent): Promise<WebhookOutcome> {
  const meetingId = roomNameOf(event)
  // In the meeting's queue, because an egress event also becomes a floor event that is broadcast in order.
  return await runtime.queues.run(meetingId, async () => {
    let told: Told = { rows: [] }
    const outcome = await runtime.db.$transaction(async (tx): Promise<WebhookOutcome> => {
      const entry = {
        eventId: event.id,
        event: event.event,
        roomName: meetingId,
        createdAt: secondsToDate(event.createdAt),
      }
      // Counted rather than caught: only this row says "came before"; another row's conflict is a fault to be repeated.
      const { count } = await tx.webhookInbox.createMany({ data: [entry], skipDuplicates: true })
      if (count === 0) return 'duplicate'
      const meeting = await tx.meeting.findUnique({ where: { id: meetingId }, select: { status: true } })
      if (!meeting) return 'unknown_room'
      told = await apply(tx, { id: meetingId, ...meeting }, event)
      return 'applied'
    })
    if (outcome === 'duplicate') runtime.log.debug({ meetingId, eventId: event.id }, 'webhook came again')
    if (told.lastSeq !== undefined) await runtime.broadcaster.publish(meetingId, told.rows, told.lastSeq)
    if (event.event === 'participant_joined' && outcome === 'applied') {
      if (event.participant && isAttendee(event.participant)) {
        await goLiveWhenOpen(runtime, meetingId)
        await enqueueJob(runtime.db, { kind: 'record_as_planned', meetingId })
      }
      runtime.wakeJobs()
    }
    return outcome
  })
}

/** Floor events it caused; without `lastSeq` the floor was not touched. */
interface Told {
  rows: FloorRow[]
  lastSeq?: number
}

async function apply(tx: Tx, meeting: { id: string; status: string }, event: WebhookEvent): Promise<Told> {
  const meetingId = meeting.id
  switch (event.event) {
    case 'participant_joined':
      await recordPresence(tx, meetingId, event, 'joined')
      if (event.participant) await putOutUnwanted(tx, meeting, event.participant)
      await setRightVoice(tx, meetingId, event.participant)
      return { rows: [] }
    case 'participant_left':
      await recordPresence(tx, meetingId, event, 'left')
      return { rows: [] }
    case 'participant_connection_aborted':
      await recordPresence(tx, meetingId, event, 'aborted')
      return { rows: [] }
    case 'room_finished':
      await recordPresence(tx, meetingId, event, 'room_finished')
      return { rows: [] }
    case 'egress_started':
    case 'egress_updated':
    case 'egress_ended':
      return await recordEgress(tx, meetingId, event)
    default:
      return { rows: [] }
  }
}

async function recordPresence(
  tx: Tx,
  meetingId: string,
  event: WebhookEvent,
  kind: PresenceRow['kind'],
): Promise<void> {
  const p = event.participant
  if (!p && kind !== 'room_finished') return
  const joinedAt = p ? joinTimeOf(p) : null
  const eventTime = secondsToDate(event.createdAt)
  await tx.presenceEvent.create({
    data: {
      id: newId('PE_'),
      meetingId,
      eventId: event.id,
      kind,
      identity: p?.identity ?? '',
      participantId: p?.sid ?? event.room?.sid ?? '',
      // Whoever signs tokens with our key gives names, not the portal alone.
      name: cleanLine(p?.name ?? ''),
      role: p?.attributes.role ?? '',
      hall: cleanLine(p?.attributes.hall ?? ''),
      unit: cleanLine(p?.attributes.unit ?? ''),
      endpointId: p?.attributes.endpointId ?? '',
      attends: p ? isAttendee(p) : true,
      // The event's own time has whole seconds; a join knows its milliseconds.
      at: kind === 'joined' ? (joinedAt ?? eventTime) : eventTime,
      joinedAt,
    },
  })
}

/**
 * A token outlives a removal, an account and a meeting: whoever comes back with an old one is put out again, and a room
 * opened anew after the end is closed.
 */
async function putOutUnwanted(
  tx: Tx,
  meeting: { id: string; status: string },
  { identity, attributes }: ParticipantInfo,
): Promise<void> {
  const meetingId = meeting.id
  if (meeting.status === 'ended' || meeting.status === 'cancelled')
    return await enqueueJob(tx, { kind: 'close_room', meetingId })
  // What the media server adds to an identity for a second publisher belongs to its owner.
  const owner = identity.split('#')[0] ?? identity
  const row = await tx.meetingParticipant.findUnique({
    where: { meetingId_identity: { meetingId, identity: owner } },
  })
  // Without a row it is a token of another origin (a native client, a test), about which only a removal is known.
  const place: Place = row
    ? { ...row, role: row.role as MeetingRole }
    : { meetingId, identity: owner, role: 'guest', userId: null, sessionId: null }
  const [fault] = await judgePlaces(tx, [place])
  const isOfDeadSession = row?.userId ? !(await isSessionMark(tx, row.userId, attributes.session)) : false
  const isUnwanted = row ? (fault && fault !== 'role') || isOfDeadSession : fault === 'removed'
  if (isUnwanted) await enqueueJob(tx, { kind: 'remove_participant', meetingId, identity })
}

/** Whether the token was given to a session the account still has; it may be an older one than the last it joined with. */
async function isSessionMark(tx: Tx, userId: string, mark: string | undefined): Promise<boolean> {
  // A token from before sessions were named in them; the row's own session was judged.
  if (!mark) return true
  const sessions = await tx.session.findMany({
    where: { userId, expiresAt: { gt: new Date() } },
    select: { id: true },
  })
  return sessions.some(session => sessionMark(session.id) === mark)
}

/**
 * A viewer comes without a voice, also one who has the floor; one who may speak without having it holds a token of
 * before that was taken.
 */
async function setRightVoice(
  tx: Tx,
  meetingId: string,
  participant: ParticipantInfo | undefined,
): Promise<void> {
  if (!participant || !isViewerIdentity(participant.identity)) return
  const { identity, permission } = participant
  const hasFloor = (await tx.floorGrant.count({ where: { meetingId, identity } })) > 0
  if (hasFloor || permission?.canPublish) await enqueueJob(tx, { kind: 'sync_voice', meetingId, identity })
}

async function recordEgress(tx: Tx, meetingId: string, event: WebhookEvent): Promise<Told> {
  const info = event.egressInfo
  if (!info) return { rows: [] }
  const { rows, lastSeq } = await appendInTransaction(tx, meetingId, async scope => {
    const row =
      (await tx.recording.findUnique({ where: { egressId: info.egressId } })) ??
      // The recorder may speak before its answer to our start has come back.
      (await tx.recording.findFirst({
        where: { meetingId, egressId: null, status: { in: ['requested', 'stopping'] } },
        orderBy: { requestedAt: 'desc' },
      }))
    if (row) await updateRecordingInScope(scope, row.id, info)
    if (row === null || row.status === 'failed') await endStray(tx, meetingId, info, row !== null)
  })
  return { rows, lastSeq }
}

/**
 * The recorder works for a start that we took for failed (its answer came too late): what nobody sees on their screen
 * must not be recorded. What was is removed when there is no row by which anybody could find and delete it.
 */
async function endStray(tx: Tx, meetingId: string, info: EgressInfo, hasRow: boolean): Promise<void> {
  const location = info.fileResults[0]?.location
  if (info.status === EgressStatus.EGRESS_STARTING || info.status === EgressStatus.EGRESS_ACTIVE)
    await enqueueJob(tx, { kind: 'stop_egress', meetingId, egressId: info.egressId })
  else if (!hasRow && info.status === EgressStatus.EGRESS_COMPLETE && location)
    await enqueueJob(tx, { kind: 'delete_recording_file', meetingId, location })
}

const isAttendee = (p: ParticipantInfo): boolean =>
  attends({
    identity: p.identity,
    role: p.attributes.role ?? '',
    kind: p.kind,
    hidden: p.permission?.hidden,
    recorder: p.permission?.recorder,
    agent: p.permission?.agent,
  })

const secondsToDate = (seconds: bigint): Date => new Date(Number(seconds) * 1000)

function joinTimeOf(p: ParticipantInfo): Date | null {
  if (p.joinedAtMs > 0n) return new Date(Number(p.joinedAtMs))
  return p.joinedAt > 0n ? secondsToDate(p.joinedAt) : null
}
