/** Starting and stopping a recording, from the floor. The status itself is decided in recording-status.ts. */
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import type { EgressInfo } from 'livekit-server-sdk'
import { audit } from '../audit.ts'
import { appendToFloor, type FloorScope } from '../floor/floor-log.ts'
import { recordingStateOf } from '../floor/floor-snapshot.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import type { Runtime } from '../runtime.ts'
import { applyEgressInfo, type RecordingFacts, type RecordingStatus } from './recording-status.ts'

interface By {
  userId: string | null
  name: string
}

export const capturing: RecordingStatus[] = ['requested', 'starting', 'recording']

async function findCapturing({ tx, meeting }: FloorScope) {
  return await tx.recording.findFirst({
    where: { meetingId: meeting.id, status: { in: capturing } },
    orderBy: { requestedAt: 'desc' },
  })
}

/** One capture at a time and meeting. Returns the id of the row in status `requested`. */
export async function requestRecording(
  scope: FloorScope,
  by: By,
  identity: string,
  layout: 'speaker' | 'grid',
): Promise<string> {
  const { tx, meeting, now, emit } = scope
  if (await findCapturing(scope)) throw new AppError('already_recording', 'a recording is running')
  const row = await tx.recording.create({
    data: {
      id: newId<string>('RC_'),
      meetingId: meeting.id,
      layout,
      requestedById: by.userId ?? identity,
      requestedAt: now,
    },
  })
  await audit(tx, by, {
    action: 'recording.started',
    subject: { type: 'recording', id: row.id },
    detail: { meetingId: meeting.id, layout },
  })
  emit({ type: 'recording', recording: recordingStateOf(row) })
  return row.id
}

/** What whoever runs the meeting has said holds from then on, also when everybody was away meanwhile. */
export async function setRecordingWanted({ tx, meeting }: FloorScope, isWanted: boolean): Promise<void> {
  await tx.meeting.update({ where: { id: meeting.id }, data: { recordingWanted: isWanted } })
}

/** Asks the recorder. A refusal ends as status `failed`, told to all, and as the sender's answer. */
export async function startRequested(runtime: Runtime, recordingId: string): Promise<void> {
  const row = await runtime.db.recording.findUniqueOrThrow({ where: { id: recordingId } })
  try {
    const info = await runtime.media.startRecording(row.meetingId, row.layout === 'grid' ? 'grid' : 'speaker')
    await updateRecording(runtime, row.meetingId, recordingId, info)
  } catch (error) {
    await failRecording(runtime, row.meetingId, recordingId, 'not_started')
    throw new AppError('recording_failed', 'the recorder did not start', { cause: error })
  }
}

export async function failRecording(
  runtime: Runtime,
  meetingId: string,
  recordingId: string,
  reason: string,
): Promise<void> {
  await appendToFloor(runtime, meetingId, async ({ tx, now, emit }) => {
    const { count } = await tx.recording.updateMany({
      where: { id: recordingId, status: { notIn: ['ready', 'failed'] } },
      data: { status: 'failed', error: reason, endedAt: now, updatedAt: now },
    })
    if (count === 0) return
    const row = await tx.recording.findUniqueOrThrow({ where: { id: recordingId } })
    emit({ type: 'recording', recording: recordingStateOf(row) })
  })
}

/** `stopping` at once for everybody; the recorder is told by a job, so that a crash in between does not lose it. */
export async function stopRecordingInScope(
  scope: FloorScope,
  by: By,
  options: { ifAny?: boolean } = {},
): Promise<void> {
  const { tx, now, emit } = scope
  const row = await findCapturing(scope)
  if (!row) {
    if (options.ifAny) return
    throw new AppError('not_recording', 'no recording is running')
  }
  const updated = await tx.recording.update({
    where: { id: row.id },
    data: { status: 'stopping', endedAt: now, updatedAt: now },
  })
  await audit(tx, by, { action: 'recording.stopped', subject: { type: 'recording', id: row.id } })
  emit({ type: 'recording', recording: recordingStateOf(updated) })
  await enqueueJob(tx, { kind: 'stop_recording', recordingId: row.id })
}

/** Job. A recorder that does not know the egress any more has lost it: the recording has failed. */
export async function stopAtRecorder(runtime: Runtime, recordingId: string): Promise<void> {
  const row = await runtime.db.recording.findUnique({ where: { id: recordingId } })
  if (!row || row.status === 'ready' || row.status === 'failed') return
  // Stopped before the recorder answered the start: the id comes in a moment, by the answer or by webhook.
  if (!row.egressId) {
    if (Date.now() - row.requestedAt.getTime() > 60_000)
      return await failRecording(runtime, row.meetingId, row.id, 'not_started')
    throw new AppError('not_ready', 'the recorder has not answered yet')
  }
  const info =
    (await runtime.media.stopRecording(row.egressId)) ?? (await runtime.media.findRecording(row.egressId))
  if (info) await updateRecording(runtime, row.meetingId, row.id, info)
  else await failRecording(runtime, row.meetingId, row.id, 'lost_by_recorder')
}

export async function updateRecording(
  runtime: Runtime,
  meetingId: string,
  recordingId: string,
  info: EgressInfo,
): Promise<void> {
  await appendToFloor(runtime, meetingId, scope => updateRecordingInScope(scope, recordingId, info))
}

/** Applies what the recorder said, if it is news, and tells everybody. */
export async function updateRecordingInScope(
  scope: FloorScope,
  recordingId: string,
  info: EgressInfo,
): Promise<void> {
  const { tx, now, emit } = scope
  const row = await tx.recording.findUniqueOrThrow({ where: { id: recordingId } })
  if (row.egressId === null && info.egressId)
    await tx.recording.update({ where: { id: row.id }, data: { egressId: info.egressId } })
  const next = applyEgressInfo(row as RecordingFacts, info)
  if (!next) {
    // A recording that was given up may have left files after all: kept in mind, so that deleting it removes them.
    const location = info.fileResults[0]?.location
    if (row.status === 'failed' && row.location === null && location)
      await tx.recording.update({ where: { id: row.id }, data: { location } })
    return
  }
  const updated = await tx.recording.update({ where: { id: row.id }, data: { ...next, updatedAt: now } })
  emit({ type: 'recording', recording: recordingStateOf(updated) })
}
