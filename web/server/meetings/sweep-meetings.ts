/** What time alone decides: meetings that go live or end, recordings nobody answers for. Run every 15 seconds. */
import { appendToFloor } from '../floor/floor-log.ts'
import { failRecording, updateRecording } from '../recordings/control-recording.ts'
import type { Runtime } from '../runtime.ts'
import { endMeetingInScope } from './end-meeting.ts'
import { goLiveWhenOpen } from './go-live.ts'
import { presentIdentities } from './presence-count.ts'

/** After its end a meeting stays open while people are in it, but not longer than this. */
const OVERTIME_LIMIT_MS = 6 * 3_600_000
/** An empty room ends its meeting this long after the planned end. */
const EMPTY_GRACE_MS = 5 * 60_000
const RECORDER_SILENCE_MS = 60_000

const bySystem = { userId: null, name: 'Điểm Cầu' }

export async function sweepMeetings(runtime: Runtime, now = new Date()): Promise<void> {
  const open = await runtime.db.meeting.findMany({
    where: { status: { in: ['scheduled', 'live'] }, startsAt: { lte: new Date(now.getTime() + 86_400_000) } },
    select: { id: true, status: true, startsAt: true, endsAt: true },
  })
  for (const meeting of open) {
    const present = (await presentIdentities(runtime.db, meeting.id)).size
    if (meeting.status === 'scheduled' && present > 0) await goLiveWhenOpen(runtime, meeting.id, now)
    const over = now.getTime() - meeting.endsAt.getTime()
    if (over > OVERTIME_LIMIT_MS || (over > EMPTY_GRACE_MS && present === 0))
      await endByTime(runtime, meeting.id)
  }
  await sweepRecordings(runtime, now)
}

async function endByTime(runtime: Runtime, meetingId: string): Promise<void> {
  await appendToFloor(runtime, meetingId, async scope => {
    if (scope.meeting.status === 'ended' || scope.meeting.status === 'cancelled') return
    await endMeetingInScope(scope, bySystem)
  })
  runtime.wakeJobs()
}

/** Webhooks may be lost with their sender: what has not moved for a minute is asked after. */
async function sweepRecordings(runtime: Runtime, now: Date): Promise<void> {
  const quiet = await runtime.db.recording.findMany({
    where: {
      status: { notIn: ['ready', 'failed'] },
      updatedAt: { lt: new Date(now.getTime() - RECORDER_SILENCE_MS) },
    },
  })
  for (const row of quiet) {
    if (row.egressId === null) {
      await failRecording(runtime, row.meetingId, row.id, 'not_started')
      continue
    }
    // A recorder that is away says nothing about the recording; the next sweep asks again.
    const info = await runtime.media.findRecording(row.egressId).catch(() => undefined)
    if (info) await updateRecording(runtime, row.meetingId, row.id, info)
    else if (info === null) await failRecording(runtime, row.meetingId, row.id, 'lost_by_recorder')
  }
}
