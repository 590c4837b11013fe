/**
 * What need not hold any more because the record has forgotten it and no living node remembers it: cluster.md promises no more than that of an
 * emptied or rolled-back record. Everything else is judged as if nothing had been forgotten.
 */
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import type { MemoryState } from '../record/memory-state.ts'
import type { NodeInWorld } from './parts.ts'

/** What somebody knew. */
interface Knowledge {
  rooms: Set<RoomId>
  /** Rooms that are closing or over. */
  ends: Set<RoomId>
  people: Set<ParticipantId>
  events: Set<string>
}

export class Excuses {
  readonly #rooms = new Set<RoomId>()
  readonly #people = new Set<ParticipantId>()
  readonly #late = new Set<ParticipantId>()

  /** The record has forgotten; `before` is what it had known. */
  forgot(before: Readonly<MemoryState>, nodes: readonly NodeInWorld[]): void {
    this.#lost(ofRecord(before), nodes)
    // Buried, and it has not heard of that: it puts its people back as well as their heirs do, who have told their ends already.
    for (const node of nodes)
      if (node.isUp && before.dead.has(node.inst))
        for (const { psid } of node.rooms.connections) this.#people.add(psid)
  }

  /** A node dies; what it had not put back is gone with it. `nodes`: those that live on. */
  died(node: NodeInWorld, nodes: readonly NodeInWorld[]): void {
    if (!node.hasRestored()) this.#lost(ofNode(node), nodes)
  }

  /** A node leaves a room nobody of it is in any more; it had not put it back. A room without anybody is remembered by the record alone. */
  vacated(sid: RoomId, node: NodeInWorld, nodes: readonly NodeInWorld[]): void {
    const remembers = ({ isUp, rooms }: NodeInWorld) => isUp && (rooms.rooms.has(sid) || rooms.past.has(sid))
    if (!node.hasRestored() && !nodes.some(one => one !== node && remembers(one))) this.#rooms.add(sid)
  }

  /**
   * A room ends while a node that has people in it did not come to put them back: their ends come behind its end, as late is better than never
   * (ClusterRecord.told).
   */
  ended(sid: RoomId, nodes: readonly NodeInWorld[]): void {
    for (const node of nodes)
      if (node.isUp && !node.hasRestored())
        for (const { psid, claim } of node.rooms.connections)
          if ('roomSid' in claim && claim.roomSid === sid) this.#late.add(psid)
  }

  /** That the room's end is behind all of somebody. */
  mayBeLate(psid: string): boolean {
    return this.#late.has(psid as ParticipantId) || this.hasPerson(psid)
  }
  /** That the room has begun and ended. */
  hasRoom(sid: RoomId): boolean {
    return this.#rooms.has(sid)
  }
  /** What is told of somebody. */
  hasPerson(psid: string): boolean {
    return this.#people.has(psid as ParticipantId)
  }

  #lost(known: Knowledge, nodes: readonly NodeInWorld[]): void {
    const still = nodes.filter(({ isUp }) => isUp).map(ofNode)
    for (const sid of known.rooms) if (!still.some(({ rooms }) => rooms.has(sid))) this.#rooms.add(sid)
    for (const sid of known.ends) if (!still.some(({ ends }) => ends.has(sid))) this.#rooms.add(sid)
    for (const psid of known.people) if (!still.some(({ people }) => people.has(psid))) this.#people.add(psid)
    for (const id of known.events) {
      if (still.some(({ events }) => events.has(id))) continue
      const [sid, what] = id.split(':') as [RoomId, string]
      if (what.startsWith('PA_')) this.#people.add(what as ParticipantId)
      else if (!still.some(({ rooms }) => rooms.has(sid))) this.#rooms.add(sid)
    }
  }
}

function ofRecord(state: Readonly<MemoryState>): Knowledge {
  const rooms = [...state.rooms.values()]
  return {
    rooms: new Set(rooms.map(({ sid }) => sid)),
    ends: new Set([
      ...state.over.keys(),
      ...rooms.flatMap(({ sid, state }) => (state === 'closing' ? [sid] : [])),
    ]),
    people: new Set(rooms.flatMap(({ owed }) => [...owed.keys()])),
    events: new Set([...state.streams.values()].flatMap(stream => stream.map(({ id }) => id))),
  }
}

function ofNode({ rooms: { rooms, past, over, connections, journal } }: NodeInWorld): Knowledge {
  const locals = [...rooms.values()]
  return {
    rooms: new Set([...rooms.keys(), ...past.keys()]),
    ends: new Set([...over, ...past.keys()]),
    people: new Set([
      ...[...connections].flatMap(({ psid, claim }) => ('roomSid' in claim ? [psid] : [])),
      ...locals.flatMap(({ members, ended }) => [...members.list().map(({ psid }) => psid), ...ended]),
    ]),
    events: new Set(journal.map(({ event }) => event.id)),
  }
}
