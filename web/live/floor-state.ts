/** The meeting's live state in the browser: a snapshot, then events. Pure; `floor-client.ts` feeds it. */
import type {
  ChatMessage,
  FloorEvent,
  FloorSnapshot,
  FloorSpeaker,
  LobbyRequest,
  MeetingOptions,
  Question,
  RaisedHand,
  RecordingState,
  SpeakingState,
} from '@diemcau/core/contracts/floor.ts'
import { emptySpeakingList } from '@diemcau/core/floor/speaking-list.ts'
import { isModerator, type MeetingRole } from '@diemcau/core/roles.ts'

export interface FloorState {
  /** Number of the last event (or snapshot) that is in here; 0 before the first snapshot. */
  seq: number
  isSynced: boolean
  meetingId: string
  title: string
  status: FloorSnapshot['status']
  you: { identity: string; name: string; role: MeetingRole }
  locked: boolean
  spotlight: string | null
  options: MeetingOptions
  chat: readonly ChatMessage[]
  /** In the order of the speaking list. */
  hands: readonly RaisedHand[]
  /** Viewers who were given the floor, longest first. */
  speakers: readonly FloorSpeaker[]
  /** How the floor is led, and the speaking list as far as this person may see it. */
  speaking: SpeakingState
  /** What to add to this page's clock for the portal's, ms. */
  clockOffsetMs: number
  questions: readonly Question[]
  lobby: readonly LobbyRequest[]
  /** For moderators: what guests type. */
  passcode: string | null
  recording: RecordingState | null
  agenda: string
  viewers: number
}

export const emptyFloor: FloorState = {
  seq: 0,
  isSynced: false,
  meetingId: '',
  title: '',
  status: 'live',
  you: { identity: '', name: '', role: 'guest' },
  locked: false,
  spotlight: null,
  options: { chat: true, viewersMayRaiseHand: false, viewersMayAsk: false, microphonesHeld: false },
  chat: [],
  hands: [],
  speakers: [],
  speaking: {
    floor: {
      mode: 'free',
      limitS: emptySpeakingList.limitS,
      isUnspokenFirst: false,
      now: [],
      next: null,
      undoableId: null,
    },
    turns: [],
    places: [],
  },
  clockOffsetMs: 0,
  questions: [],
  lobby: [],
  passcode: null,
  recording: null,
  agenda: '',
  viewers: 0,
}

/** A snapshot replaces everything but the count of viewers, which travels apart. */
export const applySnapshot = (
  state: FloorState,
  { now, ...snapshot }: FloorSnapshot,
  nowMs = Date.now(),
): FloorState => ({
  ...snapshot,
  clockOffsetMs: Date.parse(now) - nowMs,
  hands: inOrder(snapshot.hands, snapshot.speaking),
  isSynced: true,
  viewers: state.viewers,
})

/**
 * `duplicate`: seen before, nothing changed. `gap`: applied, but numbers before it are missing for somebody who is
 * sent every event (a moderator); for others missing numbers are events they may not see.
 */
export type ApplyOutcome = 'applied' | 'duplicate' | 'gap'

export function applyEvent(
  state: FloorState,
  event: FloorEvent,
): { state: FloorState; outcome: ApplyOutcome } {
  if (event.seq <= state.seq) return { state, outcome: 'duplicate' }
  const isGap = isModerator(state.you.role) && event.seq > state.seq + 1
  return { state: { ...reduce(state, event), seq: event.seq }, outcome: isGap ? 'gap' : 'applied' }
}

function reduce(state: FloorState, event: FloorEvent): FloorState {
  switch (event.type) {
    case 'chat_sent':
      return { ...state, chat: append(state.chat, event.message) }
    case 'hand_raised':
      return { ...state, hands: inOrder(raise(state.hands, event.hand), state.speaking) }
    case 'hand_lowered':
      return { ...state, hands: without(state.hands, event.identity) }
    case 'floor_given':
      return { ...state, speakers: [...without(state.speakers, event.speaker.identity), event.speaker] }
    case 'floor_taken':
      return { ...state, speakers: without(state.speakers, event.identity) }
    case 'speaking_floor':
      return { ...state, speaking: { ...state.speaking, floor: event.floor } }
    case 'speaking_turn': {
      const { turns } = state.speaking
      const isKnown = turns.some(turn => turn.id === event.turn.id)
      const next = isKnown
        ? turns.map(turn => (turn.id === event.turn.id ? event.turn : turn))
        : [...turns, event.turn]
      const speaking = { ...state.speaking, turns: next }
      return { ...state, speaking, hands: inOrder(state.hands, speaking) }
    }
    case 'speaking_turn_gone': {
      const turns = state.speaking.turns.filter(turn => turn.id !== event.turnId)
      return { ...state, speaking: { ...state.speaking, turns } }
    }
    case 'speaking_place': {
      // Others see the order among the turns.
      if (state.you.role !== 'viewer') return state
      const { turnId, rank } = event
      const others = state.speaking.places.filter(place => place.turnId !== turnId)
      const places = rank === null ? others : [...others, { turnId, rank }]
      return { ...state, speaking: { ...state.speaking, places } }
    }
    case 'question_asked':
      return { ...state, questions: append(state.questions, event.question) }
    case 'question_status':
      return {
        ...state,
        questions: state.questions.map(question =>
          question.id === event.questionId ? { ...question, status: event.status } : question,
        ),
      }
    case 'locked':
      return { ...state, locked: event.locked }
    case 'spotlighted':
      return { ...state, spotlight: event.identity }
    case 'options_set':
      return { ...state, options: event.options }
    case 'lobby_requested':
      // The same person again, with another name or claim, keeps the place.
      return { ...state, lobby: replace(state.lobby, event.request) }
    case 'lobby_settled':
      return { ...state, lobby: state.lobby.filter(request => request.id !== event.requestId) }
    case 'recording':
      return { ...state, recording: event.recording }
    case 'passcode_changed':
      return { ...state, passcode: event.passcode }
    case 'meeting_ended':
      return { ...state, status: 'ended' }
    case 'meeting_reopened':
      return { ...state, status: 'live' }
    case 'removed':
      return {
        ...state,
        hands: without(state.hands, event.identity),
        speakers: without(state.speakers, event.identity),
      }
    case 'muted_by_chair':
    case 'unmute_asked':
      return state
    default:
      // A newer portal may send what this page does not know yet; the number still counts.
      return state
  }
}

