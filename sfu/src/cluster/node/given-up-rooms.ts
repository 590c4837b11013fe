/**
 * Rooms that this node has given up to one that it does not hear: newcomers had better go elsewhere until it is heard, or is no node of the room any
 * more. Also when nobody is left here, and the room itself is: who was let in would be moved at once. Owned by SharedRooms.
 */
import type { RoomId } from '@diemcau/core/ids.ts'
import type { Incarnation } from '../record/record-types.ts'

export interface GivenUpRoom {
  readonly sid: RoomId
  readonly name: string
  readonly lostTo: Incarnation
  /** The other nodes of the room, as far as is known. */
  readonly nodes: ReadonlySet<Incarnation>
}

export class GivenUpRooms {
  readonly #rooms = new Map<RoomId, GivenUpRoom>()

  add(room: GivenUpRoom): void {
    this.#rooms.set(room.sid, room)
  }
  list(): GivenUpRoom[] {
    return [...this.#rooms.values()]
  }
  /** The nodes that newcomers had better go to; undefined: they are welcome here. */
  refuges(roomName: string): ReadonlySet<Incarnation> | undefined {
    return this.list().find(({ name }) => name === roomName)?.nodes
  }

  /** It is over, or the other one is in it no more. */
  drop(sid: RoomId): void {
    this.#rooms.delete(sid)
  }
  /** It is heard again, or buried. */
  heard(node: Incarnation): void {
    for (const { sid, lostTo } of this.list()) if (lostTo === node) this.drop(sid)
  }
}
