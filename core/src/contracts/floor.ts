/**
 * The live contract between a meeting's clients and the portal, over socket.io (path `/socket.io/`, namespace
 * `/meeting`). Handshake `auth: { ticket, since? }`; the ticket is a short JWT of the portal (see `join.ts`).
 *
 * Every command is one database transaction first and one broadcast second. A command carries `commandId` (uuid
 * made by the client): sending it again after a lost answer changes nothing and answers the same. Every state change
 * is an event with a sequence number that grows by one per meeting; a client that comes back passes the last `seq`
 * it saw as `since` and receives the missed events, in order, before anything else.
 */
import { z } from 'zod'
import { isoTime } from '../ids.ts'
import { meetingRole } from '../roles.ts'

const commandId = z.uuid()
const identity = z.string().min(1).max(128)

/** Client → server, event name `command`, acknowledged with `CommandResult`. */
export const floorCommand = z.discriminatedUnion('type', [
  z.object({ type: z.literal('chat_send'), commandId, text: z.string().trim().min(1).max(2000) }),
  z.object({ type: z.literal('hand_raise'), commandId }),
  /** Own hand, or (moderators) the hand of `identity`. */
  z.object({ type: z.literal('hand_lower'), commandId, identity: identity.optional() }),
  z.object({
    type: z.literal('question_ask'),
    commandId,
    text: z.string().trim().min(1).max(2000),
    name: z.string().trim().max(120).optional(),
  }),
  z.object({
    type: z.literal('question_set_status'),
    commandId,
    questionId: z.string(),
    status: z.enum(['open', 'answered', 'dismissed']),
  }),
  // Moderators only from here.
  z.object({
    type: z.literal('mute'),
    commandId,
    identity,
    source: z.enum(['microphone', 'camera', 'screen_share']),
  }),
  z.object({ type: z.literal('mute_all'), commandId }),
  /** Shows a request to `identity`; nobody's microphone is opened without their consent. */
  z.object({ type: z.literal('ask_unmute'), commandId, identity }),
  z.object({ type: z.literal('remove'), commandId, identity, reason: z.string().max(300).optional() }),
  z.object({ type: z.literal('lock'), commandId, locked: z.boolean() }),
  /** `identity: null` clears the spotlight. */
  z.object({ type: z.literal('spotlight'), commandId, identity: identity.nullable() }),
  z.object({
    type: z.literal('set_options'),
    commandId,
    chat: z.boolean().optional(),
    viewersMayRaiseHand: z.boolean().optional(),
    viewersMayAsk: z.boolean().optional(),
  }),
  z.object({ type: z.literal('lobby_admit'), commandId, requestId: z.string() }),
  z.object({ type: z.literal('lobby_admit_all'), commandId }),
  z.object({ type: z.literal('lobby_deny'), commandId, requestId: z.string() }),
  z.object({
    type: z.literal('recording_start'),
    commandId,
    layout: z.enum(['speaker', 'grid']).default('speaker'),
  }),
  z.object({ type: z.literal('recording_stop'), commandId }),
  z.object({ type: z.literal('end_meeting'), commandId }),
])
export type FloorCommand = z.infer<typeof floorCommand>

export type CommandResult = { ok: true } | { ok: false; code: string; message: string }

