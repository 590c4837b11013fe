/** Who may see and do what with a meeting. Every use case that takes a meeting id goes through here. */
import type { MeetingSummary } from '@diemcau/core/contracts/meeting.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { accountRole, type MeetingRole, mayReadAttendance, maySchedule } from '@diemcau/core/roles.ts'
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
  if (meeting.chairId === actor.userId) return 'chair'
  if (meeting.secretaryId === actor.userId) return 'secretary'
  if (operates(actor)) return 'operator'
  if (meeting.invitations.some(i => i.userId === actor.userId)) return 'delegate'
  if (hallId !== null && meeting.endpoints.some(e => e.hallId === hallId)) return 'delegate'
  return null
}

export function permissions(
  actor: Actor,
  role: MeetingRole | null,
  meeting: MeetingPeople,
): MeetingSummary['may'] {
  const runsIt = role === 'chair' || role === 'secretary'
  const open = meeting.status === 'scheduled' || meeting.status === 'live'
  return {
    edit: maySchedule(actor.role) && open,
    cancel: maySchedule(actor.role) && meeting.status === 'scheduled',
    join: role !== null && open,
    readAttendance: mayReadAttendance(actor.role) || runsIt,
    readRecordings: role !== null,
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

/** The role an account has now, whatever it was told before; null when it has none or is disabled. */
export async function roleOfUser(tx: Tx, userId: string, meetingId: string): Promise<MeetingRole | null> {
  const [account, meeting] = await Promise.all([
    tx.user.findUnique({ where: { id: userId }, select: { role: true, hallId: true, disabledAt: true } }),
    tx.meeting.findUnique({ where: { id: meetingId }, include: people }),
  ])
  const role = accountRole.safeParse(account?.role)
  if (!account || account.disabledAt || !role.success || !meeting) return null
  return roleInMeeting({ userId, role: role.data }, account.hallId, meeting)
}

/**
 * The meeting, the actor's role in it and what they may do. An invisible meeting is `not_found`, so that ids cannot be
 * tried out.
 */
export async function findVisibleMeeting(tx: Tx, actor: Actor, meetingId: string) {
  const hallId = await hallOf(tx, actor.userId)
  const meeting = await tx.meeting.findUnique({ where: { id: meetingId }, include: people })
  if (!meeting) throw new AppError('not_found', `no meeting ${meetingId}`)
  const role = roleInMeeting(actor, hallId, meeting)
  const may = permissions(actor, role, meeting)
  if (role === null && !may.readAttendance) throw new AppError('not_found', 'the meeting is not visible')
  return { meeting, role, may }
}
