/** What time alone decides: meetings that go live or end, recordings nobody answers for, rows nobody needs. Run every 15 seconds. */
import { appendToFloor } from '../floor/floor-log.ts'
import { recordAsPlanned } from '../recordings/record-as-planned.ts'
import { sweepRecordings } from '../recordings/sweep-recordings.ts'
import type { Runtime } from '../runtime.ts'
import { endMeetingInScope } from './end-meeting.ts'
import { goLiveWhenOpen } from './go-live.ts'
import { identitiesWithPlace, presentIdentities } from './presence-count.ts'

/** After its end a meeting stays open while people are in it, but not longer than this. */
const OVERTIME_LIMIT_MS = 6 * 3_600_000
/** An empty room ends its meeting this long after the planned end. */
const EMPTY_GRACE_MS = 5 * 60_000

const bySystem = { userId: null, name: 'Điểm Cầu' }

export async function sweepMeetings(runtime: Runtime, now = new Date()): Promise<void> {
  const open = await runtime.db.meeting.findMany({
    where: { status: { in: ['scheduled', 'live'] }, startsAt: { lte: new Date(now.getTime() + 86_400_000) } },
    select: { id: true, status: true, startsAt: true, endsAt: true, reopenedAt: true },
  })
  // One meeting that cannot be ended must not keep the others open.
  for (const meeting of open)
    await sweepMeeting(runtime, meeting, now).catch(error =>
      runtime.log.warn({ meetingId: meeting.id, err: error }, 'meeting not swept'),
    )
  await sweepRecordings(runtime, now)
  await forgetOldRows(runtime, now)
}

async function sweepMeeting(
  runtime: Runtime,
  meeting: { id: string; status: string; endsAt: Date; reopenedAt: Date | null },
  now: Date,
): Promise<void> {
  const present = (await presentIdentities(runtime.db, meeting.id)).size
  if (meeting.status === 'scheduled' && present > 0) await goLiveWhenOpen(runtime, meeting.id, now)
  const over = now.getTime() - meeting.endsAt.getTime()
  // Whoever took an end back is waiting for the others to return.
  const emptyFor = now.getTime() - Math.max(meeting.endsAt.getTime(), meeting.reopenedAt?.getTime() ?? 0)
  // Who was let in a moment ago is on the way: the meeting is not ended in front of them.
  const isEmpty = present === 0 && (await identitiesWithPlace(runtime.db, meeting.id)).size === 0
  if (over > OVERTIME_LIMIT_MS || (isEmpty && emptyFor > EMPTY_GRACE_MS))
    return await endByTime(runtime, meeting.id)
  if (present > 0) await recordAsPlanned(runtime, meeting.id, now)
}

async function endByTime(runtime: Runtime, meetingId: string): Promise<void> {
  await appendToFloor(runtime, meetingId, async scope => {
    if (scope.meeting.status === 'ended' || scope.meeting.status === 'cancelled') return
    await endMeetingInScope(scope, bySystem)
  })
  runtime.wakeJobs()
}

/** Senders give an event up after three days, and nobody looks for the cause of a job that was done a week ago. */
const KEEP_MS = 7 * 86_400_000
/** Longer than any window or lock of tries. */
const KEEP_ATTEMPTS_MS = 86_400_000

/** Counters of tries, answered webhooks and finished jobs: without an end of their own. */
async function forgetOldRows({ db }: Runtime, now: Date): Promise<void> {
  const before = new Date(now.getTime() - KEEP_MS)
  await db.attemptCounter.deleteMany({
    where: { windowStart: { lt: new Date(now.getTime() - KEEP_ATTEMPTS_MS) } },
  })
  await db.webhookInbox.deleteMany({ where: { receivedAt: { lt: before } } })
  await db.job.deleteMany({ where: { status: 'done', finishedAt: { lt: before } } })
}
