/**
 * The shared record of a cluster: what its nodes must agree on, and what outlives each of them. Each method is one step that nothing
 * divides, and may be repeated when its answer was lost. It throws AppError('unavailable') when the record was not reached or did not
 * answer; then it is unknown whether the step was done, until its deadline has passed. What it refuses it answers.
 */
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import type {
  Answer,
  Beat,
  BeatAnswer,
  Change,
  Emit,
  EraCall,
  Hello,
  Join,
  JoinAnswer,
  Keep,
  Open,
  OpenAnswer,
  Release,
  Restore,
  RestoreAnswer,
  Stamp,
  SweepAnswer,
  Told,
  ToldAnswer,
} from './record-calls.ts'
import type {
  Claim,
  InboxEntry,
  Incarnation,
  NodeFacts,
  OwedEnding,
  Revocation,
  RoomRecord,
  WebhookEntry,
} from './record-types.ts'

/** No step touches more entries than this. */
export const MOST_ENTRIES = 200
/** After it was emptied, the record takes only what its nodes remember for so long. */
export const RESTORE_WINDOW_MS = 3_000
/** A word of `split` stands for so long. */
export const SPLIT_STANDS_MS = 60_000
/** Who delivers the webhooks of a name does so for this long, and asks again before. */
export const DELIVERY_LEASE_MS = 5_000
/** How long it is remembered that an incarnation was buried and that a room is over. */
export const REMEMBERED_MS = 24 * 3_600_000

/** The steps on nodes. */
export interface NodeRecord {
  /**
   * A new incarnation is there; the former one of the same host is buried at once. Repeated: nothing. By a buried one: refused, so that
   * the late hello of a former run buries nobody. Taken in any era, also while waiting; a record without an era gets one, as by `beat`.
   */
  hello(call: Hello): Promise<Answer<{ buried: Incarnation | null }>>
  /**
   * Counts the caller and the peers it heard up by one. Repeated: one more, which harms nothing. Taken in any era, also while
   * waiting; a record without an era gets one with `openFromMs` = now + RESTORE_WINDOW_MS. (To all else it says era '' until then, and
   * refuses it as `new_era`.) Should `openFromMs` be further away than that, because the record's clock was set back, it is set anew.
   */
  beat(call: Beat): Promise<Answer<BeatAnswer>>
  /**
   * Buries `dead` if its count still is `count` (0 for one that never beat in this era). All others' inboxes are told. Nothing of it
   * counts from then on. `alive`: the count is another.
   */
  bury(
    call: EraCall & { dead: Incarnation; count: number },
  ): Promise<Answer<'buried_now' | 'was_buried' | 'alive'>>
  /**
   * Takes the claims of a buried incarnation away and answers up to MOST_ENTRIES of the endings it owed. They stay owed until `told`,
   * so that any number of heirs may do this, and do it again. An empty answer: nothing is left to do. `not_buried` changes nothing.
   */
  inherit(call: EraCall & { dead: Incarnation }): Promise<Answer<OwedEnding[] | 'not_buried'>>
  /**
   * Which of two nodes that do not hear each other gives the room up: the one with fewer people in it (claims that hold it open), of equals the
   * greater id. The answer stands for SPLIT_STANDS_MS, whoever asks; a buried one loses at once.
   */
  split(
    call: EraCall & { roomSid: RoomId; a: Incarnation; b: Incarnation },
  ): Promise<Answer<{ loser: Incarnation }>>
  /**
   * Takes what the caller remembers where it is news. Allowed while waiting, and after every reconnect. Of two claims of an identity the
   * higher epoch wins, of two states of a room the higher rev, of two rooms of a name the older (the other closes with the reason
   * `duplicate`). A claim makes the caller a node of its room; where it has only a recorder it has to `enter` again.
   */
  restore(call: Restore): Promise<Answer<RestoreAnswer>>
}

