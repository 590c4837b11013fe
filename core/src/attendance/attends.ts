/**
 * Who is somebody that attends. One rule for attendance, presence counts, capacity, roll call and "36/37 điểm cầu": a
 * hall or a person counts, what only serves them (a recorder, an agent, a camera that is sent in, a telephone bridge), a
 * viewer, and a second device that only publishes do not.
 */
import { isViewerIdentity } from '../contracts/participant.ts'

/** What the media server tells of a participant (livekit.ParticipantInfo), as far as it decides. */
export interface Party {
  identity: string
  /** `role` of its attributes; empty for tokens of another origin. */
  role: string
  /** livekit.ParticipantInfo.Kind; 0, STANDARD, is a client with somebody in front of it. */
  kind: number
  hidden?: boolean | undefined
  recorder?: boolean | undefined
  agent?: boolean | undefined
}

const STANDARD = 0

/** The identity a publish-only companion belongs to (`an#camera2` of `an`), or null for one that stands for itself. */
export function ownerOfCompanion(identity: string): string | null {
  const at = identity.indexOf('#')
  return at > 0 ? identity.slice(0, at) : null
}

export function attends(party: Party): boolean {
  if (party.kind !== STANDARD || party.hidden || party.recorder || party.agent) return false
  if (party.role === 'viewer' || isViewerIdentity(party.identity)) return false
  return party.identity !== '' && ownerOfCompanion(party.identity) === null
}
