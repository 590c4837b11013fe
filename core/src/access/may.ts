/**
 * Who may do what with a meeting: one table, one question. Every use case that takes a meeting asks here; docs/security.md
 * prints the same table and a test compares the two.
 */
import type { MeetingStatus } from '../contracts/meeting.ts'
import type { AccountRole, MeetingRole } from '../roles.ts'

/** Who asks: the role of the account, and what it is in this very meeting (null: not invited). */
export interface Standing {
  account: AccountRole
  inMeeting: MeetingRole | null
}

export const meetingActions = [
  'see',
  'edit',
  'cancel',
  'join',
  'reopen',
  'read_codes',
  'read_attendance',
  'read_talk',
  'play_recordings',
  'download_recordings',
  'delete_recordings',
] as const
export type MeetingAction = (typeof meetingActions)[number]

interface Rule {
  /** Accounts that may with every meeting. */
  accounts: readonly AccountRole[]
  /** Roles that may with the meeting they are in. */
  roles: readonly MeetingRole[]
  /** States of the meeting in which it makes sense. */
  statuses: readonly MeetingStatus[]
}

const open: readonly MeetingStatus[] = ['scheduled', 'live']
const always: readonly MeetingStatus[] = ['scheduled', 'live', 'ended', 'cancelled']
const office: readonly AccountRole[] = ['admin', 'clerk']
const invited: readonly MeetingRole[] = ['chair', 'secretary', 'operator', 'delegate']
const runsIt: readonly MeetingRole[] = ['chair', 'secretary']
const moderators: readonly MeetingRole[] = ['chair', 'secretary', 'operator']

/**
 * The account role `chair` or `secretary` opens nothing by itself: somebody chairs the meetings they are named for, and only
 * those. The office (clerks, administrators) schedules and answers for every meeting; operators run the technology of every
 * meeting, and so are `operator` in each, but read no attendance.
 */
const rules: Readonly<Record<MeetingAction, Rule>> = {
  see: { accounts: office, roles: invited, statuses: always },
  edit: { accounts: office, roles: [], statuses: open },
  cancel: { accounts: office, roles: [], statuses: ['scheduled'] },
  join: { accounts: [], roles: invited, statuses: open },
  reopen: { accounts: office, roles: moderators, statuses: ['ended'] },
  read_codes: { accounts: office, roles: moderators, statuses: always },
  read_attendance: { accounts: office, roles: runsIt, statuses: always },
  read_talk: { accounts: office, roles: runsIt, statuses: always },
  play_recordings: { accounts: office, roles: invited, statuses: always },
  download_recordings: { accounts: office, roles: runsIt, statuses: always },
  delete_recordings: { accounts: office, roles: [], statuses: always },
}

export function may(standing: Standing, action: MeetingAction, meeting: { status: MeetingStatus }): boolean {
  const rule = rules[action]
  if (!rule.statuses.includes(meeting.status)) return false
  return (
    rule.accounts.includes(standing.account) ||
    (standing.inMeeting !== null && rule.roles.includes(standing.inMeeting))
  )
}
