/**
 * When a place in a meeting ends. One pure judgement for tickets, sockets and media, asked at every command and whenever
 * something changed that a place may rest on. Whether somebody is let in is admission.ts; this is whether they stay.
 */
import type { MeetingStatus } from '../contracts/meeting.ts'
import type { AccountRole, MeetingRole } from '../roles.ts'

/** What ties an account to a meeting. */
export interface AccountTies {
  account: AccountRole
  isChair: boolean
  isSecretary: boolean
  isInvited: boolean
  /** Its usual hall takes part. */
  isOfHall: boolean
}

/** The account's role in the meeting as things are now; null for somebody who was not invited. */
export function roleFrom(ties: AccountTies): MeetingRole | null {
  if (ties.isChair) return 'chair'
  if (ties.isSecretary) return 'secretary'
  if (ties.account === 'admin' || ties.account === 'clerk' || ties.account === 'operator') return 'operator'
  return ties.isInvited || ties.isOfHall ? 'delegate' : null
}

export interface PlaceFacts {
  /** As the ticket or the participant's row says. */
  role: MeetingRole
  meeting: { status: MeetingStatus; guestsAllowed: boolean; watchAllowed: boolean }
  /** Put out by a moderator. */
  isRemoved: boolean
  /** Null for guests and viewers without an account. */
  account: { isEnabled: boolean; hasSession: boolean; roleNow: MeetingRole | null } | null
  /** The endpoint spoken for; null without one. `holds`: it still takes part, and is theirs if they have it by account. */
  endpoint: { holds: boolean } | null
}

/**
 * `removed`: for good. `over`: the meeting is. `session`: the account signed out, was disabled, or must sign in again.
 * `uninvited`: what they came in by is gone. `role`: still invited, as something else: floor rights end, media may stay.
 */
export type PlaceFault = 'removed' | 'over' | 'session' | 'uninvited' | 'role'

export function placeFault(facts: PlaceFacts): PlaceFault | null {
  const { role, meeting, account, endpoint } = facts
  if (facts.isRemoved) return 'removed'
  if (meeting.status === 'ended' || meeting.status === 'cancelled') return 'over'
  if (account && !(account.isEnabled && account.hasSession)) return 'session'
  if (role === 'viewer') return meeting.watchAllowed ? null : 'uninvited'
  if (endpoint && !endpoint.holds) return 'uninvited'
  const roleNow = account?.roleNow ?? null
  // A hall that proved itself is a delegate without an account, and stays one whoever sits at its browser.
  if (role === 'delegate' && endpoint) return roleNow === null || roleNow === role ? null : 'role'
  if (role === 'guest') return meeting.guestsAllowed || roleNow !== null ? null : 'uninvited'
  if (roleNow === null) return 'uninvited'
  return roleNow === role ? null : 'role'
}
