import type { MeetingOptions } from '../contracts/floor.ts'
import type { MeetingKind } from '../contracts/meeting.ts'
import type { FloorMode } from '../floor/speaking-list.ts'

/**
 * What people may do on the floor before the chair sets it otherwise. A meeting with voters is held so that they can
 * ask, and so many halls hear one another only when one speaks at a time; elsewhere those who watch only watch.
 */
export const defaultOptions = (kind: MeetingKind): MeetingOptions & { floorMode: FloorMode } => ({
  chat: true,
  viewersMayRaiseHand: kind === 'voter_contact',
  viewersMayAsk: kind === 'voter_contact',
  microphonesHeld: kind === 'voter_contact',
  floorMode: kind === 'voter_contact' ? 'one' : 'free',
})
