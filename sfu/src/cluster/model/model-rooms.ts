/** What a node of the model does in rooms: here is how it follows the record, delivers webhooks, and serves the API. */
import type { RoomId } from '@diemcau/core/ids.ts'
import * as claims from '../claim/claim-state.ts'
import type { MemorySteps } from '../record/memory-steps.ts'
import type { RestoreAnswer } from '../record/record-calls.ts'
import type { InboxMessage, KeptFacts, Revocation } from '../record/record-types.ts'
import type { Connection, Flow } from './parts.ts'
import { RoomMoves } from './room-moves.ts'

const COMPARE_MS = 6_000

export class ModelRooms extends RoomMoves {
  #readTo = '0'
  #inboxEra = ''

  start(): void {
    for (const flow of [this.inbox(), this.sweeping(), this.delivering(), this.comparing()])
      this.node.flow(flow)
  }

  // What the API does -------------------------------------------------------------------------------------------

  *closeRoom(sid: RoomId, acknowledged: () => void): Flow {
    yield* this.node.insist((record, call) => record.closeRoom({ ...call, roomSid: sid, reason: 'deleted' }))
    this.closed(sid, 'deleted')
    acknowledged()
  }
  *remove(connection: Connection, acknowledged: (revocation: Revocation) => void): Flow {
    const { roomName, identity } = connection
    const beforeS = Math.floor(this.node.recordNow() / 1000) + 1
    const revocation = { roomName, identity, beforeS }
    this.revoked.push(revocation)
    this.end(connection, 'removed')
    yield* this.node.insist((record, call) => record.revoke({ ...call, ...revocation }))
    acknowledged(revocation)
  }
  *keep(connection: Connection, acknowledged: (sid: RoomId, kept: KeptFacts) => void): Flow {
    if (!claims.isActing(connection.claim)) return
    const { roomSid } = connection.claim
    const { identity } = connection
    const kept = { rev: Math.max(connection.kept?.rev ?? 0, connection.claim.epoch) + 1, body: '' }
    connection.kept = kept
    const room = this.rooms.get(roomSid)
    if (room) this.keepLocally(room, identity, kept)
    const value = yield* this.node.insist((record, call) => record.keep({ ...call, roomSid, identity, kept }))
    if (value !== 'no_room' && claims.isActing(connection.claim)) acknowledged(roomSid, kept)
  }
  // The record's news -------------------------------------------------------------------------------------------

