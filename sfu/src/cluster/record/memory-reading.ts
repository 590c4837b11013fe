/** The record in memory: reading, and the webhooks' way out. */
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import { DELIVERY_LEASE_MS, MOST_ENTRIES } from './cluster-record.ts'
import { type Moment, mail, recordOf } from './memory-state.ts'
import type { Claim, Incarnation, NodeFacts, OwedEnding, RoomRecord, WebhookEntry } from './record-types.ts'

export function roomByName({ state }: Moment, name: string): RoomRecord | null {
  const room = state.rooms.get(state.names.get(name) ?? ('' as RoomId))
  return room ? recordOf(room) : null
}

export function roomBySid({ state }: Moment, sid: RoomId): { room: RoomRecord | null; isOver: boolean } {
  const room = state.rooms.get(sid)
  return { room: room ? recordOf(room) : null, isOver: state.over.has(sid) }
}

export function openRooms({ state }: Moment, afterName: string | null): RoomRecord[] {
  return [...state.names.keys()]
    .sort()
    .filter(name => afterName === null || name > afterName)
    .slice(0, MOST_ENTRIES)
    .map(name => recordOf(state.rooms.get(state.names.get(name)!)!))
}

export const claims = ({ state }: Moment, sid: RoomId): Claim[] =>
  [...(state.rooms.get(sid)?.claims.values() ?? [])].map(claim => ({ ...claim }))

export function owed({ state }: Moment, inst: Incarnation, psid?: ParticipantId): OwedEnding[] {
  return [...state.rooms.values()]
    .flatMap(room => [...room.owed.values()])
    .filter(ending => ending.inst === inst && (psid === undefined || ending.psid === psid))
    .slice(0, MOST_ENTRIES)
    .map(ending => ({ ...ending }))
}

export const nodes = ({ state }: Moment): NodeFacts[] =>
  [...state.nodes].map(([inst, { host, ...row }]) => ({ inst, ...row, heard: [...row.heard] }))

export const undelivered = ({ state }: Moment): string[] =>
  [...state.streams].flatMap(([name, { length }]) => (length > 0 ? [name] : [])).slice(0, MOST_ENTRIES)

export function takeDelivery(
  { state, nowMs }: Moment,
  { roomName, inst, isLast = false }: { roomName: string; inst: Incarnation; isLast?: boolean },
): boolean {
  const lease = state.leases.get(roomName)
  // One that lasts longer than leases do is from before the clock was set back.
  const leftMs = (lease?.untilMs ?? 0) - nowMs
  if (lease && lease.inst !== inst && leftMs > 0 && leftMs <= DELIVERY_LEASE_MS) return false
  if (isLast) state.leases.delete(roomName)
  else state.leases.set(roomName, { inst, untilMs: nowMs + DELIVERY_LEASE_MS })
  return true
}

export const nextEvents = (
  { state }: Moment,
  roomName: string,
  limit: number,
  afterEntryId = '0',
): WebhookEntry[] =>
  (state.streams.get(roomName) ?? [])
    .filter(({ entryId }) => Number(entryId) > Number(afterEntryId))
    .slice(0, limit)
    .map(entry => ({ ...entry }))

export function delivered(
  at: Moment,
  { roomName, entryIds }: { roomName: string; entryIds: string[] },
): 'done' {
  const gone = new Set(entryIds)
  const stream = at.state.streams.get(roomName) ?? []
  const out = stream.filter(({ entryId }) => gone.has(entryId))
  const rest = stream.filter(({ entryId }) => !gone.has(entryId))
  if (rest.length > 0) at.state.streams.set(roomName, rest)
  else {
    at.state.streams.delete(roomName)
    at.state.leases.delete(roomName)
  }
  const byWriter = Map.groupBy(out, ({ writer }) => writer)
  for (const [writer, entries] of byWriter)
    mail(at, [writer], { type: 'delivered', ids: entries.map(({ id }) => id) })
  for (const { kind, roomSid } of out) {
    const room = at.state.rooms.get(roomSid)
    if (room && kind === 'room_started') room.isStartDelivered = true
  }
  return 'done'
}
