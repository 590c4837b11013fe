/** The recording that was promised begins by itself, and again when people are back (core/recording/planned.ts). */
import { beginsByItself } from '@diemcau/core/recording/planned.ts'
import { appendToFloor, type FloorScope } from '../floor/floor-log.ts'
import { presentIdentities } from '../meetings/presence-count.ts'
import type { Runtime } from '../runtime.ts'
import { capturing, requestRecording, startRequested } from './control-recording.ts'

const bySystem = { userId: null, name: 'Điểm Cầu' }
/** Failures in a row that are looked at; more make the next try no rarer. */
const LOOK_BACK = 10

export const isRecordingWanted = (meeting: { recorded: boolean; recordingWanted: boolean | null }): boolean =>
  meeting.recordingWanted ?? meeting.recorded

/** Job, and part of each sweep: begins the recording when it is due. Bears being run twice and at once. */
export async function recordAsPlanned(runtime: Runtime, meetingId: string, now = new Date()): Promise<void> {
  const meeting = await runtime.db.meeting.findUnique({
    where: { id: meetingId },
    select: { status: true, recorded: true, recordingWanted: true },
  })
  // Without the lock for the many meetings that have nothing to record.
  if (meeting?.status !== 'live' || !isRecordingWanted(meeting)) return
  const recordingId = await appendToFloor(runtime, meetingId, scope => requestWhenDue(scope, now))
  if (recordingId === null) return
  await startRequested(runtime, recordingId).catch(error =>
    runtime.log.warn({ meetingId, recordingId, err: error }, 'planned recording did not begin'),
  )
}

/** The new recording's id, or null when none is due. It has the layout of the one before it. */
async function requestWhenDue(scope: FloorScope, now: Date): Promise<string | null> {
  const { tx, meeting } = scope
  const rows = await tx.recording.findMany({
    where: { meetingId: meeting.id },
    orderBy: { requestedAt: 'desc' },
    take: LOOK_BACK,
  })
  const firstGood = rows.findIndex(row => row.status !== 'failed')
  const isDue = beginsByItself({
    now: now.getTime(),
    startsAt: meeting.startsAt.getTime(),
    status: meeting.status,
    isWanted: isRecordingWanted(meeting),
    present: (await presentIdentities(tx, meeting.id)).size,
    isCapturing: rows.some(row => capturing.some(status => status === row.status)),
    failures: {
      count: firstGood === -1 ? rows.length : firstGood,
      lastAt: rows[0]?.requestedAt.getTime() ?? 0,
    },
  })
  if (!isDue) return null
  return await requestRecording(scope, bySystem, 'system', rows[0]?.layout === 'grid' ? 'grid' : 'speaker')
}
