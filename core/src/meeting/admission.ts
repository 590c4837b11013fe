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
  /**
   * The hall they speak for: `proved` by account, code or device, or confirmed by a moderator before; `claimed` without a
   * proof; `none` without a hall, or when the claim was not confirmed.
   */
  hall: 'none' | 'proved' | 'claimed'
  /** Was let in before under this identity. */
  known: boolean
  removed: boolean
  /** Seems to be somebody who was put out, under another identity. */
  resemblesRemoved: boolean
  lobbyAnswer: 'none' | 'waiting' | 'admitted' | 'denied'
  /** Null when there were too many wrong tries from this device or network. */
  passcodeRight: boolean | null
  hasName: boolean
  places: Places
}

/** What is taken, and what is kept for those who must be able to come. */
export interface Places {
  /** Participants in the room now, viewers not counted. */
  present: number
  /** This very identity is in the room, viewer or not. */
  isPresent: boolean
  /** Halls, and the chair and the secretary, who are not in the room yet. */
  hallsToCome: number
  moderatorsToCome: number
  /** Viewers in the room, and the most the media server can take beside a full meeting. */
  viewers: number
  mostViewers: number
}

export type AdmissionDecision =
  | { kind: 'admit'; role: MeetingRole }
  /** `locked`: invited, and outside only because the chair has closed the door. */
  | { kind: 'wait'; why: 'lobby' | 'claim' | 'locked' }
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
  const role = roleOf(facts)
  const opensAt = doorsOpenAt(meeting.startsAt, facts.dayStart, role)
  const isEarly = facts.now < opensAt
  const early: AdmissionDecision = { kind: 'refuse', reason: 'too_early', opensAt }

  if (role === 'viewer') {
    if (!meeting.watchAllowed) return refuse('guests_not_allowed')
    if (isEarly) return early
    return facts.places.viewers < facts.places.mostViewers || facts.places.isPresent
      ? { kind: 'admit', role }
      : refuse('full')
  }
  // A closed door keeps strangers out, not those the chair lets in by name or who were in before.
  const isLetIn = facts.known || facts.lobbyAnswer === 'admitted'
  if (role === null) {
    // Checked before the doors: somebody who may never come in should not be told to wait for them.
    if (!meeting.guestsAllowed) return refuse('guests_not_allowed')
    if (!isLetIn && facts.passcodeRight === null) return refuse('too_many_attempts')
    // A new code is for newcomers: it does not put out those who are in.
    if (!isLetIn && !facts.passcodeRight) return refuse('wrong_code')
  }
  if (isEarly) return early
  const isTrusted = invitedRole !== null && isModerator(invitedRole)
  const isStranger = role === null && !isLetIn && facts.lobbyAnswer !== 'waiting'
  if (meeting.locked && isStranger) return refuse('locked')
  if (!facts.hasName) return refuse('name_required')
  if (isTrusted) return { kind: 'admit', role: invitedRole }
  if (isFull(facts)) return refuse('full')
  const why = reasonToWait(facts, role, isLetIn)
  if (why === null) return { kind: 'admit', role: role ?? 'guest' }
  return facts.lobbyAnswer === 'denied' ? refuse('denied') : { kind: 'wait', why }
}

function reasonToWait(
  { meeting, hall, resemblesRemoved }: AdmissionFacts,
  role: MeetingRole | null,
  isLetIn: boolean,
): 'lobby' | 'claim' | 'locked' | null {
  if (hall === 'claimed') return 'claim'
  if (isLetIn) return null
  if (meeting.locked) return role === null ? 'lobby' : 'locked'
  return role === null && (meeting.lobby || resemblesRemoved) ? 'lobby' : null
}

function roleOf({ as, invitedRole, hall }: AdmissionFacts): MeetingRole | null {
  if (as === 'viewer') return 'viewer'
  return invitedRole ?? (hall === 'proved' ? 'delegate' : null)
}

/** The chair's and the halls' places are theirs, however many others came first. */
function isFull({ places, meeting, hall }: AdmissionFacts): boolean {
  if (places.isPresent) return false
  const kept = places.moderatorsToCome + (hall === 'proved' ? 0 : places.hallsToCome)
  return places.present + kept >= meeting.capacity
}