/** The steps on rooms and on those in them. */
export interface SeatRecord {
  /** Makes a room without joining it, or answers the one of that name. */
  open(call: Open): Promise<Answer<OpenAnswer>>
  /**
   * Takes the claim of an identity, whoever had it: epoch = max(room's, caller's, now) + 1. The ending is owed from then on. The caller is
   * a node of the room. Repeated with the same psid: the same epoch.
   */
  join(call: Join): Promise<Answer<JoinAnswer>>
  /**
   * Gives a claim back if it still is that of this psid and epoch; the last one that held the room open makes it idle. Its ending stays
   * owed. `not_held`: nothing was changed.
   */
  release(call: Release): Promise<Answer<'released' | 'not_held'>>
  /**
   * Keeps what is newer by `rev` or `version`; the rest changes nothing. Answers the rev kept after it; 0: none. `no_room`: over or never there.
   * `lost`: another connection than `psid` has the claim, and nothing was done.
   */
  keep(call: Keep): Promise<Answer<{ keptRev: number } | 'no_room' | 'lost'>>
  /** Puts an event into the stream once. `not_owed`: psid's leaving was told, or the caller is not its owner. */
  emit(call: Emit): Promise<Answer<'taken' | 'had' | 'not_owed' | 'no_room'>>
  /**
   * Compare and set: `stale` answers what is there. Repeated: `done` if the record still is what this call made of it. The nodes of the room
   * are told.
   */
  change(call: Change): Promise<Answer<{ is: 'done' | 'stale'; room: RoomRecord } | { is: 'no_room' }>>
  /** The later second wins. It outlives the room: the next of that name would take the same tokens. */
  revoke(call: EraCall & Revocation): Promise<Answer<'done'>>
  /** The caller is a node of the room, though nobody of it may be inside (a recorder is). Its other nodes are told. */
  enter(call: EraCall & { roomSid: RoomId }): Promise<Answer<RoomRecord | null>>
  /** `held`: somebody of the caller is inside, and it stays a node of the room. */
  exit(call: EraCall & { roomSid: RoomId }): Promise<Answer<'done' | 'held' | 'no_room'>>
  /**
   * Tells an ending with all that belongs before it, and releases the claim if it still is this psid's. By its owner, or by anybody if the
   * owner is buried; else `not_yours`. If the room is closing and nothing is owed any more, it is over. Repeated: nothing. An ending the record
   * does not know (a failover lost it) is taken like any other, also behind the room's end: late is better than never. `no_room`: it does
   * not know the room either, and the caller must restore first.
   */
  told(call: Told): Promise<Answer<ToldAnswer | 'not_yours' | 'no_room'>>
  /** Ends an open room: its name is free at once, its nodes are told, and its end comes behind the last ending owed. Repeated: nothing. */
  closeRoom(call: EraCall & { roomSid: RoomId; reason: string }): Promise<Answer<{ hasFinished: boolean }>>
  /**
   * Closes idle rooms past their time with the reason `idle`, and ends closing ones (restored) to which nothing is owed; at most
   * MOST_ENTRIES. Answers what it closed, and what is over by it: the room_finished of these is the caller's to keep in its journal. Also some
   * buried incarnations that still owe endings: whoever buried them may have died before it inherited, and hints may be lost.
   */
  sweep(call: EraCall): Promise<Answer<SweepAnswer>>
}

/** Webhooks: one stream for each room name. One incarnation at a time delivers it; two at once do no harm, because ids are the same. */
export interface WebhookRecord {
  /** Names with events that wait for delivery, at most MOST_ENTRIES. */
  undelivered(): Promise<string[]>
  /**
   * Whether the caller delivers this name for the next DELIVERY_LEASE_MS; or `isLast`, until now: from then on another one may. (Answers as if
   * it still did.)
   */
  takeDelivery(call: EraCall & { roomName: string; isLast?: boolean }): Promise<Answer<boolean>>
  /**
   * The next events in their order, at most `limit`; with `afterEntryId` those behind that place, whether its event is still there or not. Those
   * read and not marked come again.
   */
  nextEvents(roomName: string, limit: number, afterEntryId?: string): Promise<WebhookEntry[]>
  /** How many events of this name are in the stream. */
  waitingEvents(roomName: string): Promise<number>
  /**
   * They are out of the stream; their writers' inboxes are told. When none is left, nobody delivers the name any more, so that whoever tells the
   * next event may deliver it at once.
   */
  delivered(call: EraCall & { roomName: string; entryIds: string[] }): Promise<Answer<'done'>>
}

/** Reading changes nothing. While the record waits, it says only what was restored so far: compare `era`. */
export interface RecordReader {
  roomByName(name: string): Promise<Stamp & { room: RoomRecord | null }>
  /** Open or closing; null when it is over or never was. */
  roomBySid(sid: RoomId): Promise<Stamp & { room: RoomRecord | null; isOver: boolean }>
  /** Open rooms by name, in an order of the record's own; go on after the last name. At most MOST_ENTRIES. */
  openRooms(afterName: string | null): Promise<Stamp & { rooms: RoomRecord[] }>
  claims(sid: RoomId): Promise<Stamp & { claims: Claim[] }>
  claimOf(sid: RoomId, identity: string): Promise<Stamp & { claim: Claim | null }>
  /** Endings this incarnation owes, at most MOST_ENTRIES; also where the room of a join that was never answered is found. */
  owedBy(inst: Incarnation): Promise<Stamp & { owed: OwedEnding[] }>
  /** Of one connection: in its room, and while it is moved in two. */
  owedOf(inst: Incarnation, psid: ParticipantId): Promise<Stamp & { owed: OwedEnding[] }>
  /** All that are not buried. */
  nodes(): Promise<Stamp & { nodes: NodeFacts[] }>
  /**
   * The inbox of an incarnation after `afterId`, at most `limit` entries; waits up to `waitMs` for the first. What was read stays until it is
   * pushed out by newer (some 10,000): the reader keeps its place. In a new era one reads from '0' again.
   */
  readInbox(inst: Incarnation, afterId: string, limit: number, waitMs: number): Promise<InboxEntry[]>
}

export interface ClusterRecord extends NodeRecord, SeatRecord, WebhookRecord, RecordReader {
  /** Calls under way and after it throw AppError('unavailable'). Idempotent. */
  close(): Promise<void>
}
