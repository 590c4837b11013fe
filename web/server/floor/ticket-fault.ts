import { isModerator } from '@diemcau/core/roles.ts'
import type { Tx } from '@diemcau/prisma/client.ts'
import { roleOfUser } from '../meetings/access.ts'
import type { Ticket } from './ticket.ts'

/**
 * What is wrong with a ticket that was good when it was given: `removed` for somebody the chair has put out, `ticket`
 * for an account that was disabled, or that may not run this meeting any more. Null when it still holds.
 */
export async function ticketFault(tx: Tx, ticket: Ticket): Promise<'removed' | 'ticket' | null> {
  const { meetingId, identity, userId } = ticket
  const where = { meetingId_identity: { meetingId, identity } }
  if (await tx.removedIdentity.findUnique({ where })) return 'removed'
  if (userId === null) return null
  if (!isModerator(ticket.role)) {
    const account = await tx.user.findUnique({ where: { id: userId }, select: { disabledAt: true } })
    return account && account.disabledAt === null ? null : 'ticket'
  }
  const role = await roleOfUser(tx, userId, meetingId)
  return role !== null && isModerator(role) ? null : 'ticket'
}
