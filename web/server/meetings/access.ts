/** Who may see and do what with a meeting. Every use case that takes a meeting id goes through here. */
import { type MeetingAction, may } from '@diemcau/core/access/may.ts'
import { roleFrom } from '@diemcau/core/access/place-fault.ts'
import type { MeetingStatus, MeetingSummary } from '@diemcau/core/contracts/meeting.ts'
import { AppError } from '@diemcau/core/errors.ts'
import type { MeetingRole } from '@diemcau/core/roles.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'
import type { Actor } from '../types.ts'

interface MeetingPeople {
  chairId: string
  secretaryId: string | null
  status: string
  invitations: { userId: string | null }[]
  endpoints: { hallId: string | null }[]
}

/** What is known of whoever asks, as far as roles need it. */
type Account = Pick<Actor, 'userId' | 'role'>

/** Accounts that run the technology of every meeting. */
const operates = (actor: Account): boolean =>
  actor.role === 'admin' || actor.role === 'clerk' || actor.role === 'operator'

/** Role in this meeting, or null for somebody who was not invited. `hallId` is the actor's usual hall. */
export function roleInMeeting(
  actor: Account,
  hallId: string | null,
  meeting: MeetingPeople,
): MeetingRole | null {
  return roleFrom({
    account: actor.role,
    isChair: meeting.chairId === actor.userId,
    isSecretary: meeting.secretaryId === actor.userId,
    isInvited: meeting.invitations.some(i => i.userId === actor.userId),
    isOfHall: hallId !== null && meeting.endpoints.some(e => e.hallId === hallId),
  })
}

/** Whether this account, with this role in the meeting, may do it. The rules are core's. */
export const mayDo = (
  actor: Account,
  role: MeetingRole | null,
  action: MeetingAction,
  meeting: { status: string },
): boolean =>
  may({ account: actor.role, inMeeting: role }, action, { status: meeting.status as MeetingStatus })

export function permissions(
  actor: Account,
  role: MeetingRole | null,
  meeting: { status: string },
): MeetingSummary['may'] {
  const allowed = (action: MeetingAction) => mayDo(actor, role, action, meeting)
  return {
    edit: allowed('edit'),
    cancel: allowed('cancel'),
    join: allowed('join'),
    readAttendance: allowed('read_attendance'),
    readRecordings: allowed('play_recordings'),
    readTalk: allowed('read_talk'),
  }
}

/** Only the meetings this account may see; part of every list query. */
export function visibleMeetings(actor: Actor, hallId: string | null): Prisma.MeetingWhereInput {
  if (operates(actor)) return {}
  return {
    OR: [
      { chairId: actor.userId },
      { secretaryId: actor.userId },
      { invitations: { some: { userId: actor.userId } } },
      ...(hallId === null ? [] : [{ endpoints: { some: { hallId } } }]),
    ],
  }
}

export async function hallOf(tx: Tx, userId: string): Promise<string | null> {
  return (await tx.user.findUnique({ where: { id: userId }, select: { hallId: true } }))?.hallId ?? null
}

const people = {
  invitations: { select: { userId: true } },
  endpoints: { select: { hallId: true } },
} as const

/**
 * The meeting, the actor's role in it and what they may do. An invisible meeting is `not_found`, so that ids cannot be
 * tried out.
 */
export async function findVisibleMeeting(tx: Tx, actor: Actor, meetingId: string) {
  const hallId = await hallOf(tx, actor.userId)
  const meeting = await tx.meeting.findUnique({ where: { id: meetingId }, include: people })
  if (!meeting) throw new AppError('not_found', `no meeting ${meetingId}`)
  const role = roleInMeeting(actor, hallId, meeting)
  if (!mayDo(actor, role, 'see', meeting)) throw new AppError('not_found', 'the meeting is not visible')
  return { meeting, role, may: permissions(actor, role, meeting) }
}
