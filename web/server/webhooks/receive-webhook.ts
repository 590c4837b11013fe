/**
 * Webhooks of the media server: at least once, possibly late. The inbox row and everything the event causes are one
 * transaction, so that a repeated delivery finds the id taken and a failed one is delivered again.
 */
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import { type EgressInfo, EgressStatus, type ParticipantInfo, type WebhookEvent } from 'livekit-server-sdk'
import { appendInTransaction } from '../floor/floor-log.ts'
import type { FloorRow } from '../floor/floor-row.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import { goLiveWhenOpen } from '../meetings/go-live.ts'
import { updateRecordingInScope } from '../recordings/control-recording.ts'
import { getRuntime, type Runtime } from '../runtime.ts'

export type WebhookOutcome = 'applied' | 'duplicate' | 'unknown_room'

/** @throws AppError `invalid_signature` when the body is not signed with our key. */
export async function receiveWebhook(body: string, authorization: string | null): Promise<WebhookOutcome> {
  const runtime = getRuntime()
  const event = await runtime.media.receiveWebhook(body, authorization ?? undefined).catch(cause => {
    throw new AppError('invalid_signature', 'webhook refused', { cause })
  })
  return await applyWebhook(runtime, event)
}

const roomNameOf = (event: WebhookEvent): string => event.room?.name || event.egressInfo?.roomName || ''

export async function applyWebhook(runtime: Runtime, event: WebhookEvent): Promise<WebhookOutcome> {
  const meetingId = roomNameOf(event)
  // In the meeting's queue, because an egress event also becomes a floor event that is broadcast in order.
  return await runtime.queues.run(meetingId, async () => {
    let rows: FloorRow[] = []
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
      rows = await apply(tx, { id: meetingId, ...meeting }, event)
      return 'applied'
    })
    if (outcome === 'duplicate') runtime.log.debug({ meetingId, eventId: event.id }, 'webhook came again')
    if (rows.length > 0) runtime.broadcaster.publish(meetingId, rows)
    if (event.event === 'participant_joined' && outcome === 'applied') {
      runtime.wakeJobs()
      if (!event.participant?.identity.startsWith('viewer:')) await goLiveWhenOpen(runtime, meetingId)
    }
    return outcome
  })
}

async function apply(
  tx: Tx,
  meeting: { id: string; status: string },
  event: WebhookEvent,
): Promise<FloorRow[]> {
  const meetingId = meeting.id
  switch (event.event) {
    case 'participant_joined':
      await recordPresence(tx, meetingId, event, 'joined')
      await putOutUnwanted(tx, meeting, event.participant?.identity ?? '')
      return []
    case 'participant_left':
    case 'participant_connection_aborted':
      await recordPresence(tx, meetingId, event, 'left')
      return []
    case 'room_finished':
      await recordPresence(tx, meetingId, event, 'room_finished')
      return []
    case 'egress_started':
    case 'egress_updated':
    case 'egress_ended':
      return await recordEgress(tx, meetingId, event)
    default:
      return []
  }
}

async function recordPresence(
  tx: Tx,
  meetingId: string,
  event: WebhookEvent,
  kind: 'joined' | 'left' | 'room_finished',
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
      name: p?.name ?? '',
      role: p?.attributes.role ?? '',
      hall: p?.attributes.hall ?? '',
      unit: p?.attributes.unit ?? '',
      endpointId: p?.attributes.endpointId ?? '',
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
  identity: string,
): Promise<void> {
  const meetingId = meeting.id
  if (meeting.status === 'ended' || meeting.status === 'cancelled')
    return await enqueueJob(tx, { kind: 'close_room', meetingId })
  const where = { meetingId_identity: { meetingId, identity } }
  const removed = await tx.removedIdentity.findUnique({ where })
  const userId = (await tx.meetingParticipant.findUnique({ where, select: { userId: true } }))?.userId
  const account = userId ? await tx.user.findUnique({ where: { id: userId } }) : null
  if (removed || account?.disabledAt)
    await enqueueJob(tx, { kind: 'remove_participant', meetingId, identity })
}

async function recordEgress(tx: Tx, meetingId: string, event: WebhookEvent): Promise<FloorRow[]> {
  const info = event.egressInfo
  if (!info) return []
  const { rows } = await appendInTransaction(tx, meetingId, async scope => {
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
  return rows
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

const secondsToDate = (seconds: bigint): Date => new Date(Number(seconds) * 1000)

function joinTimeOf(p: ParticipantInfo): Date | null {
  if (p.joinedAtMs > 0n) return new Date(Number(p.joinedAtMs))
  return p.joinedAt > 0n ? secondsToDate(p.joinedAt) : null
}
