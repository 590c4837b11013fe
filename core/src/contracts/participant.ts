/**
 * What the portal writes into a LiveKit token about a participant, and everyone in the room reads back from
 * `participant.attributes`. Values are strings because LiveKit attributes are.
 */
import type { MeetingRole } from '../roles.ts'

export interface ParticipantAttributes {
  role: MeetingRole
  /** Name of the hall, or of the person where no hall is given. */
  hall: string
  /** Name of the responsible unit; may be empty. */
  unit: string
  /** Id of the endpoint (điểm cầu) in this meeting; empty for guests without one. */
  endpointId: string
  /** Order by protocol, as a decimal string; smaller stands first. */
  order: string
}

/**
 * Any value but '' gives the floor: the media server lets everybody hear the microphone of who has it, however many are open. Of no effect for
 * participants who may write their own attributes.
 */
export const FLOOR_ATTRIBUTE = 'floor'

/** The display name everywhere: `hall – unit`; just one of them when the other is empty. */
export const formatEndpointName = (hall: string, unit: string): string =>
  hall && unit ? `${hall} – ${unit}` : hall || unit

/**
 * Identity is stable per person or place and meeting: `user:<id>`, `guest:<id>`, `viewer:<id>`.
 * Presence rows and the attendance report are keyed by it.
 */
export const identityOf = (kind: 'user' | 'guest' | 'viewer', id: string): string => `${kind}:${id}`

/** Of the public watch page: counted as a viewer and no attendee, also while given the floor. */
export const isViewerIdentity = (identity: string): boolean => identity.startsWith('viewer:')
