/** The floor's sockets of this portal: what they are told, and when they are closed. Other portals' sockets are theirs. */
import type { FloorClientToServer, FloorServerToClient } from '@diemcau/core/contracts/floor.ts'
import type { Audience } from '@diemcau/core/floor/audience.ts'
import type { Namespace, Socket } from 'socket.io'
import type { Runtime } from '../runtime.ts'
import { readRows } from './floor-log.ts'
import type { FloorRow } from './floor-row.ts'
import { judgePlaces } from './judge-places.ts'
import type { Ticket } from './ticket.ts'

interface SocketData {
  ticket: Ticket
  /** Where the connection comes from; what the public may say counts by it. */
  network: string
  /** Somebody at the door was told how the moderators decided. */
  isAnswered?: boolean
}
/** What one portal says to the others. Whoever misses it finds the same in the database (floor-pulse.ts). */
interface PortalToPortals {
  /** The meeting has events up to this number. */
  news: (meetingId: string, lastSeq: number) => void
  lobby: (meetingId: string, identity: string, admitted: boolean) => void
  close: (meetingId: string) => void
  judge: () => void
}
export type FloorNamespace = Namespace<FloorClientToServer, FloorServerToClient, PortalToPortals, SocketData>
export type FloorSocket = Socket<FloorClientToServer, FloorServerToClient, PortalToPortals, SocketData>

/** Tickets judged by one query. */
const JUDGED_AT_ONCE = 500

export const rooms = {
  all: (meetingId: string) => `all:${meetingId}`,
  participants: (meetingId: string) => `part:${meetingId}`,
  moderators: (meetingId: string) => `mod:${meetingId}`,
  person: (meetingId: string, identity: string) => `one:${meetingId}:${identity}`,
  viewers: (meetingId: string) => `view:${meetingId}`,
  lobby: (meetingId: string, identity: string) => `lobby:${meetingId}:${identity}`,
}

const roomOf: Record<Audience, (meetingId: string) => string> = {
  everyone: rooms.all,
  participants: rooms.participants,
  moderators: rooms.moderators,
}

export class FloorSockets {
  readonly #runtime: Runtime
  readonly #namespace: FloorNamespace
  /** By meeting: number of the last event that its sockets were told, or got when they came. */
  readonly #toldUpTo = new Map<string, number>()

  constructor(runtime: Runtime, namespace: FloorNamespace) {
    this.#runtime = runtime
    this.#namespace = namespace
  }

  /** In the meeting's queue, before the first socket of a meeting joins its rooms. What others here still miss stays to be told. */
  begin(meetingId: string, lastSeq: number): void {
    if (!this.#toldUpTo.has(meetingId)) this.#toldUpTo.set(meetingId, lastSeq)
  }

  /** That have sockets here. */
  get meetingCount(): number {
    return this.#toldUpTo.size
  }

  has(meetingId: string): boolean {
    return this.#toldUpTo.has(meetingId)
  }

  /** Tells the sockets here what they miss up to `lastSeq`. Never rejects. */
  async tellUpTo(meetingId: string, lastSeq: number): Promise<void> {
    const told = this.#toldUpTo.get(meetingId)
    if (told === undefined || told >= lastSeq) return
    await this.#runtime.queues.run(meetingId, () => this.tell(meetingId, [], lastSeq))
  }

  /**
   * In the meeting's queue. Before `rows` comes what others committed, or what the database took and died before it said so.
   * When that cannot be read, all of it stays to be told, and the next pulse or event tells it.
   */
  async tell(meetingId: string, rows: readonly FloorRow[], lastSeq: number): Promise<void> {
    const told = this.#toldUpTo.get(meetingId)
    // Nobody is here, or they have it.
    if (told === undefined || told >= lastSeq) return
    const first = rows[0]?.seq ?? lastSeq + 1
    try {
      const missing = told < first - 1 ? await readRows(this.#runtime.db, meetingId, told + 1, first - 1) : []
      this.#emit(meetingId, missing)
      this.#emit(
        meetingId,
        rows.filter(row => row.seq > told),
      )
      this.#toldUpTo.set(meetingId, lastSeq)
    } catch (error) {
      this.#runtime.log.warn({ meetingId, from: told + 1, err: error }, 'events cannot be read now')
    }
  }

  #emit(meetingId: string, rows: readonly FloorRow[]): void {
    for (const row of rows) {
      const targets = [roomOf[row.audience](meetingId)]
      if (row.identity !== null) targets.push(rooms.person(meetingId, row.identity))
      // Moderators are participants, too; a socket in several of these rooms gets it once.
      this.#namespace.local.to(targets).emit('event', row.event)
    }
  }

  /** Closes all of a meeting that is over. */
  close(meetingId: string): void {
    this.#toldUpTo.delete(meetingId)
    for (const socket of this.#namespace.sockets.values())
      if (socket.data.ticket?.meetingId === meetingId) socket.disconnect(true)
  }

  /** Closes those whose ticket does not hold any more. @param isTouched which tickets are looked at */
  async judge(isTouched: (ticket: Ticket) => boolean = () => true): Promise<void> {
    const sockets = [...this.#namespace.sockets.values()].filter(
      ({ data }) => data.ticket && isTouched(data.ticket),
    )
    for (let from = 0; from < sockets.length; from += JUDGED_AT_ONCE) {
      const some = sockets.slice(from, from + JUDGED_AT_ONCE)
      const faults = await judgePlaces(
        this.#runtime.db,
        some.map(socket => socket.data.ticket),
      )
      for (const [index, socket] of some.entries()) if (faults[index]) socket.disconnect(true)
    }
  }

  /** Meetings in which somebody is connected here. Also forgets those that everybody has left; in its queue, because somebody may be on the way in. */
  meetings(): string[] {
    const here: string[] = []
    for (const id of this.#toldUpTo.keys()) {
      if (this.#namespace.adapter.rooms.has(rooms.all(id))) here.push(id)
      else
        void this.#runtime.queues.run(id, async () => {
          if (!this.#namespace.adapter.rooms.has(rooms.all(id))) this.#toldUpTo.delete(id)
        })
    }
    return here
  }

  /** Those who wait at the door, here. */
  waiting(): { meetingId: string; identity: string }[] {
    return [...this.#namespace.sockets.values()].flatMap(({ data }) =>
      data.ticket?.kind === 'lobby' && !data.isAnswered ? [data.ticket] : [],
    )
  }

  /** Says how the moderators answered, once a socket. @param admitted null: closes it, so that they ask again. */
  answer(meetingId: string, identity: string, admitted: boolean | null): void {
    const ids = this.#namespace.adapter.rooms.get(rooms.lobby(meetingId, identity)) ?? []
    for (const id of ids) {
      const socket = this.#namespace.sockets.get(id)
      if (!socket || socket.data.isAnswered) continue
      if (admitted === null) socket.disconnect(true)
      else {
        socket.data.isAnswered = true
        socket.emit('lobby_result', { admitted })
      }
    }
  }

  viewersOf(meetingId: string): number {
    return this.#namespace.adapter.rooms.get(rooms.viewers(meetingId))?.size ?? 0
  }

  /** How many viewers each meeting has here; without those that have none. */
  viewers(): Record<string, number> {
    const entries = [...this.#toldUpTo.keys()].map(id => [id, this.viewersOf(id)] as const)
    return Object.fromEntries(entries.filter(([, count]) => count > 0))
  }
}
