/** The words of the model: what goes over its links, what its nodes hold, and what each part of it needs of the others. */
import type { ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'
import type { MemberCopies, MemberCopy } from '../../room/copies/member-copies.ts'
import type { ClaimState } from '../claim/claim-state.ts'
import type { Instant } from '../claim/sureness.ts'
import type { MemorySteps } from '../record/memory-steps.ts'
import type { Answer, EraCall, Stamp } from '../record/record-calls.ts'
import type { Incarnation, KeptFacts, RoomFacts, WebhookDraft, WebhookEntry } from '../record/record-types.ts'

/** All that others know of a member. */
export interface Facts {
  isActive: boolean
  tracks: TrackId[]
  isCounted: boolean
}
export type RoomMessage =
  | { type: 'enter'; sid: RoomId }
  /** `null`: it is no node of that room (any more). */
  | { type: 'full'; sid: RoomId; members: MemberCopy<Facts>[] | null }
  | { type: 'member'; sid: RoomId; member: MemberCopy<Facts> }
  | { type: 'gone'; sid: RoomId; psid: ParticipantId; identity: string; epoch: number }
export type LinkMessage =
  | { type: 'hello'; inst: Incarnation }
  /** Only for the incarnation that said hello: another one may have its address by now. */
  | { type: 'welcome'; inst: Incarnation; to: Incarnation }
  /** The first on a link: only now both know that it is there. */
  | { type: 'ping'; asked: Instant }
  /** `vouchedMs`: how long ago the beat was asked, and answered, that vouched for the receiver; null: none. */
  | { type: 'pong'; asked: Instant; vouchedMs: number | null }
  | RoomMessage

export interface Connection {
  psid: ParticipantId
  identity: string
  roomName: string
  /** null: it is not looked at, as of who is only shown in that room. */
  tokenFromS: number | null
  claim: ClaimState
  version: number
  facts: Facts
  kept: KeptFacts | null
  /** Its client has gone, or was told to. */
  isOver: boolean
  /** Since when it is acted for. */
  heldSinceMs: number
  /** Shown in this room while connected to another by that connection: it ends with it. */
  source: Connection | null
}
export interface LocalRoom {
  /** Given up to this node, which is not heard: nobody is to join it here until it is. */
  lostTo: Incarnation | null
  facts: RoomFacts
  nodes: Set<Incarnation>
  members: MemberCopies<Facts>
  ended: Set<ParticipantId>
  kept: Map<string, KeptFacts>
  /** Since then nobody of this node is in it, as far as it was looked at. */
  emptySinceMs: number
}
/** More counted people are not let in. */
export const MOST_PEOPLE = 3

export type Wait = { sleepMs: number } | { step: (record: MemorySteps) => unknown }
/** What a flow is given back: the answer, null for none, undefined after sleeping. */
export type Flow<T = void> = Generator<Wait, T, unknown>
type EraStep<T> = (record: MemorySteps, call: EraCall) => Answer<T>

/** A node as the world and the checks see it. */
export interface NodeInWorld {
  readonly slot: number
  readonly inst: Incarnation
  readonly isUp: boolean
  readonly isDraining: boolean
  readonly startedAtMs: number
  readonly reachesRecordSinceMs: number
  readonly dead: ReadonlySet<Incarnation>
  readonly rooms: {
    connections: Set<Connection>
    rooms: Map<RoomId, LocalRoom>
    past: Map<RoomId, RoomFacts>
    over: Set<RoomId>
    journal: { event: WebhookDraft }[]
  }
  /** Words of that incarnation were taken by this one, the last then. */
  readonly heardAtMs: ReadonlyMap<Incarnation, number>
  placeOf(roomName: string, isChoosy?: boolean): NodeInWorld | null
  refuges(roomName: string): ReadonlySet<Incarnation> | undefined
  join(client: Pick<Connection, 'identity' | 'roomName' | 'tokenFromS'>): void
  isLinkedTo(inst: Incarnation): boolean
  isDoing(): boolean
  isSure(): boolean
  hasRestored(): boolean
  noteReach(): void
  receive(from: number, session: number, message: LinkMessage): void
}
/** A node as what it does in rooms sees it. */
export interface Host {
  readonly inst: Incarnation
  readonly era: string
  readonly dead: ReadonlySet<Incarnation>
  readonly monotonicMs: number
  readonly world: {
    readonly checks: {
      copied(members: MemberCopies<Facts>): void
      delivered(entries: WebhookEntry[]): void
      vacated(sid: RoomId, inst: Incarnation): void
      hidden(inst: Incarnation, by: Incarnation): void
      gaveUp(sid: RoomId, inst: Incarnation, to: Incarnation): void
      placed(isRight: boolean, by: Incarnation): void
    }
    /** A client told to come back: some node takes it, under a new sid. */
    comeBack(client: Pick<Connection, 'identity' | 'roomName' | 'tokenFromS'>): void
    id<T extends string>(prefix: string): T
    between(least: number, most: number): number
    nodeOf(inst: Incarnation): NodeInWorld | undefined
  }
  recordNow(): number
  flow(steps: Flow<unknown>): void
  ask<A extends Stamp>(step: (record: MemorySteps) => A): Flow<A | null>
  askInEra<T>(step: EraStep<T>, deadlineMs?: number): Flow<Answer<T> | null>
  insist<T>(step: EraStep<T>): Flow<T>
  sendTo(inst: Incarnation, message: LinkMessage): void
  isLinkedTo(inst: Incarnation): boolean
  burial(dead: Incarnation): void
  restoreSoon(): void
  /** The link to it is down, and has been for so long that its members are out of sight, or longer. */
  isUnheard(inst: Incarnation): boolean
}
