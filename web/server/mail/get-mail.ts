import { AppError } from '@diemcau/core/errors.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor, MailView } from '../types.ts'
import { assertMayReadOutbox, toMailSummary } from './list-mails.ts'

export async function getMail(actor: Actor, id: string): Promise<MailView> {
  assertMayReadOutbox(actor)
  const row = await getRuntime().db.mail.findUnique({ where: { id } })
  if (!row) throw new AppError('not_found', `no mail ${id}`)
  return { ...toMailSummary(row), html: row.html, text: row.text, ics: row.ics, meetingId: row.meetingId }
}
