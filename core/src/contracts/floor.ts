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
import { floorModes, turnStatuses } from '../floor/speaking-list.ts'
import { isoTime } from '../ids.ts'
import { blockText, lineText } from '../text/clean-text.ts'
import { plainId } from '../text/storable.ts'
import { meetingRole } from './roles.ts'

const commandId = z.uuid()
const identity = plainId(128)

/** Client → server, event name `command`, acknowledged with `CommandResult`. */
export const floorCommand = z.discriminatedUnion('type', [
  z.object({ type: z.literal('chat_send'), commandId, text: blockText({ min: 1, max: 2000 }) }),
  /** A viewer has to say who asks to speak; everybody else is known by name already. */
  z.object({
    type: z.literal('hand_raise'),
    commandId,
    name: lineText({ max: 120 }).optional(),
    unit: lineText({ max: 160 }).optional(),
    /** What about, for the speaking list. */
    topic: lineText({ max: 200 }).optional(),
  }),
  /** Own hand, or (moderators) the hand of `identity`. */
  z.object({ type: z.literal('hand_lower'), commandId, identity: identity.optional() }),
  /** Lets a viewer whose hand is up speak: their page asks for the microphone. Moderators only. */
  z.object({ type: z.literal('give_floor'), commandId, identity }),
  /** Ends that: own, or (moderators) that of `identity`. */
  z.object({ type: z.literal('take_floor'), commandId, identity: identity.optional() }),
  z.object({
    type: z.literal('question_ask'),
    commandId,
    text: blockText({ min: 1, max: 2000 }),
    name: lineText({ max: 120 }).optional(),
  }),
  z.object({
    type: z.literal('question_set_status'),
    commandId,
    questionId: plainId(),
    status: z.enum(['open', 'answered', 'dismissed']),
  }),
  /** Takes a wish to speak off the list, with its hand: own, or (moderators) anybody's. */
  z.object({ type: z.literal('speaking_remove'), commandId, turnId: plainId() }),
  /** Ends a speech and closes its microphone: own, or (moderators) anybody's. */
  z.object({ type: z.literal('speaking_end'), commandId, turnId: plainId() }),
  // Moderators only from here.
  /** Puts somebody on the speaking list: who is in the meeting by `identity`, else by name; or a voter of that hall by both. */
  z.object({
    type: z.literal('speaking_add'),
    commandId,
    identity: identity.optional(),
    name: lineText({ max: 120 }).optional(),
    unit: lineText({ max: 160 }).optional(),
    topic: lineText({ max: 200 }).optional(),
  }),
  /** `beforeId`: whoever waits and is to come right after; null: to the end. */
  z.object({
    type: z.literal('speaking_move'),
    commandId,
    turnId: plainId(),
    beforeId: plainId().nullable(),
  }),
  z.object({ type: z.literal('speaking_postpone'), commandId, turnId: plainId(), isPostponed: z.boolean() }),
  /**
   * Gives the floor: where it is one at a time, whoever spoke is ended with it. `speaking`: turns that spoke on the screen of whoever
   * pressed; if it is another one by now, the command is refused with `floor_moved`.
   */
  z.object({
    type: z.literal('speaking_call'),
    commandId,
    turnId: plainId(),
    speaking: z.array(plainId()).max(100).optional(),
  }),
  /** Takes back the call of this turn, if it was the last. */
  z.object({ type: z.literal('speaking_undo'), commandId, turnId: plainId() }),
  z.object({ type: z.literal('speaking_next'), commandId, turnId: plainId().nullable() }),
  z.object({
    type: z.literal('speaking_extend'),
    commandId,
    turnId: plainId(),
    seconds: z.number().int().min(10).max(3600),
  }),
  z.object({ type: z.literal('speaking_mode'), commandId, mode: z.enum(floorModes) }),
  /** `limitS`: time of a speech from the next call on; 0: none. */
  z.object({
    type: z.literal('speaking_rules'),
    commandId,
    limitS: z
      .number()
      .int()
      .min(0)
      .max(4 * 3600)
      .optional(),
    isUnspokenFirst: z.boolean().optional(),
  }),
  z.object({
    type: z.literal('mute'),
    commandId,
    identity,
    source: z.enum(['microphone', 'camera', 'screen_share']),
  }),
  /** With `hold` nobody but moderators can open theirs again until it is released by `set_options`. */
  z.object({ type: z.literal('mute_all'), commandId, hold: z.boolean().optional() }),
  /**
   * Shows a request to `identity`; nobody's microphone is opened without their consent. While microphones are held it
   * also lets this one open theirs.
   */
  z.object({ type: z.literal('ask_unmute'), commandId, identity }),
  /** With `lock` and `newPasscode` in the same step, so that nobody slips back in between. */
  z.object({
    type: z.literal('remove'),
    commandId,
    identity,
    reason: lineText({ max: 300 }).optional(),
    lock: z.boolean().optional(),
    newPasscode: z.boolean().optional(),
  }),
  z.object({ type: z.literal('change_passcode'), commandId }),
  z.object({ type: z.literal('lock'), commandId, locked: z.boolean() }),
  /** `identity: null` clears the spotlight. */
  z.object({ type: z.literal('spotlight'), commandId, identity: identity.nullable() }),
  z.object({
    type: z.literal('set_options'),
    commandId,
    chat: z.boolean().optional(),
    viewersMayRaiseHand: z.boolean().optional(),
    viewersMayAsk: z.boolean().optional(),
    microphonesHeld: z.boolean().optional(),
  }),
  /** A claimed hall is given only with `confirmClaim`; without it the person comes in as themselves. */
  z.object({
    type: z.literal('lobby_admit'),
    commandId,
    requestId: plainId(),
    confirmClaim: z.boolean().optional(),
  }),
  /** All but those who claim a hall or resemble somebody put out: these are looked at one by one. */
  z.object({ type: z.literal('lobby_admit_all'), commandId }),
  z.object({ type: z.literal('lobby_deny'), commandId, requestId: plainId() }),
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
export const raisedHand = z.object({
  identity: z.string(),
  name: z.string(),
  /** Commune or address a viewer gave; empty for others, whose name says it. */
  unit: z.string(),
  at: isoTime,
})
export type RaisedHand = z.infer<typeof raisedHand>
/** A viewer who has the floor: may send sound, and nothing else, until it is taken back. */
export const floorSpeaker = z.object({
  identity: z.string(),
  name: z.string(),
  unit: z.string(),
  at: isoTime,
})
export type FloorSpeaker = z.infer<typeof floorSpeaker>
/** One entry of the speaking list; the fields are explained at `SpeakingTurn`. */
export const speakingTurn = z.object({
  id: z.string(),
  identity: z.string().nullable(),
  name: z.string(),
  unit: z.string(),
  topic: z.string(),
  isFromHand: z.boolean(),
  addedBy: z.string(),
  at: isoTime,
  status: z.enum(turnStatuses),
  rank: z.number(),
  spokenBefore: z.number(),
  startedAt: isoTime.nullable(),
  untilAt: isoTime.nullable(),
  endedAt: isoTime.nullable(),
})
const speakerName = z.object({
  turnId: z.string(),
  identity: z.string().nullable(),
  name: z.string(),
  unit: z.string(),
})
/** What everybody sees of the floor: how it is led, who speaks and how long, who was told to be ready. */
export const speakingFloor = z.object({
  mode: z.enum(floorModes),
  limitS: z.number(),
  isUnspokenFirst: z.boolean(),
  now: z.array(speakerName.extend({ topic: z.string(), startedAt: isoTime, untilAt: isoTime.nullable() })),
  next: speakerName.nullable(),
  /** Turn of the last call while it can be taken back. */
  undoableId: z.string().nullable(),
})
export type SpeakingFloor = z.infer<typeof speakingFloor>
/** Who waits at which place, without a name: for viewers, who know of no wish but their own. */
export const speakingPlace = z.object({ turnId: z.string(), rank: z.number() })
export type SpeakingPlace = z.infer<typeof speakingPlace>
export const speakingState = z.object({
  floor: speakingFloor,
  /** All; for viewers their own. */
  turns: z.array(speakingTurn),
  /** For viewers; others see it in `turns`. */
  places: z.array(speakingPlace),
})
export type SpeakingState = z.infer<typeof speakingState>
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
  /** Says to be of this endpoint, without a proof. `seatedBy`: name of whoever speaks for it now. */
  claim: z
    .object({
      endpointId: z.string(),
      hall: z.string(),
      unit: z.string(),
      seatedBy: z.string().nullable(),
    })
    .nullable(),
  /** Invited, and outside only because the door is closed. */
  invited: z.boolean(),
  /** Name of somebody put out before who this may be: same network or same name, another device. */
  resembles: z.string().nullable(),
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
  /** Only moderators, and whom they ask to speak, may open their microphone. */
  microphonesHeld: z.boolean(),
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
  z.object({ type: z.literal('floor_given'), speaker: floorSpeaker }),
  z.object({ type: z.literal('floor_taken'), identity: z.string() }),
  z.object({ type: z.literal('speaking_floor'), floor: speakingFloor }),
  z.object({ type: z.literal('speaking_turn'), turn: speakingTurn }),
  z.object({ type: z.literal('speaking_turn_gone'), turnId: z.string(), identity: z.string().nullable() }),
  /** `rank: null`: waits no more. Only where viewers are allowed. */
  z.object({ type: z.literal('speaking_place'), turnId: z.string(), rank: z.number().nullable() }),
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
  z.object({ type: z.literal('passcode_changed'), passcode: z.string() }),
  z.object({ type: z.literal('spotlighted'), identity: z.string().nullable() }),
  z.object({ type: z.literal('options_set'), options: meetingOptions }),
  z.object({ type: z.literal('lobby_requested'), request: lobbyRequest }),
  z.object({ type: z.literal('lobby_settled'), requestId: z.string(), admitted: z.boolean() }),
  z.object({ type: z.literal('recording'), recording: recordingState }),
  z.object({ type: z.literal('meeting_ended'), by: z.string() }),
  z.object({ type: z.literal('meeting_reopened'), by: z.string() }),
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
  speakers: z.array(floorSpeaker),
  speaking: speakingState,
  /** The portal's clock: those of pages go wrong by minutes. */
  now: isoTime,
  questions: z.array(question),
  lobby: z.array(lobbyRequest),
  /** What guests type; null for whoever is no moderator. */
  passcode: z.string().nullable(),
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
