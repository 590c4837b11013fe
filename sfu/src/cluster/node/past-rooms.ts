/**
 * Rooms that have closed here, for a record that is emptied: it has to end them once more as long as their room_finished was not delivered, and must
 * not open them again afterwards.
 */
import type { RoomId } from '@diemcau/core/ids.ts'
import { type RoomFacts, roomEventId } from '../record/record-types.ts'

/** Whether the end of a room was delivered is told to one node only; the others take it for delivered after so long, ms. */
const DELIVERED_AFTER_MS = 3_600_000
const MOST = 2_000

export class PastRooms {
  readonly #now: () => number
  /** The oldest first, as in `#over`. */
  readonly #closing = new Map<RoomId, { facts: RoomFacts; closedAtMs: number }>()
  readonly #over = new Set<RoomId>()

  /** `now`: the monotonic clock, ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** It is closed here, for this reason. The first one stays. */
  closed(facts: RoomFacts, reason: string): void {
    const { sid } = facts
    if (this.#over.has(sid) || this.#closing.has(sid)) return
    const closeReason = facts.closeReason || reason
    this.#closing.set(sid, { facts: { ...facts, state: 'closing', closeReason }, closedAtMs: this.#now() })
    trim(this.#closing)
  }

  /** Ids of events that were delivered. */
  delivered(ids: readonly string[]): void {
    for (const id of ids) {
      const sid = id.slice(0, id.indexOf(':')) as RoomId
      const there = this.#closing.get(sid)
      if (there && id === roomEventId(sid, 'room_started')) there.facts.isStartDelivered = true
      if (id !== roomEventId(sid, 'room_finished')) continue
      this.#closing.delete(sid)
      this.#over.add(sid)
      trim(this.#over)
    }
  }

  /** Those that have to end once more. */
  closing(): RoomFacts[] {
    for (const [sid, { closedAtMs }] of this.#closing)
      if (this.#now() - closedAtMs > DELIVERED_AFTER_MS) {
        this.#closing.delete(sid)
        this.#over.add(sid)
      }
    trim(this.#over)
    return [...this.#closing.values()].map(({ facts }) => facts)
  }
  /** Those that must not come back. */
  over(): ReadonlySet<RoomId> {
    return this.#over
  }
}

function trim(remembered: Map<RoomId, unknown> | Set<RoomId>): void {
  for (const sid of remembered.keys()) {
    if (remembered.size <= MOST) return
    remembered.delete(sid)
  }
}
