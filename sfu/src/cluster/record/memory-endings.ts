/** The record in memory: events, leavings owed, and how a room ends. */
import type { RoomId } from '@diemcau/core/ids.ts'
import { MOST_ENTRIES } from './cluster-record.ts'
import { type Moment, mail, putEvent, type RoomRow, setClaim, toldIn } from './memory-state.ts'
import type { Emit, SweepAnswer, Told, ToldAnswer } from './record-calls.ts'
import { type Incarnation, roomEventId } from './record-types.ts'

export function emit(
  at: Moment,
  { roomSid, event, psid, isJoined, inst }: Emit,
): 'taken' | 'had' | 'not_owed' | 'no_room' {
  const room = at.state.rooms.get(roomSid)
  if (!room) return 'no_room'
  if (psid !== undefined) {
    const owed = room.owed.get(psid)
    if (owed?.inst !== inst) return 'not_owed'
    if (isJoined) owed.isActive = true
  }
  return putEvent(at, room, inst, event) ? 'taken' : 'had'
}

export function told(
  at: Moment,
  { roomSid, roomName, psid, events, inst }: Told,
): ToldAnswer | 'not_yours' | 'no_room' {
  const room = at.state.rooms.get(roomSid)
  const isOver = at.state.over.has(roomSid)
  if (!room && !isOver) return 'no_room'
  if (toldIn(at, roomSid).has(psid)) return { taken: [], hasFinished: isOver }
  const owed = room?.owed.get(psid)
  if (owed && owed.inst !== inst && !at.state.dead.has(owed.inst)) return 'not_yours'
  const taken = events.filter(event => putEvent(at, { sid: roomSid, name: roomName }, inst, event))
  toldIn(at, roomSid).add(psid)
  if (room && owed) {
    room.owed.delete(psid)
    if (room.claims.get(owed.identity)?.psid === psid) setClaim(at, room, owed.identity, null)
    mayFinish(at, room, inst)
  }
  return { taken: taken.map(({ id }) => id), hasFinished: at.state.over.has(roomSid) }
}

export function closeRoom(
  at: Moment,
  { roomSid, reason, inst }: { roomSid: RoomId; reason: string; inst: Incarnation },
): { hasFinished: boolean } {
  const room = at.state.rooms.get(roomSid)
  if (room) {
    startClosing(at, room, reason)
    mayFinish(at, room, inst)
  }
  return { hasFinished: at.state.over.has(roomSid) }
}

/** The name is free at once; who is inside is told by the nodes it has. */
export function startClosing(at: Moment, room: RoomRow, reason: string): void {
  if (room.state === 'closing') return
  Object.assign(room, { state: 'closing', closeReason: reason, idleAtMs: null })
  if (at.state.names.get(room.name) === room.sid) at.state.names.delete(room.name)
  mail(at, room.nodes, { type: 'closed', roomSid: room.sid, reason })
}

/** The end comes behind the last ending owed, and nothing of the room comes after it. */
function mayFinish(at: Moment, room: RoomRow, writer: Incarnation): void {
  if (room.state !== 'closing' || room.owed.size > 0) return
  const { sid, body, closeReason: reason } = room
  putEvent(
    at,
    room,
    writer,
    { id: roomEventId(sid, 'room_finished'), body },
    { kind: 'room_finished', reason },
  )
  at.state.rooms.delete(sid)
  at.state.over.set(sid, at.nowMs)
}

export function sweep(at: Moment, { inst }: { inst: Incarnation }): SweepAnswer {
  const due = [...at.state.rooms.values()]
    .filter(({ state, owed, idleAtMs }) =>
      state === 'closing' ? owed.size === 0 : idleAtMs !== null && idleAtMs <= at.nowMs,
    )
    .slice(0, MOST_ENTRIES)
  const closed = due.filter(({ state }) => state === 'open').map(({ sid }) => sid)
  for (const room of due) {
    startClosing(at, room, 'idle')
    mayFinish(at, room, inst)
  }
  const owing = [...at.state.rooms.values()].flatMap(({ owed }) => [...owed.values()].map(({ inst }) => inst))
  return {
    closed,
    finished: due.map(({ sid }) => sid).filter(sid => at.state.over.has(sid)),
    orphans: [...new Set(owing)].filter(owner => at.state.dead.has(owner)),
  }
}