export const chatMessage = z.object({
  id: z.string(),
  identity: z.string(),
  name: z.string(),
  text: z.string(),
  at: isoTime,
})
export type ChatMessage = z.infer<typeof chatMessage>
export const raisedHand = z.object({ identity: z.string(), name: z.string(), at: isoTime })
export type RaisedHand = z.infer<typeof raisedHand>
export const question = z.object({
  id: z.string(),
  identity: z.string(),
  name: z.string(),
  text: z.string(),
  status: z.enum(['open', 'answered', 'dismissed']),
  at: isoTime,
})
export type Question = z.infer<typeof question>
export const lobbyRequest = z.object({
  id: z.string(),
  identity: z.string(),
  name: z.string(),
  unit: z.string(),
  at: isoTime,
})
export type LobbyRequest = z.infer<typeof lobbyRequest>
export const recordingState = z.object({
  recordingId: z.string(),
  status: z.enum(['requested', 'starting', 'recording', 'stopping', 'composing', 'ready', 'failed']),
  startedAt: isoTime.nullable(),
  /** 0..100 while composing. */
  progress: z.number().min(0).max(100).nullable(),
  error: z.string().nullable(),
})
export type RecordingState = z.infer<typeof recordingState>
export const meetingOptions = z.object({
  chat: z.boolean(),
  viewersMayRaiseHand: z.boolean(),
  viewersMayAsk: z.boolean(),
})
export type MeetingOptions = z.infer<typeof meetingOptions>

/**
 * Server → client, event name `event`. Events with `audience: 'moderators'` (lobby, questions of others when not
 * allowed) never reach other clients, whose `seq` then simply skips that number.
 */
const eventBody = z.discriminatedUnion('type', [
  z.object({ type: z.literal('chat_sent'), message: chatMessage }),
  z.object({ type: z.literal('hand_raised'), hand: raisedHand }),
  z.object({ type: z.literal('hand_lowered'), identity: z.string() }),
  z.object({ type: z.literal('question_asked'), question }),
  z.object({ type: z.literal('question_status'), questionId: z.string(), status: question.shape.status }),
  z.object({
    type: z.literal('muted_by_chair'),
    identity: z.string().nullable(),
    source: z.string(),
    by: z.string(),
  }),
  z.object({ type: z.literal('unmute_asked'), identity: z.string(), by: z.string() }),
  z.object({ type: z.literal('removed'), identity: z.string(), by: z.string() }),
  z.object({ type: z.literal('locked'), locked: z.boolean() }),
  z.object({ type: z.literal('spotlighted'), identity: z.string().nullable() }),
  z.object({ type: z.literal('options_set'), options: meetingOptions }),
  z.object({ type: z.literal('lobby_requested'), request: lobbyRequest }),
  z.object({ type: z.literal('lobby_settled'), requestId: z.string(), admitted: z.boolean() }),
  z.object({ type: z.literal('recording'), recording: recordingState }),
  z.object({ type: z.literal('meeting_ended'), by: z.string() }),
])
export const floorEvent = z.intersection(
  z.object({ seq: z.number().int().positive(), at: isoTime }),
  eventBody,
)
export type FloorEventBody = z.infer<typeof eventBody>
export type FloorEvent = z.infer<typeof floorEvent>

/** Server → client, event name `snapshot`: the state after `seq`; sent first when no (or too old a) `since` was given. */
export const floorSnapshot = z.object({
  seq: z.number().int().nonnegative(),
  meetingId: z.string(),
  title: z.string(),
  status: z.enum(['scheduled', 'live', 'ended', 'cancelled']),
  you: z.object({ identity: z.string(), name: z.string(), role: meetingRole }),
  locked: z.boolean(),
  spotlight: z.string().nullable(),
  options: meetingOptions,
  chat: z.array(chatMessage),
  hands: z.array(raisedHand),
  questions: z.array(question),
  lobby: z.array(lobbyRequest),
  recording: recordingState.nullable(),
  agenda: z.string(),
})
export type FloorSnapshot = z.infer<typeof floorSnapshot>

/** Server → client, event name `viewers`: how many watch now (not stored, at most every 2 s). */
export type ViewersNotice = { count: number }

/** Typed maps for socket.io. `lobby_result` is only sent to a socket whose ticket is a lobby ticket. */
export interface FloorClientToServer {
  command: (command: FloorCommand, ack: (result: CommandResult) => void) => void
}
export interface FloorServerToClient {
  snapshot: (snapshot: FloorSnapshot) => void
  event: (event: FloorEvent) => void
  viewers: (notice: ViewersNotice) => void
  lobby_result: (result: { admitted: boolean }) => void
}
