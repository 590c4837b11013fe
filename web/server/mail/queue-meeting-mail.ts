import { newId } from '@diemcau/core/ids.ts'
import { doorsOpenAt } from '@diemcau/core/meeting/admission.ts'
import { readAddresses } from '@diemcau/core/text/addresses.ts'
import type { Prisma, Tx } from '@diemcau/prisma/client.ts'
import QRCode from 'qrcode'
import { enqueueJob } from '../jobs/job-queue.ts'
import type { Runtime } from '../runtime.ts'
import type { MailChange, MailKind } from './mail-facts.ts'
import { formatSpan, recordedWord, writeMail } from './write-mail.ts'

export interface MailRecipient {
  invitationId: string
  userId: string | null
  email: string
  name: string
  role: string
}

export const recipientOf = (
  invitation: Omit<MailRecipient, 'invitationId'> & { id: string },
): MailRecipient => ({
  invitationId: invitation.id,
  userId: invitation.userId,
  email: invitation.email,
  name: invitation.name,
  role: invitation.role,
})

/** The columns of a meeting that mails tell about. */
type MailedMeeting = Prisma.MeetingGetPayload<object>
/** What of a meeting can change so that everybody invited is told. */
export type MailedState = Pick<
  MailedMeeting,
  'title' | 'startsAt' | 'endsAt' | 'chairId' | 'agenda' | 'recorded'
>

/** Whether the others are told of the difference. */
export const isNews = (before: MailedState, after: MailedState): boolean =>
  before.title !== after.title ||
  before.startsAt.getTime() !== after.startsAt.getTime() ||
  before.endsAt.getTime() !== after.endsAt.getTime() ||
  before.chairId !== after.chairId ||
  before.agenda !== after.agenda ||
  before.recorded !== after.recorded

function changesOf(
  before: MailedState,
  after: MailedState,
  locale: string,
  timeZone: string,
  nameOf: (userId: string) => string,
): MailChange[] {
  const state = (one: MailedState): Record<MailChange['field'], string> => ({
    title: one.title,
    time: formatSpan(one.startsAt, one.endsAt, locale, timeZone),
    chair: nameOf(one.chairId),
    agenda: one.agenda,
    recording: recordedWord(one.recorded, locale),
  })
  const [was, is] = [state(before), state(after)]
  return (Object.keys(is) as MailChange['field'][]).flatMap(field =>
    was[field] === is[field] ? [] : [{ field, before: was[field], after: is[field] }],
  )
}

/**
 * Writes the mails and their jobs in the caller's transaction: a meeting is never saved without its invitations. `before` is
 * the meeting as the recipients of a `changed` mail know it.
 */
export async function queueMeetingMail(
  runtime: Runtime,
  tx: Tx,
  meeting: MailedMeeting,
  kind: MailKind,
  recipients: readonly MailRecipient[],
  before: MailedState = meeting,
): Promise<void> {
  if (recipients.length === 0) return
  const { config } = runtime
  const from = readAddresses(config.mailFrom).mailboxes[0] ?? { name: '', email: config.mailFrom }
  const [chairs, accounts, endpoints] = await Promise.all([
    tx.user.findMany({
      where: { id: { in: [meeting.chairId, before.chairId] } },
      select: { id: true, name: true },
    }),
    tx.user.findMany({
      where: { id: { in: recipients.flatMap(one => one.userId ?? []) } },
      select: { id: true, locale: true, hallId: true },
    }),
    tx.meetingEndpoint.findMany({
      where: { meetingId: meeting.id },
      include: { hall: { select: { contactEmail: true } } },
      orderBy: { order: 'asc' },
    }),
  ])
  const nameOf = (userId: string) => chairs.find(one => one.id === userId)?.name ?? ''
  const joinUrl = `${config.publicUrl}/m/${meeting.code}`
  const links = { account: `${joinUrl}?as=account`, guest: `${joinUrl}?as=guest` }
  const pictureOf = async (link: string) => await QRCode.toDataURL(link, { margin: 1, scale: 5 })
  const isOff = kind === 'cancelled' || kind === 'uninvited'
  const pictures = isOff
    ? null
    : { account: await pictureOf(links.account), guest: await pictureOf(links.guest) }

  const mails = recipients.map(recipient => {
    const account = accounts.find(one => one.id === recipient.userId)
    const locale = account?.locale ?? 'vi'
    const way = account ? 'account' : 'guest'
    const halls = endpoints.filter(one =>
      account
        ? account.hallId !== null && one.hallId === account.hallId
        : one.hall?.contactEmail === recipient.email,
    )
    const written = writeMail({
      kind,
      locale,
      timeZone: config.timeZone,
      recipient: {
        name: recipient.name,
        email: recipient.email,
        hasAccount: account !== undefined,
        passcode: !account && meeting.guestsAllowed ? meeting.passcode : null,
        halls: halls.map(one => ({
          name: `${one.hallName} – ${one.unitName}`,
          code: account ? null : one.code,
        })),
      },
      organizer: { name: from.name || from.email, email: from.email },
      joinUrl: links[way],
      joinQr: pictures?.[way] ?? null,
      watchUrl: meeting.watchAllowed ? `${config.publicUrl}/w/${meeting.code}` : null,
      supportPhone: config.supportPhone,
      doorsOpenAt: new Date(doorsOpenAt(meeting.startsAt.getTime(), meeting.startsAt.getTime(), null)),
      changes: changesOf(before, meeting, locale, config.timeZone, nameOf),
      meeting: { ...meeting, chairName: nameOf(meeting.chairId) },
    })
    return {
      id: newId<string>('ML_'),
      meetingId: meeting.id,
      invitationId: isOff ? null : recipient.invitationId,
      toAddress: recipient.email,
      toName: recipient.name,
      ...written,
    }
  })
  await tx.mail.createMany({ data: mails })
  for (const mail of mails) await enqueueJob(tx, { kind: 'send_mail', mailId: mail.id })
}
