/** The schedule form and what the portal's pages show of a meeting. */
import { z } from 'zod'
import { isoTime } from '../ids.ts'

export const meetingKind = z.enum(['meeting', 'town_hall', 'voter_contact'])
export type MeetingKind = z.infer<typeof meetingKind>
export const meetingStatus = z.enum(['scheduled', 'live', 'ended', 'cancelled'])
export type MeetingStatus = z.infer<typeof meetingStatus>

/** What the clerk fills in. Times are UTC on the wire; the page shows Asia/Ho_Chi_Minh (setting TIME_ZONE). */
export const meetingInput = z
  .object({
    title: z.string().trim().min(3).max(200),
    kind: meetingKind,
    startsAt: isoTime,
    endsAt: isoTime,
    chairId: z.string().min(1),
    secretaryId: z.string().nullable(),
    hallIds: z.array(z.string()).max(500),
    /** People invited by account. */
    userIds: z.array(z.string()).max(2000),
    /** People invited by e-mail only. */
    emails: z.array(z.email()).max(500),
    agenda: z.string().max(20_000),
    description: z.string().max(20_000),
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
  /** What the signed-in user may do with it. */
  may: { edit: boolean; cancel: boolean; join: boolean; readAttendance: boolean; readRecordings: boolean }
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
  endpoints: { id: string; hallId: string | null; hall: string; unit: string; order: number }[]
  invitees: { userId: string | null; name: string; email: string; sentAt: string | null }[]
  cancelledReason: string | null
}

/** Form actions answer with this: field errors by path, or the id of what was saved. */
export type FormResult =
  | { ok: true; id: string }
  | { ok: false; message: string; fields: Record<string, string> }
