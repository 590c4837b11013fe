/**
 * Who is in a room on other nodes at this moment, for answers of the API: what it has acknowledged at one node is seen at every other. Copies are
 * as old as the way between two nodes is long, and the end of a member may be overtaken by an answer.
 */
import type { Room } from '../../room/room.ts'
import type { Incarnation } from '../links/node-links.ts'
import type { RecordSteps } from '../node/record-steps.ts'
import type { PeerAsking } from './peer-asking.ts'
import { membersHeld } from './room-calls.ts'

/** How long the others are waited for, ms. Of one that does not say, its members are taken to be those that are known here. */
const PRESENT_MS = 500

export class PresentElsewhere {
  readonly #steps: RecordSteps
  readonly #peers: PeerAsking

  constructor(steps: RecordSteps, peers: PeerAsking) {
    this.#steps = steps
    this.#peers = peers
  }

  /** By node, the sids of those it has in the room, whose newest facts are here by then. Without the nodes that do not say. Never throws. */
  async of(room: Room): Promise<ReadonlyMap<Incarnation, ReadonlySet<string>>> {
    const nodes = new Set(room.remote.list().map(({ node }) => node))
    for (const node of await this.#nodesOf(room)) nodes.add(node)
    const linked = this.#peers.linked().filter(node => nodes.has(node))
    const held = new Map<Incarnation, ReadonlySet<string>>()
    await Promise.allSettled(
      linked.map(async node => {
        const { name, id: sid } = room
        const sids = await this.#peers.ask(node, membersHeld, { name, sid }, PRESENT_MS)
        held.set(node, new Set(sids))
      }),
    )
    return held
  }

  /** One of them may have come in just now, and nobody of it be known here. */
  async #nodesOf({ id, name }: Room): Promise<Incarnation[]> {
    try {
      const { room } = await this.#steps.ask(() => this.#steps.record.roomByName(name))
      return room?.sid === id ? room.nodes : []
    } catch {
      // Those that are known here answer without the record.
      return []
    }
  }
}
