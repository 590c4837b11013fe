/**
 * Joining: `POST /api/meetings/{code}/join` with `joinRequest`, answered 200 with `JoinResult` whatever the outcome
 * (a refusal is an expected answer; 4xx is kept for malformed requests). Used by the check page, by the lobby after
 * admission, by the room to renew a token, and by the watch page (`as: 'viewer'`).
 */
import { z } from 'zod'
import { lineText } from '../text/clean-text.ts'
import { plainId } from '../text/storable.ts'
import { meetingRole } from './roles.ts'

export const joinRequest = z.object({
  as: z.enum(['participant', 'viewer']),
  /** Display name typed by a guest; a signed-in user's own name otherwise. */
  name: lineText({ max: 120 }).optional(),
  /** Free text of a guest ("Tổ dân phố 5"), or ignored when an endpoint is chosen. */
  unit: lineText({ max: 160 }).optional(),
  /** Endpoint (điểm cầu) this device speaks for, from `GET /api/meetings/{code}`. */
  endpointId: plainId().or(z.literal('')).optional(),
  /**
   * What a guest typed: the meeting's six digits, or the eight of a hall. Digits of any script, blanks and marks are understood;
   * not needed by invited, signed-in users.
   */
  passcode: z.string().max(64).optional(),
  /** The page was opened with an account: without a session the answer is `signed_out`, not what a stranger would hear. */
  withAccount: z.boolean().optional(),
  /** Kept by the browser (localStorage) so that a guest or viewer keeps the identity after a reload. */
  deviceId: z.uuid(),
})
export type JoinRequest = z.infer<typeof joinRequest>

export const refusalReason = z.enum([
  'not_found',
  'wrong_code',
  'too_early',
  'locked',
  'removed',
  'full',
  'denied',
  'ended',
  'cancelled',
  'guests_not_allowed',
  'name_required',
  'too_many_attempts',
  'signed_out',
])
export type RefusalReason = z.infer<typeof refusalReason>

const joinResult = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('admitted'),
    /** ws(s) URL of the SFU for `Room.connect`. */
    serverUrl: z.string(),
    token: z.string(),
    /** Handshake `auth.ticket` of the socket.io namespace `/meeting`. */
    ticket: z.string(),
    identity: z.string(),
    name: z.string(),
    role: meetingRole,
    meeting: z.object({
      id: z.string(),
      code: z.string(),
      title: z.string(),
      recorded: z.boolean(),
      kind: z.string(),
    }),
  }),
  /** Waiting in the lobby: connect with `ticket`, wait for `lobby_result`, then post the same request again. */
  z.object({ status: z.literal('waiting'), ticket: z.string(), requestId: z.string() }),
  z.object({
    status: z.literal('refused'),
    reason: refusalReason,
    /** For `too_early`: when the doors open (ISO). */ opensAt: z.string().optional(),
  }),
])
export type JoinResult = z.infer<typeof joinResult>

/** `GET /api/meetings/{code}`: what the check and watch pages may show before anybody is let in. */
export const publicMeeting = z.object({
  code: z.string(),
  title: z.string(),
  kind: z.enum(['meeting', 'town_hall', 'voter_contact']),
  status: z.enum(['scheduled', 'live', 'ended', 'cancelled']),
  startsAt: z.string(),
  endsAt: z.string(),
  /** When it ended; null before. */
  endedAt: z.string().nullable(),
  /** Is planned to be recorded. */
  recorded: z.boolean(),
  /** Is being recorded right now, planned or not. */
  recordingNow: z.boolean(),
  lobby: z.boolean(),
  guestsAllowed: z.boolean(),
  watchAllowed: z.boolean(),
  passcodeRequired: z.boolean(),
  description: z.string(),
  agenda: z.string(),
  /** Endpoints a participant may choose from; `taken` when somebody already speaks for it. */
  endpoints: z.array(z.object({ id: z.string(), hall: z.string(), unit: z.string(), taken: z.boolean() })),
  /** The endpoint this browser was confirmed for before. */
  deviceEndpointId: z.string().nullable(),
  /** The signed-in user, if any. */
  user: z.object({ name: z.string(), role: meetingRole, endpointId: z.string().nullable() }).nullable(),
})
export type PublicMeeting = z.infer<typeof publicMeeting>
