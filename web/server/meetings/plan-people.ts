/** From the form's ids to endpoints and invitations, checked against the database. Used by schedule and update. */
import type { MeetingInput } from '@diemcau/core/contracts/meeting.ts'
import type { MeetingRole } from '@diemcau/core/roles.ts'
import { readAddresses } from '@diemcau/core/text/addresses.ts'
import type { Tx } from '@diemcau/prisma/client.ts'

export interface PlannedInvitation {
  userId: string | null
  email: string
  name: string
  role: MeetingRole
}
export interface MeetingPlan {
  endpoints: { hallId: string; hallName: string; unitName: string; order: number }[]
  invitations: PlannedInvitation[]
  faults: Record<string, string>
}

/**
 * Invited: the chair, the secretary, the accounts named, the accounts seated in the halls, those who answer for the halls,
 * the bare addresses. An address that belongs to an account invites the account.
 */
export async function planPeople(tx: Tx, input: MeetingInput): Promise<MeetingPlan> {
  const faults: Record<string, string> = {}
  const halls = await tx.hall.findMany({
    where: { id: { in: input.hallIds }, validTo: null },
    include: { unit: true },
    orderBy: [{ unit: { order: 'asc' } }, { order: 'asc' }, { name: 'asc' }],
  })
  if (halls.length < new Set(input.hallIds).size) faults.hallIds = 'unknown_hall'
  const named = new Set([input.chairId, ...(input.secretaryId ? [input.secretaryId] : []), ...input.userIds])
  const typed = readAddresses(input.emails.join('\n'))
  if (typed.wrong.length > 0) faults.emails = 'email_wrong'
  const contacts = halls
    .filter(hall => hall.contactEmail !== '')
    .map(hall => ({ email: hall.contactEmail, name: hall.contactName || hall.name }))
  const addresses = [...contacts, ...typed.mailboxes]
  const users = await tx.user.findMany({
    where: {
      disabledAt: null,
      OR: [
        { id: { in: [...named] } },
        { hallId: { in: halls.map(h => h.id) } },
        { email: { in: addresses.map(one => one.email) } },
      ],
    },
    orderBy: { name: 'asc' },
  })
  const found = new Set(users.map(u => u.id))
  if (!found.has(input.chairId)) faults.chairId = 'unknown_person'
  if (input.secretaryId && !found.has(input.secretaryId)) faults.secretaryId = 'unknown_person'
  if (input.userIds.some(id => !found.has(id))) faults.userIds = 'unknown_person'

  const invitations = new Map<string, PlannedInvitation>()
  for (const user of users)
    invitations.set(user.email.toLowerCase(), {
      userId: user.id,
      email: user.email.toLowerCase(),
      name: user.name,
      role: user.id === input.chairId ? 'chair' : user.id === input.secretaryId ? 'secretary' : 'delegate',
    })
  for (const { email, name } of addresses)
    if (!invitations.has(email))
      invitations.set(email, { userId: null, email, name: name || email, role: 'guest' })
  return {
    endpoints: halls.map((hall, index) => ({
      hallId: hall.id,
      hallName: hall.name,
      unitName: hall.unit.name,
      order: index + 1,
    })),
    invitations: [...invitations.values()],
    faults,
  }
}