  *inbox(): Flow {
    const node = this.node
    for (;;) {
      const answer = yield* node.ask(record => ({
        ...record.stamp(),
        entries: record.inbox(node.inst, this.#inboxEra === record.stamp().era.id ? this.#readTo : '0', 100),
      }))
      if (answer) {
        this.#inboxEra = answer.era.id
        this.#readTo = answer.entries.at(-1)?.id ?? this.#readTo
        for (const { message } of answer.entries) this.mail(message)
      }
      yield { sleepMs: 100 }
    }
  }
  mail(message: InboxMessage): void {
    if (message.type === 'lost') this.see(message.roomSid, message.identity, message.epoch)
    else if (message.type === 'closed') this.closed(message.roomSid, message.reason)
    else if (message.type === 'buried') this.node.burial(message.inst)
    else if (message.type === 'delivered') this.delivered(message.ids)
    else if (message.type === 'entered') {
      const room = this.rooms.get(message.roomSid)
      if (!room || message.inst === this.node.inst || this.node.dead.has(message.inst)) return
      // Also one that was its node before: it may have begun anew in it.
      room.nodes.add(message.inst)
      this.greet(room, message.inst)
    } else if (message.type === 'exited') {
      const room = this.rooms.get(message.roomSid)
      // Its own word for it: the hint may be older than its coming back.
      if (room) this.greet(room, message.inst)
    }
  }
  closed(sid: RoomId, reason: string): void {
    const room = this.rooms.get(sid)
    if (!room) return
    room.facts = { ...room.facts, state: 'closing', closeReason: room.facts.closeReason || reason }
    if (!this.over.has(sid)) this.past.set(sid, room.facts)
    for (const connection of this.own(sid)) this.end(connection, 'room_closed')
  }
  delivered(ids: string[]): void {
    const gone = new Set(ids)
    this.journal = this.journal.filter(({ event }) => !gone.has(event.id))
    for (const id of ids) {
      const [sid, kind] = id.split(':') as [RoomId, string]
      const room = this.rooms.get(sid)
      if (kind === 'room_started' && room) room.facts = { ...room.facts, isStartDelivered: true }
      if (kind === 'room_finished') {
        this.past.delete(sid)
        this.over.add(sid)
      }
    }
  }

  *sweeping(): Flow {
    for (;;) {
      yield { sleepMs: 1_000 }
      const answer = yield* this.node.askInEra((record, call) => record.sweep(call))
      if (answer?.outcome !== 'done') continue
      for (const sid of answer.value.closed) this.closed(sid, 'idle')
      for (const inst of answer.value.orphans) this.node.flow(this.inheriting(inst))
    }
  }

  *delivering(): Flow {
    const node = this.node
    for (;;) {
      yield { sleepMs: 700 }
      const read = yield* node.ask(record => ({ ...record.stamp(), names: record.undelivered() }))
      // What is restored has no order before the window is over.
      if (!read || read.era.id !== node.era || read.atMs < read.era.openFromMs) continue
      for (const roomName of read.names) {
        const mine = yield* node.askInEra((record, call) => record.takeDelivery({ ...call, roomName }))
        if (mine?.outcome !== 'done' || !mine.value) continue
        const next = yield* node.ask(record => ({
          ...record.stamp(),
          entries: record.nextEvents(roomName, 5),
        }))
        if (!next || next.era.id !== node.era) continue
        node.world.checks.delivered(next.entries)
        const entryIds = next.entries.map(({ entryId }) => entryId)
        yield* node.askInEra((record, call) => record.delivered({ ...call, roomName, entryIds }))
      }
    }
  }

  /** Hints may be lost: what the keys say is looked at now and then, and mended on both sides. */
  *comparing(): Flow {
    const node = this.node
    for (;;) {
      yield { sleepMs: COMPARE_MS }
      for (const sid of [...this.rooms.keys()]) {
        const read = yield* node.ask((record: MemorySteps) => ({
          ...record.roomBySid(sid),
          claims: record.claims(sid).claims,
        }))
        const local = this.rooms.get(sid)
        if (!read || read.era.id !== node.era || read.atMs < read.era.openFromMs || !local) continue
        if (read.isOver || read.room?.state === 'closing') this.closed(sid, read.room?.closeReason ?? '')
        else if (!read.room) node.restoreSoon()
        for (const inst of read.room?.nodes ?? []) this.meet(local, inst)
        for (const claim of read.claims) this.see(sid, claim.identity, claim.epoch)
        const held = new Set(read.claims.map(({ psid }) => psid))
        if (this.own(sid).some(({ psid }) => !held.has(psid))) node.restoreSoon()
        node.flow(this.vacating(sid))
      }
      const read = yield* node.ask(record => record.owed(node.inst))
      if (!read || read.era.id !== node.era) continue
      for (const { psid, roomSid, roomName } of read.owed) {
        // Left by a try of a join that was never answered, or restored from an old copy. One that is asking has no room yet.
        const isKnown = [...this.connections].some(
          ({ psid: own, claim }) => own === psid && (!('roomSid' in claim) || claim.roomSid === roomSid),
        )
        if (isKnown) continue
        yield* node.insist((record, call) => record.told({ ...call, roomSid, roomName, psid, events: [] }))
      }
    }
  }

  restored({ lost, closed }: RestoreAnswer): void {
    for (const { roomSid, identity, epoch, psid } of lost) {
      this.see(roomSid, identity, epoch)
      for (const connection of this.connections)
        if (connection.psid === psid) this.end(connection, claims.LOST)
    }
    for (const { roomSid, reason } of closed) this.closed(roomSid, reason)
  }
}
