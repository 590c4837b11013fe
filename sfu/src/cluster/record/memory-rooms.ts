/** The record in memory: rooms and claims. */
import type { RoomId } from '@diemcau/core/ids.ts'
import { type Moment, mail, putStarted, type RoomRow, recordOf, setClaim, toldIn } from './memory-state.ts'
import type { Change, Join, JoinAnswer, Keep, Open, OpenAnswer, Release } from './record-calls.ts'
import type { Claim, Incarnation, Revocation, RoomDraft, RoomRecord } from './record-types.ts'

const openRoom = ({ state }: Moment, name: string): RoomRow | undefined => {
  const sid = state.names.get(name)
  return sid === undefined ? undefined : state.rooms.get(sid)
}

/** Null when the sid was used: a late repeat must not open a room again that is over. */
function make(
  at: Moment,
  draft: RoomDraft,
  writer: Incarnation,
  mostRooms: number | undefined,
): RoomRow | 'too_many' | null {
  if (at.state.over.has(draft.sid) || at.state.rooms.has(draft.sid)) return null
  if (mostRooms !== undefined && at.state.names.size >= mostRooms * at.state.nodes.size) return 'too_many'
  const room: RoomRow = {
    ...draft,
    createdMs: at.nowMs,
    rev: 1,
    state: 'open',
    closeReason: '',
    epoch: 0,
    isStartDelivered: false,
    nodes: new Set(),
    claims: new Map(),
    owed: new Map(),
    kept: new Map(),
    counted: 0,
    holding: 0,
    idleAtMs: at.nowMs + draft.emptyTimeoutMs,
  }
  at.state.rooms.set(room.sid, room)
  at.state.names.set(room.name, room.sid)
  putStarted(at, room, writer)
  return room
}

export function open(at: Moment, { draft, inst, mostRooms }: Open): OpenAnswer {
  const there = openRoom(at, draft.name)
  const room = there ?? make(at, draft, inst, mostRooms)
  return room === null || room === 'too_many' ? room : { room: recordOf(room), hasOpened: !there }
}

export function join(at: Moment, call: Join): JoinAnswer {
  const { inst, psid, identity, isCounted, isForwarded } = call
  const there = openRoom(at, call.roomName)
  const earlier = there && again(at, there, call)
  if (earlier) return earlier
  if (isRevoked(at, call)) return { is: 'refused', why: 'revoked' }
  if (!there && !call.draft) return { is: 'refused', why: 'no_room' }
  const room = there ?? make(at, { ...call.draft!, name: call.roomName }, inst, call.mostRooms)
  if (!room) return { is: 'refused', why: 'sid_used' }
  if (room === 'too_many') return { is: 'refused', why: room }
  const old = room.claims.get(identity)
  if (isCounted && !old?.isCounted && room.maxParticipants > 0 && room.counted >= room.maxParticipants)
    return { is: 'refused', why: 'full' }
  const epoch = Math.max(room.epoch, call.epochSeen, at.nowMs) + 1
  const claim: Claim = { identity, psid, inst, epoch, isCounted, isForwarded }
  room.epoch = epoch
  setClaim(at, room, identity, claim)
  const { sid, name } = room
  room.owed.set(psid, {
    ...claim,
    roomSid: sid,
    roomName: name,
    isActive: false,
    version: 0,
    info: call.info,
  })
  addNode(at, room, inst)
  // Also when it is the caller itself: this answer may be lost.
  if (old) mail(at, [old.inst], { type: 'lost', roomSid: sid, identity, psid: old.psid, epoch })
  return {
    is: 'claimed',
    room: recordOf(room),
    epoch,
    former: old ? { ...old } : null,
    kept: room.kept.get(identity) ?? null,
    hasOpened: !there,
  }
}

/** What is answered to a psid that was here before: a repeat takes no claim from anybody. */
function again(at: Moment, room: RoomRow, { psid, identity }: Join): JoinAnswer | null {
  if (toldIn(at, room.sid).has(psid)) return { is: 'refused', why: 'ended' }
  const owed = room.owed.get(psid)
  if (!owed) return null
  const { epoch } = owed
  const now = room.claims.get(identity)
  if (!now) return { is: 'refused', why: 'ended' }
  if (now.psid !== psid) return { is: 'lost', room: recordOf(room), epoch, newest: now.epoch }
  const kept = room.kept.get(identity) ?? null
  return { is: 'claimed', room: recordOf(room), epoch, former: null, kept, hasOpened: false }
}

