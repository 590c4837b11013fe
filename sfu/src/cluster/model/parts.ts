/** The words of the model: what goes over its links, what its nodes hold, and what each part of it needs of the others. */
import type { ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'
import type { MemberCopies, MemberCopy } from '../../room/copies/member-copies.ts'
import type { ClaimState } from '../claim/claim-state.ts'
import type { Instant } from '../claim/sureness.ts'
import type { MemorySteps } from '../record/memory-steps.ts'
import type { Answer, EraCall, Stamp } from '../record/record-calls.ts'
import type { Incarnation, KeptFacts, RoomFacts, WebhookEntry } from '../record/record-types.ts'

/** All that others know of a member. */
export interface Facts {
  isActive: boolean
  tracks: TrackId[]
  isCounted: boolean
}
export type RoomMessage =
  | { type: 'enter'; sid: RoomId }
  | { type: 'full'; sid: RoomId; members: MemberCopy<Facts>[] }
  | { type: 'member'; sid: RoomId; member: MemberCopy<Facts> }
  | { type: 'gone'; sid: RoomId; psid: ParticipantId; identity: string; epoch: number }
export type LinkMessage =
  | { type: 'hello'; inst: Incarnation }
  /** Only for the incarnation that said hello: another one may have its address by now. */
  | { type: 'welcome'; inst: Incarnation; to: Incarnation }
  | { type: 'ping'; asked: Instant }
  /** `vouchedMs`: how long ago the beat was asked, and answered, that vouched for the receiver; null: none. */
  | { type: 'pong'; asked: Instant; vouchedMs: number | null }
  | RoomMessage

export interface Connection {
  psid: ParticipantId
  identity: string
  roomName: string
  tokenFromS: number
  claim: ClaimState
  version: number
  facts: Facts
  kept: KeptFacts | null
}
export interface LocalRoom {
  facts: RoomFacts
  nodes: Set<Incarnation>
  members: MemberCopies<Facts>
  ended: Set<ParticipantId>
  kept: Map<string, KeptFacts>
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
  readonly reachesRecordSinceMs: number
  readonly rooms: { connections: Set<Connection>; rooms: Map<RoomId, LocalRoom> }
  isDoing(): boolean
  isSure(): boolean
  hasRestored(): boolean
  noteReach(): void
  handleReconnect(): void
  receive(from: number, session: number, message: LinkMessage): void
}
/** A node as what it does in rooms sees it. */
export interface Host {
  readonly inst: Incarnation
  readonly era: string
  readonly dead: ReadonlySet<Incarnation>
  readonly monotonicMs: number
  readonly world: {
    readonly checks: { copied(members: MemberCopies<Facts>): void; delivered(entries: WebhookEntry[]): void }
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
}
