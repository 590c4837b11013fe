import { AppError } from '@diemcau/core/errors.ts'
import { maySchedule } from '@diemcau/core/roles.ts'
import type { Prisma } from '@diemcau/prisma/client.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor, MailSummary } from '../types.ts'

export const toMailSummary = (
  row: Prisma.MailGetPayload<{ omit: { html: true; text: true; ics: true } }>,
): MailSummary => ({
  id: row.id,
  to: row.toName && row.toName !== row.toAddress ? `${row.toName} <${row.toAddress}>` : row.toAddress,
  subject: row.subject,
  createdAt: row.createdAt.toISOString(),
  sentAt: row.sentAt?.toISOString() ?? null,
  status: row.status as MailSummary['status'],
  error: row.error,
})

/** Those who invite see what was sent. @throws AppError `forbidden` */
export function assertMayReadOutbox(actor: Actor): void {
  if (!maySchedule(actor.role)) throw new AppError('forbidden', 'may not read the outbox')
}

/** The newest 500. */
export async function listMails(actor: Actor): Promise<MailSummary[]> {
  assertMayReadOutbox(actor)
  const rows = await getRuntime().db.mail.findMany({
    omit: { html: true, text: true, ics: true },
    orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
    take: 500,
  })
  return rows.map(toMailSummary)
}
