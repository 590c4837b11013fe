/** Connections of a node of the model: they join, live, are resumed and end; and the endings it inherits. */
import type { ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'
import * as claims from '../claim/claim-state.ts'
import { leavingStory, memberEvent } from '../claim/leaving-story.ts'
import type { JoinAnswer } from '../record/record-calls.ts'
import type { Incarnation, OwedEnding, WebhookDraft } from '../record/record-types.ts'
import { type Connection, type Flow, MOST_PEOPLE } from './parts.ts'
import { RoomCopies } from './room-copies.ts'

const TIMEOUTS_MS = { emptyTimeoutMs: 4_000, departureTimeoutMs: 4_000 }
/** A room is kept for those who come back. */
const VACATE_MS = 3_000
/** All tries of a join. */
const JOIN_MS = 10_000

export class RoomSeats extends RoomCopies {
  // Joining -----------------------------------------------------------------------------------------------------

  join(roomName: string, identity: string, tokenFromS: number | null): Connection {
    return this.joinAs({ roomName, identity, tokenFromS, source: null })
  }
  joinAs(of: Pick<Connection, 'roomName' | 'identity' | 'tokenFromS' | 'source'>): Connection {
    const connection: Connection = {
      ...of,
      psid: this.node.world.id('PA_'),
      claim: claims.NO_CLAIM,
      version: 0,
      facts: { isActive: false, tracks: [], isCounted: true },
      kept: null,
      isOver: false,
      heldSinceMs: 0,
    }
    this.connections.add(connection)
    this.node.flow(this.joining(connection))
    return connection
  }

  *joining(connection: Connection): Flow {
    const node = this.node
    const { psid, identity, roomName, tokenFromS, source } = connection
    const until = node.monotonicMs + JOIN_MS
    while (node.era === '') yield { sleepMs: 100 }
    const isOver = () =>
      node.monotonicMs >= until || (connection.claim.is === 'asking' && connection.claim.endWanted !== null)
    do {
      const deadlineMs = node.recordNow() + 2_000
      connection.claim = claims.ask(connection.claim, deadlineMs)
      const members = this.roomOf(roomName)?.members
      const draft = source ? null : { ...draftOfRoom(roomName), sid: node.world.id<RoomId>('RM_') }
      const asked = {
        roomName,
        psid,
        identity,
        isCounted: true,
        isForwarded: source !== null,
        tokenFromS,
        draft,
        info: '',
      }
      const epochSeen = members?.highestOfAll ?? 0
      const answer = yield* node.askInEra(
        (record, call) => record.join({ ...call, ...asked, epochSeen }),
        deadlineMs,
      )
      if (answer?.outcome === 'done') {
        this.answered(connection, answer.value)
        return
      }
      if (answer === null) yield* this.deadline(deadlineMs)
      else {
        connection.claim = claims.notDone(connection.claim)
        yield { sleepMs: 100 }
      }
    } while (!isOver())
    connection.claim = claims.giveUp(connection.claim, 'gave_up')
    yield* this.settle(connection)
  }

  /** Until the record does what was asked before no more. Should its clock be set back, 2 s of our own are enough: what comes later is mended. */
  *deadline(deadlineMs: number): Flow {
    const until = this.node.monotonicMs + 2_200
    while (this.node.recordNow() <= deadlineMs + 200 && this.node.monotonicMs < until) yield { sleepMs: 200 }
  }

  answered(connection: Connection, answer: JoinAnswer): void {
    const { identity } = connection
    if (answer.is !== 'refused') {
      const { room, epoch } = answer
      const local = this.enter(room)
      const highest = local.members.highest(identity)
      this.see(room.sid, identity, answer.is === 'lost' ? Math.max(epoch, answer.newest) : epoch)
      connection.claim = claims.answered(connection.claim, answer, highest)
      if (answer.is === 'claimed') {
        connection.kept = answer.kept
        if (answer.kept) this.keepLocally(local, identity, answer.kept)
      }
      if (connection.source && !claims.isActing(connection.source.claim))
        connection.claim = claims.end(connection.claim, 'source_left')
      if (room.state === 'closing' || local.facts.state === 'closing')
        connection.claim = claims.end(connection.claim, 'room_closed')
    } else connection.claim = claims.answered(connection.claim, answer, 0)
    if (claims.isActing(connection.claim)) {
      connection.heldSinceMs = this.node.monotonicMs
      this.tell(connection)
      this.node.flow(this.living(connection))
    } else this.node.flow(this.settle(connection))
  }

  /** The media connects, then a track is published: each is in the journal and with the others before it is told. */
  *living(connection: Connection): Flow {
    const node = this.node
    yield { sleepMs: node.world.between(20, 1_500) }
    const { psid, roomName } = connection
    const roomSid = claims.isActing(connection.claim) ? connection.claim.roomSid : undefined
    const tell = (kind: 'participant_joined' | 'track_published', track?: TrackId) => {
      connection.version++
      this.tell(connection)
      const event = draftOf(memberEvent(roomSid!, psid, kind, track).id)
      this.journal.push({ roomSid: roomSid!, roomName, event })
      return event
    }
    const isHere = () => roomSid !== undefined && claims.isActing(connection.claim)
    if (!isHere()) return
    connection.facts = { ...connection.facts, isActive: true }
    const joined = tell('participant_joined')
    yield* node.insist((record, call) =>
      record.emit({ ...call, roomSid: roomSid!, psid, event: joined, isJoined: true }),
    )
    yield { sleepMs: node.world.between(20, 1_500) }
    if (!isHere()) return
    const track = node.world.id<TrackId>('TR_')
    connection.facts = { ...connection.facts, tracks: [track] }
    const published = tell('track_published', track)
    const { version } = connection
    const seat = { psid, version, info: JSON.stringify(connection.facts.tracks) }
    yield* node.insist((record, call) =>
      record.keep({ ...call, roomSid: roomSid!, identity: connection.identity, seat }),
    )
    yield* node.insist((record, call) => record.emit({ ...call, roomSid: roomSid!, psid, event: published }))
  }

  // Ending ------------------------------------------------------------------------------------------------------

  end(connection: Connection, why: string): void {
    connection.isOver = true
    const before = connection.claim
    connection.claim = claims.end(connection.claim, why)
    if (before !== connection.claim && connection.claim.is === 'ending')
      this.node.flow(this.settle(connection))
  }

  /** Until nothing is left of it in the record. */
  *settle(connection: Connection): Flow {
    const node = this.node
    const { psid, roomName, identity } = connection
    for (const shown of this.connections) if (shown.source === connection) this.end(shown, 'source_left')
    if (connection.claim.is === 'giving_up') yield* this.deadline(connection.claim.lastDeadlineMs)
    while (connection.claim.is === 'giving_up') {
      const answer = yield* node.ask(record => record.owed(node.inst, psid))
      if (answer && answer.era.id === node.era)
        connection.claim = claims.looked(connection.claim, answer.owed[0])
      else yield { sleepMs: 300 }
    }
    const { claim } = connection
    if (claim.is === 'ending') {
      const { roomSid, epoch } = claim
      this.broadcast(roomSid, { type: 'gone', sid: roomSid, psid, identity, epoch })
      yield* this.tellEnding(
        { roomSid, roomName, psid, isActive: connection.facts.isActive },
        connection.facts.tracks,
        false,
      )
      connection.claim = claims.told(connection.claim)
      this.rooms.get(roomSid)?.ended.add(psid)
      this.connections.delete(connection)
      node.flow(this.vacating(roomSid))
    }
    this.connections.delete(connection)
  }

  *tellEnding(
    of: Pick<OwedEnding, 'roomSid' | 'roomName' | 'psid' | 'isActive'>,
    tracks: TrackId[],
    isHeir: boolean,
  ): Flow {
    const node = this.node
    const { roomSid, roomName, psid } = of
    const events = leavingStory(of, tracks).map(({ id }) => draftOf(id))
    if (!isHeir) for (const event of events) this.remember({ roomSid, roomName, event })
    for (;;) {
      const value = yield* node.insist((record, call) =>
        record.told({ ...call, roomSid, roomName, psid, events }),
      )
      if (value !== 'no_room' && value !== 'not_yours') {
        if (isHeir)
          for (const event of events)
            if (value.taken.includes(event.id)) this.remember({ roomSid, roomName, event })
        return
      }
      if (isHeir) return
      node.restoreSoon()
      yield { sleepMs: 300 }
    }
  }
  /**
   * A client came to this node to go on with a connection. Its owner, found in the copies or in the record, serves it if it still acts for it; else
   * the client is told to join anew.
   */
  *resume(psid: ParticipantId, sid: RoomId, identity: string): Flow<boolean> {
    const node = this.node
    const own = [...this.connections].find(connection => connection.psid === psid)
    if (own) return claims.isActing(own.claim)
    const copy = this.rooms.get(sid)?.members.get(identity)
    let owner = copy?.psid === psid ? copy.owner : undefined
    if (!owner) {
      const read = yield* node.ask(record => record.claims(sid))
      owner = read?.claims.find(claim => claim.psid === psid)?.inst
    }
    const peer = owner && node.isLinkedTo(owner) ? node.world.nodeOf(owner) : undefined
    if (!peer?.isDoing()) return false
    return [...peer.rooms.connections].some(
      connection => connection.psid === psid && claims.isActing(connection.claim),
    )
  }

  /** Nobody of this node is left in the room: it is left a while after the last one. */
  *vacating(sid: RoomId): Flow {
    const room = this.rooms.get(sid)
    if (!room || this.isIn(sid)) return
    const since = this.node.monotonicMs
    room.emptySinceMs = since
    yield { sleepMs: VACATE_MS }
    if (this.isIn(sid) || room.emptySinceMs !== since || this.rooms.get(sid) !== room) return
    this.node.world.checks.vacated(sid, this.node.inst)
    this.rooms.delete(sid)
    yield* this.node.insist((record, call) => record.exit({ ...call, roomSid: sid }))
    // Entered again meanwhile: which of the two the record heard last is not known.
    if (this.rooms.has(sid))
      yield* this.node.insist((record, call) => record.enter({ ...call, roomSid: sid }))
  }
  isIn(sid: RoomId): boolean {
    return [...this.connections].some(({ claim }) => 'roomSid' in claim && claim.roomSid === sid)
  }

  burial(dead: Incarnation): void {
    for (const room of this.rooms.values()) {
      room.members.bury(dead)
      room.nodes.delete(dead)
    }
    this.node.flow(this.inheriting(dead))
  }
  *inheriting(dead: Incarnation): Flow {
    for (;;) {
      const owed = yield* this.node.insist((record, call) => record.inherit({ ...call, dead }))
      if (owed === 'not_buried' || owed.length === 0) return
      for (const ending of owed) {
        yield* this.tellEnding(ending, tracksOf(ending.info), true)
        this.rooms.get(ending.roomSid)?.ended.add(ending.psid)
      }
    }
  }

  /** The news of a claim, from wherever. */
  see(sid: RoomId, identity: string, epoch: number): void {
    this.rooms.get(sid)?.members.see(identity, epoch)
    for (const connection of this.connections) {
      const { claim } = connection
      if (connection.identity !== identity || !claims.isActing(claim) || claim.roomSid !== sid) continue
      connection.claim = claims.seen(claim, epoch)
      if (connection.claim.is === 'ending') this.node.flow(this.settle(connection))
    }
  }
}

export const draftOfRoom = (name: string) => ({
  name,
  maxParticipants: MOST_PEOPLE,
  body: '',
  ...TIMEOUTS_MS,
})
const draftOf = (id: string): WebhookDraft => ({ id, body: '' })
const tracksOf = (info: string): TrackId[] => (info === '' ? [] : (JSON.parse(info) as TrackId[]))
