/**
 * What the shared record of a cluster holds. Bodies (`body`, `info`, `load`, `facts`) are opaque to it: whoever writes them encodes them.
 * Times are milliseconds since the epoch on the record's own clock, unless said otherwise; no number has more than 14 digits.
 */
import type { Incarnation, ParticipantId, RoomId } from '@diemcau/core/ids.ts'

export type { Incarnation } from '@diemcau/core/ids.ts'

/** One life of the record. An emptied record begins a new one; until `openFromMs` it takes only what its nodes remember. */
export interface Era {
  id: string
  openFromMs: number
}

/** Which part of the room's story a webhook tells. `other` is anything between its start and its end. */
export type WebhookKind = 'room_started' | 'room_finished' | 'other'

/** What somebody wants told. `id` is derived from what happened, so that whoever tells it again tells the same event. */
export interface WebhookDraft {
  id: string
  body: string
  /** When it happened, for what is told later than that; absent: when the record takes it. */
  atMs?: number | undefined
}

/** An event in the stream of a room name, in the order in which it is delivered. */
export interface WebhookEntry {
  /** Its place in the stream; only good for `delivered`, and to read on after it. */
  entryId: string
  id: string
  kind: WebhookKind
  roomSid: RoomId
  /** Of `room_started` and `room_finished`: the body of the room's record at that time. */
  body: string
  atMs: number
  /** Why the room ended; '' for the others. */
  reason: string
  /** Whose journal holds it. Its inbox is told of the delivery. */
  writer: Incarnation
}

/** The ids of the two events the record itself writes. */
export const roomEventId = (sid: RoomId, kind: 'room_started' | 'room_finished'): string => `${sid}:${kind}`

/** What a room is made of, when it is made. */
export interface RoomDraft {
  /** New: it is refused when a room had it before. */
  sid: RoomId
  name: string
  /** Counted people it takes; 0: no limit. */
  maxParticipants: number
  /** Milliseconds it waits for its first participant. */
  emptyTimeoutMs: number
  /** Milliseconds it stays when the last one has left. */
  departureTimeoutMs: number
  /** Options and metadata as its nodes need them. */
  body: string
}

export interface RoomFacts extends RoomDraft {
  createdMs: number
  /** Goes up by one with each change of `maxParticipants`, the timeouts or `body`; 1 at first. */
  rev: number
  state: 'open' | 'closing'
  /** Why it closes; '' while it is open. */
  closeReason: string
  /** Nobody had a higher one in this room. */
  epoch: number
  /** Whether `room_started` was delivered, as far as the reader knows. */
  isStartDelivered: boolean
}

/** A room as the record has it. */
export interface RoomRecord extends RoomFacts {
  /** Claims that are counted, and those that hold the room open (all but forwarded ones). */
  counted: number
  holding: number
  /** Incarnations with somebody or a recorder in it; none that is buried. */
  nodes: Incarnation[]
  /** When it ends if nobody comes; null while somebody is there. */
  idleAtMs: number | null
}

/** The right to be this identity in this room, of the connection with the highest epoch. */
export interface Claim {
  identity: string
  psid: ParticipantId
  inst: Incarnation
  epoch: number
  /** A person in the sense of `maxParticipants`. */
  isCounted: boolean
  /** Shown here while connected to another room: it keeps no room open. */
  isForwarded: boolean
}

/** Somebody whose leaving is still to be told, by the owner or, after its burial, by anybody. */
export interface OwedEnding extends Claim {
  roomSid: RoomId
  roomName: string
  /** Its joining was told, hence its leaving will be; else it is `aborted`. */
  isActive: boolean
  /** Of `info`; a lower one is not taken. */
  version: number
  /** The last ParticipantInfo known. */
  info: string
}

/**
 * What the API said of somebody and what holds for the next connection too. Higher `rev` wins. Its owner makes it max(rev it knows, epoch of its
 * claim) + 1: so two owners never make the same, and the word of the newer claim wins.
 */
export interface KeptFacts {
  rev: number
  body: string
}

/** Tokens of this identity from before that second (since the epoch) are refused in rooms of that name. */
export interface Revocation {
  roomName: string
  identity: string
  beforeS: number
}

export interface NodeFacts {
  inst: Incarnation
  /** Beats, and peers' words that they hear it. What does not change for 2.5 s of the reader's own clock may be buried. */
  count: number
  /** Addresses, up or draining: whatever peers and API need to know. */
  facts: string
  load: string
  heard: Incarnation[]
  /** For dates only. */
  lastBeatMs: number
}

/**
 * A hint of something that has become true; the keys say it too. Hints may come twice or late. `lost`: a newer connection of the identity has
 * the claim. `delivered`: these events of yours need no journal any more. `missed`: hints before this one were pushed out, or lost by a failover: look
 * at the keys.
 */
export type InboxMessage =
  | { type: 'lost'; roomSid: RoomId; identity: string; psid: ParticipantId; epoch: number }
  | { type: 'closed'; roomSid: RoomId; reason: string }
  | { type: 'changed'; roomSid: RoomId; rev: number }
  | { type: 'entered'; roomSid: RoomId; inst: Incarnation }
  | { type: 'exited'; roomSid: RoomId; inst: Incarnation }
  | { type: 'buried'; inst: Incarnation }
  | { type: 'delivered'; ids: string[] }
  | { type: 'missed' }

export interface InboxEntry {
  /** To read on after it. '0' is before all. */
  id: string
  message: InboxMessage
}