function isRevoked({ state }: Moment, { roomName, identity, owner, tokenFromS }: Join): boolean {
  const revoked = state.revoked.get(roomName)
  return (
    tokenFromS !== null && [identity, owner ?? identity].some(who => tokenFromS < (revoked?.get(who) ?? 0))
  )
}

function addNode(at: Moment, room: RoomRow, inst: Incarnation): void {
  if (room.nodes.has(inst)) return
  mail(at, room.nodes, { type: 'entered', roomSid: room.sid, inst })
  room.nodes.add(inst)
}

export function release(at: Moment, { roomSid, identity, psid, epoch }: Release): 'released' | 'not_held' {
  const room = at.state.rooms.get(roomSid)
  const claim = room?.claims.get(identity)
  if (!room || claim?.psid !== psid || (epoch !== null && claim.epoch !== epoch)) return 'not_held'
  setClaim(at, room, identity, null)
  return 'released'
}

export function keep(
  at: Moment,
  { roomSid, identity, kept, psid, seat, inst }: Keep,
): { keptRev: number } | 'no_room' | 'lost' {
  const room = at.state.rooms.get(roomSid)
  if (!room) return 'no_room'
  const holder = room.claims.get(identity)
  if (psid !== undefined && holder && holder.psid !== psid) return 'lost'
  if (kept && kept.rev > (room.kept.get(identity)?.rev ?? 0)) room.kept.set(identity, { ...kept })
  const owed = seat && room.owed.get(seat.psid)
  if (owed && owed.inst === inst && seat.version > owed.version)
    Object.assign(owed, { version: seat.version, info: seat.info })
  return { keptRev: room.kept.get(identity)?.rev ?? 0 }
}

export function change(
  at: Moment,
  { roomSid, ifRev, to, inst }: Change,
): { is: 'done' | 'stale'; room: RoomRecord } | { is: 'no_room' } {
  const room = at.state.rooms.get(roomSid)
  if (!room) return { is: 'no_room' }
  const { maxParticipants, emptyTimeoutMs, departureTimeoutMs, body } = to
  const wanted = { maxParticipants, emptyTimeoutMs, departureTimeoutMs, body }
  if (room.rev !== ifRev) {
    const isOurs =
      room.rev === ifRev + 1 &&
      room.body === body &&
      room.maxParticipants === maxParticipants &&
      room.emptyTimeoutMs === emptyTimeoutMs &&
      room.departureTimeoutMs === departureTimeoutMs
    return { is: isOurs ? 'done' : 'stale', room: recordOf(room) }
  }
  Object.assign(room, wanted, { rev: room.rev + 1 })
  mail(
    at,
    [...room.nodes].filter(node => node !== inst),
    { type: 'changed', roomSid, rev: room.rev },
  )
  return { is: 'done', room: recordOf(room) }
}

export function revoke({ state }: Moment, { roomName, identity, beforeS }: Revocation): 'done' {
  const revoked = state.revoked.get(roomName) ?? new Map<string, number>()
  state.revoked.set(roomName, revoked)
  revoked.set(identity, Math.max(beforeS, revoked.get(identity) ?? 0))
  return 'done'
}

export function enter(
  at: Moment,
  { roomSid, inst }: { roomSid: RoomId; inst: Incarnation },
): RoomRecord | null {
  const room = at.state.rooms.get(roomSid)
  if (!room) return null
  addNode(at, room, inst)
  return recordOf(room)
}

export function exit(
  at: Moment,
  { roomSid, inst }: { roomSid: RoomId; inst: Incarnation },
): 'done' | 'held' | 'no_room' {
  const room = at.state.rooms.get(roomSid)
  if (!room) return 'no_room'
  if ([...room.claims.values()].some(claim => claim.inst === inst)) return 'held'
  if (room.nodes.delete(inst)) mail(at, room.nodes, { type: 'exited', roomSid, inst })
  return 'done'
}
