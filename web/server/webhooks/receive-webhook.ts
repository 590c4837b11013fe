/**
 * Webhooks of the media server: at least once, possibly late. The inbox row and everything the event causes are one
 * transaction, so that a repeated delivery finds the id taken and a failed one is delivered again.
 */
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import type { ParticipantInfo, WebhookEvent } from 'livekit-server-sdk'
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

/** Prisma's unique violation, by code: the class differs between the bundle and main.ts. */
const isTaken = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === 'P2002'

const roomNameOf = (event: WebhookEvent): string => event.room?.name || event.egressInfo?.roomName || ''

export async function applyWebhook(runtime: Runtime, event: WebhookEvent): Promise<WebhookOutcome> {
  const meetingId = roomNameOf(event)
  // In the meeting's queue, because an egress event also becomes a floor event that is broadcast in order.
  return await runtime.queues.run(meetingId, async () => {
    let rows: FloorRow[] = []
    try {
      const outcome = await runtime.db.$transaction(async tx => {
        await tx.webhookInbox.create({
          data: {
            eventId: event.id,
            event: event.event,
            roomName: meetingId,
            createdAt: secondsToDate(event.createdAt),
          },
        })
        if (!(await tx.meeting.findUnique({ where: { id: meetingId }, select: { id: true } })))
          return 'unknown_room' as const
        rows = await apply(tx, meetingId, event)
        return 'applied' as const
      })
      if (rows.length > 0) runtime.broadcaster.publish(meetingId, rows)
      if (event.event === 'participant_joined' && outcome === 'applied') {
        runtime.wakeJobs()
        if (!event.participant?.identity.startsWith('viewer:')) await goLiveWhenOpen(runtime, meetingId)
      }
      return outcome
    } catch (error) {
      if (isTaken(error)) {
        runtime.log.debug({ meetingId, eventId: event.id }, 'webhook came again')
        return 'duplicate'
      }
      throw error
    }
  })
}

async function apply(tx: Tx, meetingId: string, event: WebhookEvent): Promise<FloorRow[]> {
  switch (event.event) {
    case 'participant_joined':
      await recordPresence(tx, meetingId, event, 'joined')
      await putOutRemoved(tx, meetingId, event.participant?.identity ?? '')
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

/** A token outlives a removal: whoever comes back with an old one is put out again. */
async function putOutRemoved(tx: Tx, meetingId: string, identity: string): Promise<void> {
  const removed = await tx.removedIdentity.findUnique({
    where: { meetingId_identity: { meetingId, identity } },
  })
  if (removed) await enqueueJob(tx, { kind: 'remove_participant', meetingId, identity })
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
  })
  return rows
}

const secondsToDate = (seconds: bigint): Date => new Date(Number(seconds) * 1000)

function joinTimeOf(p: ParticipantInfo): Date | null {
  if (p.joinedAtMs > 0n) return new Date(Number(p.joinedAtMs))
  return p.joinedAt > 0n ? secondsToDate(p.joinedAt) : null
}
