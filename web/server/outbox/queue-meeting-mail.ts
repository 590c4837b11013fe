import { newId } from '@diemcau/core/ids.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'
import { enqueueJob } from '../jobs/job-queue.ts'
import type { Runtime } from '../runtime.ts'
import { type MailKind, writeMail } from './write-mail.ts'

export interface MailRecipient {
  invitationId: string
  email: string
  name: string
  role: string
  locale: string
}

/** `Name <address>` or a bare address. */
export function parseAddress(text: string): { name: string; email: string } {
  const match = /^\s*"?([^"<]*?)"?\s*<([^>]+)>\s*$/.exec(text)
  return match ? { name: match[1] ?? '', email: match[2] ?? '' } : { name: '', email: text.trim() }
}

/** Writes the mails and their jobs in the caller's transaction: a meeting is never saved without its invitations. */
export async function queueMeetingMail(
  runtime: Runtime,
  tx: Tx,
  meeting: Prisma.MeetingGetPayload<object>,
  kind: MailKind,
  recipients: readonly MailRecipient[],
): Promise<void> {
  const { config } = runtime
  const from = parseAddress(config.mailFrom)
  const mails = recipients.map(recipient => {
    const { subject, html, text, ics, icsMethod } = writeMail({
      kind,
      locale: recipient.locale,
      timeZone: config.timeZone,
      recipient: {
        name: recipient.name,
        email: recipient.email,
        isGuest: recipient.role === 'guest' && meeting.guestsAllowed,
      },
      organizer: { name: from.name || from.email, email: from.email },
      joinUrl: `${config.publicUrl}/m/${meeting.code}`,
      meeting,
    })
    return {
      id: newId<string>('ML_'),
      meetingId: meeting.id,
      invitationId: kind === 'cancelled' ? null : recipient.invitationId,
      toAddress: recipient.email,
      toName: recipient.name,
      subject,
      html,
      text,
      ics,
      icsMethod,
    }
  })
  await tx.mail.createMany({ data: mails })
  for (const mail of mails) await enqueueJob(tx, { kind: 'send_mail', mailId: mail.id })
}
