import { AppError } from '@diemcau/core/errors.ts'
import nodemailer from 'nodemailer'
import type { Runtime } from '../runtime.ts'
import { describeMailError } from './mail-failure.ts'

const SMTP_TIMEOUT_MS = 20_000

/**
 * Job. Sends one mail, or keeps it readable in the outbox when there are no SMTP settings. A crash between the
 * server's yes and our note of it sends the mail twice: at least once, as for all jobs.
 */
export async function sendMail(runtime: Runtime, mailId: string): Promise<void> {
  const { db, config } = runtime
  const mail = await db.mail.findUnique({ where: { id: mailId } })
  if (!mail || mail.status === 'sent') return
  if (!config.smtpUrl) {
    await db.mail.update({ where: { id: mailId }, data: { status: 'kept' } })
    return
  }
  const transport = nodemailer.createTransport({
    url: config.smtpUrl,
    connectionTimeout: SMTP_TIMEOUT_MS,
    greetingTimeout: SMTP_TIMEOUT_MS,
    socketTimeout: SMTP_TIMEOUT_MS,
  })
  try {
    await transport.sendMail({
      from: config.mailFrom,
      to: { name: mail.toName, address: mail.toAddress },
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      // Mail programs show no pictures of data URLs; they become parts of the mail.
      attachDataUrls: true,
      messageId: `<${mail.id}@diemcau>`,
      ...(mail.ics
        ? { icalEvent: { filename: 'hop.ics', method: mail.icsMethod ?? 'REQUEST', content: mail.ics } }
        : {}),
    })
    const sentAt = new Date()
    await db.$transaction(async tx => {
      await tx.mail.update({ where: { id: mailId }, data: { status: 'sent', sentAt, error: null } })
      if (mail.invitationId)
        await tx.invitation.updateMany({ where: { id: mail.invitationId }, data: { sentAt } })
    })
  } catch (error) {
    const said = describeMailError(error, config.smtpUrl)
    await db.mail.update({ where: { id: mailId }, data: { status: 'failed', error: said } })
    // What the library threw may hold the address with its password; the job keeps and logs this instead.
    throw new AppError('unavailable', `the mail was not sent: ${said}`)
  } finally {
    transport.close()
  }
}
