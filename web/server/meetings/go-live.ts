import { DOORS_OPEN_BEFORE_MS } from '@diemcau/core/meeting/admission.ts'
import type { Runtime } from '../runtime.ts'

/**
 * A scheduled meeting is live from the first person who is in after the doors opened. Rehearsals earlier in the day
 * leave it scheduled.
 */
export async function goLiveWhenOpen(
  runtime: Runtime,
  meetingId: string,
  now = new Date(),
): Promise<boolean> {
  const { count } = await runtime.db.meeting.updateMany({
    where: {
      id: meetingId,
      status: 'scheduled',
      startsAt: { lte: new Date(now.getTime() + DOORS_OPEN_BEFORE_MS) },
    },
    data: { status: 'live', startedAt: now },
  })
  return count > 0
}
