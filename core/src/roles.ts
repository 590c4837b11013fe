import { z } from 'zod'

/** What an account may do in the portal (product.md, "Who uses it"). */
export const accountRole = z.enum(['admin', 'clerk', 'chair', 'secretary', 'operator', 'official'])
export type AccountRole = z.infer<typeof accountRole>

/** What a participant is in one meeting. `viewer` only watches (the public watch page). */
export const meetingRole = z.enum(['chair', 'secretary', 'operator', 'delegate', 'guest', 'viewer'])
export type MeetingRole = z.infer<typeof meetingRole>

/** Roles that may run the meeting: mute, remove, lock, admit, spotlight, record, end. */
export const isModerator = (role: MeetingRole): boolean =>
  role === 'chair' || role === 'secretary' || role === 'operator'

/** Accounts that may schedule meetings and see every meeting; others see those they are invited to. */
export const maySchedule = (role: AccountRole): boolean => role === 'admin' || role === 'clerk'
/** Accounts that may manage users, halls and see the outbox. */
export const mayAdminister = (role: AccountRole): boolean => role === 'admin'
/** Accounts that may read attendance of every meeting (each read leaves an audit row). */
export const mayReadAttendance = (role: AccountRole): boolean =>
  role === 'admin' || role === 'clerk' || role === 'secretary' || role === 'chair'
