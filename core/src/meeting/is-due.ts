import type { MeetingSummary } from '../contracts/meeting.ts'
import { DOORS_OPEN_BEFORE_MS } from './admission.ts'

/**
 * Whether it is time to go in: the meeting runs, or its doors are open for everybody. What pages offer as "join now";
 * who is really let in is decided by `decideAdmission`.
 */
export function isDue(meeting: Pick<MeetingSummary, 'status' | 'startsAt'>, nowMs: number): boolean {
  if (meeting.status === 'live') return true
  return meeting.status === 'scheduled' && nowMs >= Date.parse(meeting.startsAt) - DOORS_OPEN_BEFORE_MS
}
