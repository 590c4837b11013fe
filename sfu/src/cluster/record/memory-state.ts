/** All a record in memory holds, as plain data: it can be copied, thrown away and put back whole. The steps on it are in the files beside. */
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import { RESTORE_WINDOW_MS } from './cluster-record.ts'
import {
  type Claim,
  type Era,
  type InboxEntry,
  type InboxMessage,
  type Incarnation,
  type KeptFacts,
  type OwedEnding,
  type RoomFacts,
  type RoomRecord,
  roomEventId,
  type WebhookDraft,
  type WebhookEntry,
  type WebhookKind,
} from './record-types.ts'

const INBOX_ENTRIES = 10_000

interface NodeRow {
  count: number
  host: string
  facts: string
  load: string
  heard: Incarnation[]
  lastBeatMs: number
}

export interface RoomRow extends RoomFacts {
  nodes: Set<Incarnation>
  claims: Map<string, Claim>
  owed: Map<ParticipantId, OwedEnding>
  kept: Map<string, KeptFacts>
  counted: number
  holding: number
  idleAtMs: number | null
}

export interface MemoryState {
  era: Era | null
  nodes: Map<Incarnation, NodeRow>
  dead: Map<Incarnation, number>
  inboxes: Map<Incarnation, InboxEntry[]>
  names: Map<string, RoomId>
  rooms: Map<RoomId, RoomRow>
  over: Map<RoomId, number>
  /** By room: ids of the events that are in, and the psids whose leaving was told. */
  told: Map<RoomId, Set<string>>
  revoked: Map<string, Map<string, number>>
  streams: Map<string, WebhookEntry[]>
  leases: Map<string, { inst: Incarnation; untilMs: number }>
  splits: Map<string, { loser: Incarnation; untilMs: number }>
}

export const emptyState = (): MemoryState => ({
  era: null,
  nodes: new Map(),
  dead: new Map(),
  inboxes: new Map(),
  names: new Map(),
  rooms: new Map(),
  over: new Map(),
  told: new Map(),
  revoked: new Map(),
  streams: new Map(),
  leases: new Map(),
  splits: new Map(),
})

/** What a step works on: the state at one moment of the record's clock. `nextId` never repeats, whatever becomes of the state. */
export interface Moment {
  state: MemoryState
  nowMs: number
  nextId(): string
  /** Somebody's inbox has something new. */
  onMail(inst: Incarnation): void
}

/** The era, made when there is none, and mended when a clock that was set back would keep it shut. */
export function ensureEra({ state, nowMs, nextId }: Moment): Era {
  state.era ??= { id: `era-${nowMs}-${nextId()}`, openFromMs: nowMs + RESTORE_WINDOW_MS }
  if (state.era.openFromMs > nowMs + RESTORE_WINDOW_MS) state.era.openFromMs = nowMs + RESTORE_WINDOW_MS
  return state.era
}

export function mail(at: Moment, to: Iterable<Incarnation>, message: InboxMessage): void {
  for (const inst of to) {
    if (at.state.dead.has(inst)) continue
    const inbox = at.state.inboxes.get(inst) ?? []
    at.state.inboxes.set(inst, inbox)
    inbox.push({ id: at.nextId(), message })
    // What is the oldest now stands for those before it.
    if (inbox.length > INBOX_ENTRIES) inbox.splice(0, 2, { id: inbox[1]!.id, message: { type: 'missed' } })
    at.onMail(inst)
  }
}

/** A node nobody has heard of in this era can be buried like any other. */
export function nodeRow({ state }: Moment, inst: Incarnation): NodeRow {
  const row = state.nodes.get(inst) ?? { count: 0, host: '', facts: '', load: '', heard: [], lastBeatMs: 0 }
  state.nodes.set(inst, row)
  return row
}

/** Takes the claim's place in the counts; null takes it away. The last one that held the room open makes it idle. */
export function setClaim(at: Moment, room: RoomRow, identity: string, claim: Claim | null): void {
  const old = room.claims.get(identity)
  const wasHeld = room.holding > 0
  room.counted += Number(claim?.isCounted ?? false) - Number(old?.isCounted ?? false)
  room.holding += Number(claim !== null && !claim.isForwarded) - Number(old !== undefined && !old.isForwarded)
  if (claim) room.claims.set(identity, claim)
  else room.claims.delete(identity)
  if (room.holding > 0 || room.state === 'closing') room.idleAtMs = null
  else if (wasHeld) room.idleAtMs = at.nowMs + room.departureTimeoutMs
}

export const toldIn = ({ state }: Moment, sid: RoomId): Set<string> => {
  const told = state.told.get(sid) ?? new Set()
  state.told.set(sid, told)
  return told
}

/** Puts an event behind the others of its name. False: it was in already. */
export function putEvent(
  at: Moment,
  room: { sid: RoomId; name: string },
  writer: Incarnation,
  event: WebhookDraft,
  special: { kind: WebhookKind; reason: string } = { kind: 'other', reason: '' },
): boolean {
  const told = toldIn(at, room.sid)
  if (told.has(event.id)) return false
  told.add(event.id)
  const stream = at.state.streams.get(room.name) ?? []
  at.state.streams.set(room.name, stream)
  const { id, body, atMs = at.nowMs } = event
  stream.push({ entryId: at.nextId(), id, body, atMs, roomSid: room.sid, writer, ...special })
  return true
}

export const putStarted = (at: Moment, room: RoomRow, writer: Incarnation): boolean =>
  putEvent(
    at,
    room,
    writer,
    { id: roomEventId(room.sid, 'room_started'), body: room.body, atMs: room.createdMs },
    { kind: 'room_started', reason: '' },
  )

export const recordOf = (room: RoomRow): RoomRecord => {
  const { claims, owed, kept, nodes, ...facts } = room
  return { ...facts, nodes: [...nodes] }
}
