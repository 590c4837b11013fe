import type { MeetingOptions } from '../contracts/floor.ts'
import type { MeetingKind } from '../contracts/meeting.ts'

/**
 * What people may do on the floor before the chair sets it otherwise. A meeting with voters is held so that they can
 * ask; elsewhere those who watch only watch.
 */
export const defaultOptions = (kind: MeetingKind): MeetingOptions => ({
  chat: true,
  viewersMayRaiseHand: kind === 'voter_contact',
  viewersMayAsk: kind === 'voter_contact',
  microphonesHeld: false,
})
