/** Recordings that have been quiet for a while: webhooks may be lost with their sender, so the recorder is asked. */
import type { Recording } from '@diemcau/prisma/client.ts'
import type { Runtime } from '../runtime.ts'
import { failRecording, stopAtRecorder, updateRecording } from './control-recording.ts'

const SILENCE_MS = 60_000
/** A recorder that is away this long has not begun: what was never captured cannot be taken up again either. */
const START_LIMIT_MS = 5 * 60_000

export async function sweepRecordings(runtime: Runtime, now: Date): Promise<void> {
  const quiet = await runtime.db.recording.findMany({
    where: {
      status: { notIn: ['ready', 'failed'] },
      updatedAt: { lt: new Date(now.getTime() - SILENCE_MS) },
    },
  })
  // A recorder that is away says nothing about the recording; the next sweep asks again.
  for (const row of quiet)
    await sweepRecording(runtime, row, now).catch(error =>
      runtime.log.warn({ meetingId: row.meetingId, recordingId: row.id, err: error }, 'recording not swept'),
    )
}

async function sweepRecording(runtime: Runtime, row: Recording, now: Date): Promise<void> {
  if (row.egressId === null) return await adoptOrFail(runtime, row)
  // Also when the recorder said yes and was killed before it wrote that down: it then goes on recording.
  if (row.status === 'stopping') return await stopAtRecorder(runtime, row.id)
  const info = await runtime.media.findRecording(row.egressId).catch(() => undefined)
  if (info) return await updateRecording(runtime, row.meetingId, row.id, info)
  if (info === null) return await failRecording(runtime, row.meetingId, row.id, 'lost_by_recorder')
  const isOverdue = now.getTime() - row.requestedAt.getTime() > START_LIMIT_MS
  if (row.status === 'starting' && isOverdue)
    await failRecording(runtime, row.meetingId, row.id, 'recorder_away')
}

/** This process died between asking the recorder and writing its answer down: what runs without a row is ours. */
async function adoptOrFail(runtime: Runtime, row: Recording): Promise<void> {
  const running = await runtime.media.listRunning(row.meetingId).catch(() => [])
  const taken = await runtime.db.recording.findMany({
    where: { egressId: { in: running.map(info => info.egressId) } },
    select: { egressId: true },
  })
  const own = running.find(info => !taken.some(other => other.egressId === info.egressId))
  if (own) await updateRecording(runtime, row.meetingId, row.id, own)
  else await failRecording(runtime, row.meetingId, row.id, 'not_started')
}