const without = <T extends { identity: string }>(list: readonly T[], identity: string): readonly T[] =>
  list.filter(one => one.identity !== identity)

const replace = (list: readonly LobbyRequest[], item: LobbyRequest): readonly LobbyRequest[] =>
  list.some(known => known.id === item.id)
    ? list.map(known => (known.id === item.id ? item : known))
    : [...list, item].sort((a, b) => a.at.localeCompare(b.at))

const append = <T extends { id: string }>(list: readonly T[], item: T): readonly T[] =>
  list.some(known => known.id === item.id) ? list : [...list, item]

const raise = (hands: readonly RaisedHand[], hand: RaisedHand): readonly RaisedHand[] =>
  [...hands.filter(known => known.identity !== hand.identity), hand].sort((a, b) => a.at.localeCompare(b.at))

/** Hands have the order of the speaking list, which moderators may change; who is not on it comes after, longest raised first. */
function inOrder(hands: readonly RaisedHand[], { turns }: SpeakingState): readonly RaisedHand[] {
  const rankOf = ({ identity }: RaisedHand) => {
    const ranks = turns.flatMap(turn =>
      turn.identity === identity && turn.status === 'waiting' ? [turn.rank] : [],
    )
    return ranks.length > 0 ? Math.min(...ranks) : Number.MAX_VALUE
  }
  const ordered = hands.map(hand => ({ hand, rank: rankOf(hand) })).sort((a, b) => a.rank - b.rank)
  return ordered.every(({ hand }, index) => hand === hands[index]) ? hands : ordered.map(({ hand }) => hand)
}

/** Something that happened to this person and must be said once. */
export type FloorEffect =
  | { type: 'muted'; source: string; by: string; all: boolean }
  | { type: 'unmute_asked'; by: string }
  | { type: 'removed'; by: string }
  | { type: 'ended'; by: string }
  | { type: 'recording'; status: RecordingState['status'] }
  | { type: 'chat'; message: ChatMessage }
  | { type: 'hand'; hand: RaisedHand }
  | { type: 'question'; question: Question }
  | { type: 'lobby'; request: LobbyRequest }

/** Events older than this (ms) when they arrive (after a lost connection) are facts, no longer requests. */
const STALE_MS = 60_000

/** What an event means to `self` beyond the state: null for most. */
export function effectOf(event: FloorEvent, self: string, nowMs: number): FloorEffect | null {
  const isStale = nowMs - Date.parse(event.at) > STALE_MS
  switch (event.type) {
    case 'muted_by_chair':
      if (isStale || (event.identity !== null && event.identity !== self)) return null
      return { type: 'muted', source: event.source, by: event.by, all: event.identity === null }
    case 'unmute_asked':
      return !isStale && event.identity === self ? { type: 'unmute_asked', by: event.by } : null
    case 'removed':
      return event.identity === self ? { type: 'removed', by: event.by } : null
    case 'meeting_ended':
      return { type: 'ended', by: event.by }
    case 'recording':
      return isStale ? null : { type: 'recording', status: event.recording.status }
    case 'chat_sent':
      return event.message.identity === self ? null : { type: 'chat', message: event.message }
    case 'hand_raised':
      return isStale || event.hand.identity === self ? null : { type: 'hand', hand: event.hand }
    case 'question_asked':
      return isStale || event.question.identity === self
        ? null
        : { type: 'question', question: event.question }
    case 'lobby_requested':
      return isStale ? null : { type: 'lobby', request: event.request }
    default:
      return null
  }
}

/** Statuses in which something is being captured right now, and people must be told. */
export const isCapturing = (recording: RecordingState | null): boolean =>
  recording !== null && ['requested', 'starting', 'recording', 'stopping'].includes(recording.status)
