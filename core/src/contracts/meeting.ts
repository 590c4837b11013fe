/** The schedule form and what the portal's pages show of a meeting. */
import { z } from 'zod'
import { isoTime } from '../ids.ts'
import { readAddresses } from '../text/addresses.ts'
import { blockText, lineText } from '../text/clean-text.ts'
import { plainId } from '../text/storable.ts'

export const meetingKind = z.enum(['meeting', 'town_hall', 'voter_contact'])
export type MeetingKind = z.infer<typeof meetingKind>
export const meetingStatus = z.enum(['scheduled', 'live', 'ended', 'cancelled'])
export type MeetingStatus = z.infer<typeof meetingStatus>

/** What the clerk fills in. Times are UTC on the wire; the page shows Asia/Ho_Chi_Minh (setting TIME_ZONE). */
export const meetingInput = z
  .object({
    title: lineText({ min: 3, max: 200 }),
    kind: meetingKind,
    startsAt: isoTime,
    endsAt: isoTime,
    chairId: plainId(),
    secretaryId: plainId().nullable(),
    hallIds: z.array(plainId()).max(500),
    /** People invited by account. */
    userIds: z.array(plainId()).max(2000),
    /** People invited by e-mail only: addresses or `Name <address>`. */
    emails: z
      .array(z.string().max(500))
      .max(500)
      .refine(emails => readAddresses(emails.join('\n')).wrong.length === 0, 'email_wrong'),
    agenda: blockText({ max: 20_000 }),
    description: blockText({ max: 20_000 }),
    guestsAllowed: z.boolean(),
    watchAllowed: z.boolean(),
    lobby: z.boolean(),
    recorded: z.boolean(),
  })
  .refine(m => m.endsAt > m.startsAt, { path: ['endsAt'], message: 'ends_before_start' })
export type MeetingInput = z.infer<typeof meetingInput>

export interface MeetingSummary {
  id: string
  code: string
  title: string
  kind: MeetingKind
  status: MeetingStatus
  startsAt: string
  endsAt: string
  chairName: string
  endpointCount: number
  recorded: boolean
  /** When the doors open for the signed-in user; moderators come in earlier to prepare. See `doorsOpenAt`. */
  opensAt: string
  /** What the signed-in user may do with it. */
  may: {
    edit: boolean
    cancel: boolean
    join: boolean
    readAttendance: boolean
    readRecordings: boolean
    readTalk: boolean
  }
}

/**
 * Where an invitation is: `none` no mail was written, `waiting` on its way, `sent` taken by the mail server, `failed` refused
 * for now or for good, `kept` here because no mail server is set.
 */
export type InvitationState = 'none' | 'waiting' | 'sent' | 'failed' | 'kept'

export interface Invitee {
  id: string
  userId: string | null
  name: string
  email: string
  state: InvitationState
  /** When the newest mail was sent. */
  sentAt: string | null
}

export interface MeetingDetail extends MeetingSummary {
  agenda: string
  description: string
  secretaryName: string | null
  chairId: string
  secretaryId: string | null
  guestsAllowed: boolean
  watchAllowed: boolean
  lobby: boolean
  passcode: string
  joinUrl: string
  watchUrl: string | null
  /** Data URL (SVG or PNG) of a QR code of joinUrl. */
  joinQr: string
  endpoints: {
    id: string
    hallId: string | null
    hall: string
    unit: string
    order: number
    /** Somebody was invited for it: an account that sits there, or its contact. */
    isInvited: boolean
    /** Telephone of its contact, for those who invite. */
    phone: string
    /** The hall's eight digits; empty for whoever may not hand them on. */
    code: string
  }[]
  invitees: Invitee[]
  /** There is a mail server; without one, mails are kept in the outbox. */
  mailsLeave: boolean
  /** ISO time of the end; null before it. */
  endedAt: string | null
  /** Whether the reader may take the end back, as long as it is recent (`canReopen`). */
  mayReopen: boolean
  cancelledReason: string | null
}

/** Form actions answer with this: field errors by path, or the id of what was saved. */
export type FormResult =
  | { ok: true; id: string }
  | { ok: false; message: string; fields: Record<string, string> }
