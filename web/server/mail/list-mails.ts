import { AppError } from '@diemcau/core/errors.ts'
import { maySchedule } from '@diemcau/core/roles.ts'
import type { Prisma } from '@diemcau/prisma/client.ts'
import { getRuntime } from '../runtime.ts'
import { searchFilter } from '../search.ts'
import type { Actor, MailSummary } from '../types.ts'
import { readMailError } from './mail-failure.ts'

export const toMailSummary = (
  row: Prisma.MailGetPayload<{ omit: { html: true; text: true; ics: true; search: true } }>,
): MailSummary => ({
  id: row.id,
  to: row.toName && row.toName !== row.toAddress ? `${row.toName} <${row.toAddress}>` : row.toAddress,
  subject: row.subject,
  createdAt: row.createdAt.toISOString(),
  sentAt: row.sentAt?.toISOString() ?? null,
  status: row.status as MailSummary['status'],
  failure: row.error === null ? null : readMailError(row.error),
})

/** Those who invite see what was sent. @throws AppError `forbidden` */
export function assertMayReadOutbox(actor: Actor): void {
  if (!maySchedule(actor.role)) throw new AppError('forbidden', 'may not read the outbox')
}

/** The newest 500 of those that match the query, or of all. */
export async function listMails(actor: Actor, filter: { q?: string } = {}): Promise<MailSummary[]> {
  assertMayReadOutbox(actor)
  const { db } = getRuntime()
  const rows = await db.mail.findMany({
    where: { AND: await searchFilter<Prisma.MailWhereInput>(db, filter.q, word => [{ search: word }]) },
    omit: { html: true, text: true, ics: true, search: true },
    orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
    take: 500,
  })
  return rows.map(toMailSummary)
}
