/**
 * Who is let into a meeting. One pure decision over facts the portal has gathered, so that each refusal can be tested
 * without a server. The order of the rules is part of the behaviour: a person learns the most lasting reason first.
 */
import type { RefusalReason } from '../contracts/join.ts'
import type { MeetingStatus } from '../contracts/meeting.ts'
import { isModerator, type MeetingRole } from '../roles.ts'

/** Doors open this long before the start; moderators may come at any time of that day. */
export const DOORS_OPEN_BEFORE_MS = 30 * 60_000

export interface AdmissionFacts {
  /** Milliseconds since the epoch, as all times here. */
  now: number
  /** Start of the local day (meeting's time zone) on which the meeting starts. */
  dayStart: number
  meeting: {
    status: MeetingStatus
    startsAt: number
    locked: boolean
    guestsAllowed: boolean
    watchAllowed: boolean
    lobby: boolean
    capacity: number
  }
  as: 'participant' | 'viewer'
  /** Role by account or invitation; null for guests and for accounts that were not invited. */
  invitedRole: MeetingRole | null
  /** Was let in before under this identity. */
  known: boolean
  removed: boolean
  lobbyAnswer: 'none' | 'waiting' | 'admitted' | 'denied'
  /** Null when there were too many wrong tries from this address. */
  passcodeRight: boolean | null
  hasName: boolean
  /** Participants in the room now, viewers not counted. */
  present: number
  isPresent: boolean
}

export type AdmissionDecision =
  | { kind: 'admit'; role: MeetingRole }
  | { kind: 'wait' }
  | { kind: 'refuse'; reason: RefusalReason; opensAt?: number }

const refuse = (reason: RefusalReason): AdmissionDecision => ({ kind: 'refuse', reason })

/** When the doors open for this role. */
export function doorsOpenAt(startsAt: number, dayStart: number, role: MeetingRole | null): number {
  const regular = startsAt - DOORS_OPEN_BEFORE_MS
  return role !== null && isModerator(role) ? Math.min(dayStart, regular) : regular
}

export function decideAdmission(facts: AdmissionFacts): AdmissionDecision {
  const { meeting, invitedRole } = facts
  if (meeting.status === 'cancelled') return refuse('cancelled')
  if (meeting.status === 'ended') return refuse('ended')
  if (facts.removed) return refuse('removed')
  const role: MeetingRole | null = facts.as === 'viewer' ? 'viewer' : invitedRole
  const opensAt = doorsOpenAt(meeting.startsAt, facts.dayStart, role)
  const isEarly = facts.now < opensAt
  const early: AdmissionDecision = { kind: 'refuse', reason: 'too_early', opensAt }

  if (role === 'viewer') {
    if (!meeting.watchAllowed) return refuse('guests_not_allowed')
    return isEarly ? early : { kind: 'admit', role }
  }
  if (role === null) {
    // Checked before the doors: somebody who may never come in should not be told to wait for them.
    if (!meeting.guestsAllowed) return refuse('guests_not_allowed')
    if (facts.passcodeRight === null) return refuse('too_many_attempts')
    if (!facts.passcodeRight) return refuse('wrong_code')
  }
  if (isEarly) return early
  const isTrusted = role !== null && isModerator(role)
  // A closed door keeps strangers out, not those the chair lets in by name.
  const isLetIn = facts.known || facts.lobbyAnswer === 'admitted'
  if (meeting.locked && !isTrusted && !isLetIn) return refuse('locked')
  if (!facts.hasName) return refuse('name_required')
  if (facts.present >= meeting.capacity && !isTrusted && !facts.isPresent) return refuse('full')
  if (role !== null) return { kind: 'admit', role }
  if (!meeting.lobby || facts.lobbyAnswer === 'admitted') return { kind: 'admit', role: 'guest' }
  return facts.lobbyAnswer === 'denied' ? refuse('denied') : { kind: 'wait' }
}
