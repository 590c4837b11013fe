/** The record in memory: what nodes remember is put back. Entry by entry the newer word wins, so that order and repeats do not matter. */
import type { RoomId } from '@diemcau/core/ids.ts'
import { startClosing } from './memory-endings.ts'
import { buryNow } from './memory-nodes.ts'
import { revoke } from './memory-rooms.ts'
import {
  type Moment,
  mail,
  nodeRow,
  putEvent,
  putStarted,
  type RoomRow,
  setClaim,
  toldIn,
} from './memory-state.ts'
import type { Restore, RestoreAnswer } from './record-calls.ts'
import { type Claim, type Incarnation, type OwedEnding, type RoomFacts, roomEventId } from './record-types.ts'

export function restore(at: Moment, call: Restore): RestoreAnswer {
  const { state } = at
  for (const inst of call.burials) if (!state.dead.has(inst)) buryNow(at, inst)
  for (const sid of call.over) putOver(at, sid)
  for (const facts of call.rooms) putRoom(at, facts, call.inst)
  for (const { roomSid, psid } of call.ended) putEnded(at, roomSid, psid)
  for (const owed of call.owed) putOwed(at, owed)
  const lost: RestoreAnswer['lost'] = []
  for (const { roomSid, ...claim } of call.claims) {
    const { identity, psid } = claim
    const higher = putClaim(at, roomSid, { ...claim, inst: call.inst })
    if (higher !== null) lost.push({ roomSid, identity, psid, epoch: higher })
  }
  for (const { roomSid, identity, kept } of call.kept) {
    const room = state.rooms.get(roomSid)
    if (room && kept.rev > (room.kept.get(identity)?.rev ?? 0)) room.kept.set(identity, { ...kept })
  }
  for (const revocation of call.revoked) revoke(at, revocation)
  for (const { roomSid, roomName, event } of call.events)
    putEvent(at, { sid: roomSid, name: roomName }, call.inst, event)
  const sids = new Set([...call.rooms.map(({ sid }) => sid), ...call.claims.map(({ roomSid }) => roomSid)])
  const closed = [...sids].flatMap(roomSid => {
    const room = state.rooms.get(roomSid)
    if (room?.state === 'open') return []
    return [{ roomSid, reason: room?.closeReason ?? '' }]
  })
  return { lost, closed }
}

/** Its end was delivered, so all it owed was told: what others remember of it is old. */
function putOver(at: Moment, sid: RoomId): void {
  const room = at.state.rooms.get(sid)
  if (room) startClosing(at, room, '')
  at.state.rooms.delete(sid)
  if (!at.state.over.has(sid)) at.state.over.set(sid, at.nowMs)
}

function putRoom(at: Moment, facts: RoomFacts, writer: Incarnation): void {
  const { state } = at
  if (state.over.has(facts.sid)) return
  const there = state.rooms.get(facts.sid)
  if (there) {
    const { rev, maxParticipants, emptyTimeoutMs, departureTimeoutMs, body } = facts
    if (rev > there.rev)
      Object.assign(there, { rev, maxParticipants, emptyTimeoutMs, departureTimeoutMs, body })
    there.epoch = Math.max(there.epoch, facts.epoch)
    there.isStartDelivered ||= facts.isStartDelivered
    if (facts.state === 'closing') startClosing(at, there, facts.closeReason)
    return
  }
  const room: RoomRow = {
    ...facts,
    nodes: new Set(),
    claims: new Map(),
    owed: new Map(),
    kept: new Map(),
    counted: 0,
    holding: 0,
    idleAtMs: facts.state === 'open' ? at.nowMs + facts.departureTimeoutMs : null,
  }
  state.rooms.set(room.sid, room)
  // Whoever puts the room back puts its start before all others' events of it.
  if (room.isStartDelivered) toldIn(at, room.sid).add(roomEventId(room.sid, 'room_started'))
  else putStarted(at, room, writer)
  if (room.state === 'open') claimName(at, room)
}

/** Of two rooms of a name the older stays. */
function claimName(at: Moment, room: RoomRow): void {
  const { names, rooms } = at.state
  const other = rooms.get(names.get(room.name) ?? room.sid)
  if (!other || other === room) {
    names.set(room.name, room.sid)
    return
  }
  const isOlder =
    room.createdMs < other.createdMs || (room.createdMs === other.createdMs && room.sid < other.sid)
  startClosing(at, isOlder ? other : room, 'duplicate')
  if (isOlder) names.set(room.name, room.sid)
}

function putEnded(at: Moment, sid: RoomId, psid: OwedEnding['psid']): void {
  toldIn(at, sid).add(psid)
  const room = at.state.rooms.get(sid)
  const owed = room?.owed.get(psid)
  if (!room || !owed) return
  room.owed.delete(psid)
  if (room.claims.get(owed.identity)?.psid === psid) setClaim(at, room, owed.identity, null)
}

function putOwed(at: Moment, ending: OwedEnding): void {
  const room = at.state.rooms.get(ending.roomSid)
  if (!room || toldIn(at, room.sid).has(ending.psid)) return
  const there = room.owed.get(ending.psid)
  if (!there) {
    room.owed.set(ending.psid, { ...ending })
    // Somebody has to notice when it does not beat in this era.
    if (!at.state.dead.has(ending.inst)) nodeRow(at, ending.inst)
    return
  }
  there.isActive ||= ending.isActive
  if (ending.version > there.version) Object.assign(there, { version: ending.version, info: ending.info })
}

/** The epoch that is higher, or null when the claim stands. */
function putClaim(at: Moment, sid: RoomId, claim: Claim): number | null {
  const room = at.state.rooms.get(sid)
  if (!room || toldIn(at, sid).has(claim.psid)) return null
  putOwed(at, { ...claim, roomSid: sid, roomName: room.name, isActive: false, version: -1, info: '' })
  room.epoch = Math.max(room.epoch, claim.epoch)
  const { identity, inst, epoch } = claim
  const there = room.claims.get(identity)
  if (there && there.psid !== claim.psid && there.epoch >= epoch) return there.epoch
  if (there?.psid === claim.psid) return null
  setClaim(at, room, identity, { ...claim })
  if (!room.nodes.has(inst)) mail(at, room.nodes, { type: 'entered', roomSid: sid, inst })
  room.nodes.add(inst)
  if (there && there.inst !== inst)
    mail(at, [there.inst], { type: 'lost', roomSid: sid, identity, psid: there.psid, epoch })
  return null
}
