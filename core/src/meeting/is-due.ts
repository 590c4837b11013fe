import type { MeetingSummary } from '../contracts/meeting.ts'
import { doorsOpenAt } from './admission.ts'

/** When the doors open for everybody, in milliseconds since the epoch: what invitations and pages tell. */
export function doorsOpenForAllAt(meeting: Pick<MeetingSummary, 'startsAt'>): number {
  const startsAt = Date.parse(meeting.startsAt)
  return doorsOpenAt(startsAt, startsAt, null)
}

/**
 * Whether it is time to go in: the meeting runs, or its doors are open for everybody. What pages offer as "join now";
 * who is really let in is decided by `decideAdmission`.
 */
export function isDue(meeting: Pick<MeetingSummary, 'status' | 'startsAt'>, nowMs: number): boolean {
  if (meeting.status === 'live') return true
  return meeting.status === 'scheduled' && nowMs >= doorsOpenForAllAt(meeting)
}
