/** What the calls of the record take and answer. */
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import type {
  Claim,
  Era,
  Incarnation,
  KeptFacts,
  OwedEnding,
  Revocation,
  RoomDraft,
  RoomFacts,
  RoomRecord,
  WebhookDraft,
} from './record-types.ts'

/** Who calls, and until when the record may still do it. */
export interface Call {
  inst: Incarnation
  /** On the record's clock: a call that comes after it changes nothing. */
  deadlineMs: number
}

/** A call by a node that has restored what it remembers in this era. In another era it changes nothing. */
export interface EraCall extends Call {
  era: string
}

/**
 * Why nothing was done, before the matter itself was looked at. `late`: after the deadline. `buried`: the caller is. `waiting`: the
 * record was emptied and waits for what its nodes remember. `new_era`: the caller must restore first.
 */
export type Refusal = 'late' | 'buried' | 'waiting' | 'new_era'

/** Every answer tells the record's time and era. */
export interface Stamp {
  atMs: number
  era: Era
}
export type Answer<T> = Stamp & ({ outcome: 'done'; value: T } | { outcome: Refusal })

export interface Hello extends Call {
  /** Host and port of the links: two incarnations cannot both have them. */
  host: string
  facts: string
}

export interface Beat extends Call {
  host: string
  facts: string
  load: string
  /** Peers whose link was not silent since the last beat. */
  heard: Incarnation[]
}
export interface BeatAnswer {
  /** Of all incarnations that are not buried. */
  counts: Map<Incarnation, number>
}

export interface Join extends EraCall {
  roomName: string
  psid: ParticipantId
  identity: string
  /** Of a second connection: the identity it belongs to, whose revocation holds for it too. */
  owner?: string | undefined
  isCounted: boolean
  isForwarded: boolean
  /** The second (since the epoch) the token is from; null: it is not looked at (moves, forwarding). */
  tokenFromS: number | null
  /** The highest epoch of this room the caller knows; 0: none. */
  epochSeen: number
  /** The room that is made when there is none; null: none is made. */
  draft: RoomDraft | null
  /** None is made where there are so many open for each living node; absent: no bound. */
  mostRooms?: number | undefined
  /** The first ParticipantInfo, version 0. */
  info: string
}
export interface Open extends EraCall {
  draft: RoomDraft
  /** As of Join. */
  mostRooms?: number | undefined
}
/** Null: the draft's sid had a room. `too_many`: none is made. */
export type OpenAnswer = { room: RoomRecord; hasOpened: boolean } | 'too_many' | null

/** `ended`: this psid had a claim, and its leaving was told. `too_many`: no more rooms are made. `sid_used`: the draft's sid had a room; make a new one and come again. */
export type JoinAnswer =
  | { is: 'refused'; why: 'no_room' | 'revoked' | 'full' | 'ended' | 'sid_used' | 'too_many' }
  | {
      is: 'claimed'
      room: RoomRecord
      epoch: number
      /** Whose claim it replaced; null: nobody's. The former owner's inbox was told, also if it is the caller: this answer may be lost. */
      former: Claim | null
      kept: KeptFacts | null
      /** This call made the room, and its room_started is the caller's to keep in its journal. */
      hasOpened: boolean
    }
  /** This psid had the claim, and a newer connection has it now: lost at once. Its leaving is owed. */
  | { is: 'lost'; room: RoomRecord; epoch: number; newest: number }

export interface Release extends EraCall {
  roomSid: RoomId
  identity: string
  psid: ParticipantId
  /** null when the join was never answered: the psid alone decides. */
  epoch: number | null
}

export interface Keep extends EraCall {
  roomSid: RoomId
  identity: string
  kept?: KeptFacts | undefined
  /** Whose connection it is said of: nothing is kept when a newer one has the claim. */
  psid?: ParticipantId | undefined
  /** Of the caller's own participant only. */
  seat?: { psid: ParticipantId; version: number; info: string } | undefined
}

export interface Emit extends EraCall {
  roomSid: RoomId
  event: WebhookDraft
  /** Whose event it is: only its owner may tell it, and only until its leaving was told. */
  psid?: ParticipantId | undefined
  /** It is the participant_joined: from now on a leaving is owed, and not an abort. */
  isJoined?: boolean | undefined
}

export interface Change extends EraCall {
  roomSid: RoomId
  /** The rev the caller changed. */
  ifRev: number
  to: Pick<RoomDraft, 'maxParticipants' | 'emptyTimeoutMs' | 'departureTimeoutMs' | 'body'>
}

export interface Told extends EraCall {
  roomSid: RoomId
  roomName: string
  psid: ParticipantId
  /** Heirs tell the joining (mostly a repeat) and the ends of tracks before the leaving. Empty for who is not told of. At most 200. */
  events: WebhookDraft[]
}
export interface ToldAnswer {
  /** Events that were new, by id. */
  taken: string[]
  /** The room is over; repeated too. Its room_finished is in the stream, the caller's to keep in its journal. */
  hasFinished: boolean
}

export interface SweepAnswer {
  closed: RoomId[]
  finished: RoomId[]
  orphans: Incarnation[]
}

/** What a node remembers, at most 200 entries a call. Entries that are no news change nothing. */
export interface Restore extends Call {
  /** The era it is meant for: in another nothing is taken, and the caller begins anew. */
  era: string
  burials: Incarnation[]
  /** Rooms whose room_finished was delivered: they may not come back. */
  over: RoomId[]
  /** Open ones, closing ones, and closed ones whose room_finished was not delivered. */
  rooms: RoomFacts[]
  /** Participants whose leaving was told. */
  ended: { roomSid: RoomId; psid: ParticipantId }[]
  /** The caller's own. Each has its owed ending too. */
  claims: (Claim & { roomSid: RoomId })[]
  /** The caller's own and those of its copies. */
  owed: OwedEnding[]
  kept: { roomSid: RoomId; identity: string; kept: KeptFacts }[]
  revoked: Revocation[]
  /** The caller's journal in its order, without room_started and room_finished: the record writes these itself. */
  events: { roomSid: RoomId; roomName: string; event: WebhookDraft }[]
}
export interface RestoreAnswer {
  /** Of the caller's claims: those a newer connection has. */
  lost: { roomSid: RoomId; identity: string; psid: ParticipantId; epoch: number }[]
  /** Of the caller's rooms: those that are closing or over. */
  closed: { roomSid: RoomId; reason: string }[]
}
