import { AppError } from '@diemcau/core/errors.ts'
import { REOPEN_WITHIN_MS } from '@diemcau/core/meeting/reopen.ts'
import { audit } from '../audit.ts'
import { appendToFloor } from '../floor/floor-log.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { findVisibleMeeting, mayDo } from './access.ts'

/**
 * Takes the end of a meeting back. Who was in finds it open again (their pages look) and joins as before: what they were let in
 * by still holds. A recording that was stopped stays stopped.
 * @throws AppError `not_found`, `forbidden`, `too_late`.
 */
export async function reopenMeeting(actor: Actor, meetingId: string): Promise<void> {
  const runtime = getRuntime()
  await appendToFloor(runtime, meetingId, async ({ tx, meeting: locked, now, emit }) => {
    const { meeting, role } = await findVisibleMeeting(tx, actor, meetingId)
    // Two of the moderators pressed at once.
    if (locked.status === 'live') return
    if (!mayDo(actor, role, 'reopen', meeting)) throw new AppError('forbidden', 'may not reopen')
    if (!locked.endedAt || now.getTime() - locked.endedAt.getTime() > REOPEN_WITHIN_MS)
      throw new AppError('too_late', 'the end is too long ago')
    await tx.meeting.update({
      where: { id: meetingId },
      data: { status: 'live', endedAt: null, reopenedAt: now },
    })
    // The room may not have been closed yet; nobody should be put out of what is open again.
    await tx.job.updateMany({
      where: { kind: 'close_room', status: 'queued', payload: { path: ['meetingId'], equals: meetingId } },
      data: { status: 'done', finishedAt: now },
    })
    emit({ type: 'meeting_reopened', by: actor.name })
    await audit(tx, actor, { action: 'meeting.reopened', subject: { type: 'meeting', id: meetingId } })
  })
}
