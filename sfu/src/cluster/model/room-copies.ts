/** How nodes of the model tell each other of their members. */
import type { RoomId } from '@diemcau/core/ids.ts'
import { MemberCopies, type MemberCopy } from '../../room/copies/member-copies.ts'
import * as claims from '../claim/claim-state.ts'
import type { Incarnation, RoomRecord } from '../record/record-types.ts'
import type { Connection, Facts, LocalRoom, RoomMessage } from './parts.ts'
import { RoomMemory } from './room-memory.ts'

export abstract class RoomCopies extends RoomMemory {
  /** The news of a claim, from wherever. */
  abstract see(sid: RoomId, identity: string, epoch: number): void

  // Others ------------------------------------------------------------------------------------------------------

  enter(room: RoomRecord): LocalRoom {
    const { counted, holding, nodes, idleAtMs, ...facts } = room
    const there = this.rooms.get(room.sid)
    if (there) {
      for (const inst of nodes) this.meet(there, inst)
      return there
    }
    const members = new MemberCopies<Facts>()
    for (const inst of this.node.dead) members.bury(inst)
    const local: LocalRoom = {
      facts,
      nodes: new Set(),
      members,
      ended: new Set(),
      kept: new Map(),
      emptySinceMs: 0,
      lostTo: null,
    }
    this.rooms.set(room.sid, local)
    for (const inst of nodes) this.meet(local, inst)
    return local
  }
  /** Another node has the room: each tells the other all it has. */
  meet(room: LocalRoom, inst: Incarnation): void {
    if (inst === this.node.inst || room.nodes.has(inst) || this.node.dead.has(inst)) return
    room.nodes.add(inst)
    this.greet(room, inst)
  }
  greet(room: LocalRoom, inst: Incarnation): void {
    this.node.sendTo(inst, { type: 'enter', sid: room.facts.sid })
    this.node.sendTo(inst, this.full(room.facts.sid))
  }
  linked(inst: Incarnation): void {
    for (const room of this.rooms.values()) if (room.nodes.has(inst)) this.greet(room, inst)
  }

  full(sid: RoomId): RoomMessage {
    return { type: 'full', sid, members: this.own(sid).map(connection => this.member(connection)) }
  }
  member({ psid, identity, claim, version, facts }: Connection): MemberCopy<Facts> {
    const epoch = claims.isActing(claim) ? claim.epoch : 0
    return { psid, identity, epoch, version, owner: this.node.inst, facts }
  }
  tell(connection: Connection): void {
    if (!claims.isActing(connection.claim)) return
    const { roomSid: sid } = connection.claim
    this.broadcast(sid, { type: 'member', sid, member: this.member(connection) })
  }
  broadcast(sid: RoomId, message: RoomMessage): void {
    for (const inst of this.rooms.get(sid)?.nodes ?? []) this.node.sendTo(inst, message)
  }

  receive(from: Incarnation, message: RoomMessage): void {
    const room = this.rooms.get(message.sid)
    if (!room) {
      if (message.type === 'enter') this.node.sendTo(from, { type: 'full', sid: message.sid, members: null })
      return
    }
    if (message.type === 'enter') {
      room.nodes.add(from)
      this.node.sendTo(from, this.full(message.sid))
    } else if (message.type === 'full') {
      if (message.members === null) room.nodes.delete(from)
      else room.nodes.add(from)
      const members = message.members ?? []
      room.members.keepOnly(from, new Set(members.map(({ psid }) => psid)))
      for (const member of members) room.members.apply(member)
      for (const { identity, epoch } of members) this.see(message.sid, identity, epoch)
    } else if (message.type === 'member') {
      room.nodes.add(from)
      if (room.members.apply(message.member))
        this.see(message.sid, message.member.identity, message.member.epoch)
    } else room.members.gone(message)
    this.node.world.checks.copied(room.members)
  }

  /** Whose members are in its lists. */
  owners(): Incarnation[] {
    return [...this.rooms.values()].flatMap(({ members }) => members.list().map(({ owner }) => owner))
  }
}
