/** Roles and what they may do. Free of zod, because every page of the portal loads it; the schemas are in contracts/roles.ts. */

/** What an account may do in the portal (product.md, "Who uses it"). */
export const accountRoles = ['admin', 'clerk', 'chair', 'secretary', 'operator', 'official'] as const
export type AccountRole = (typeof accountRoles)[number]

/** What a participant is in one meeting. `viewer` only watches (the public watch page). */
export const meetingRoles = ['chair', 'secretary', 'operator', 'delegate', 'guest', 'viewer'] as const
export type MeetingRole = (typeof meetingRoles)[number]

/** Roles that may run the meeting: mute, remove, lock, admit, spotlight, record, end. */
export const isModerator = (role: MeetingRole): boolean =>
  role === 'chair' || role === 'secretary' || role === 'operator'

/** Accounts that may schedule meetings and see every meeting; others see those they are invited to. */
export const maySchedule = (role: AccountRole): boolean => role === 'admin' || role === 'clerk'
/** Accounts that may manage users, halls and see the outbox. */
export const mayAdminister = (role: AccountRole): boolean => role === 'admin'
