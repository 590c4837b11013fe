/**
 * The record in memory, each step one synchronous call: what the record of tests and of a single node (memory-record.ts) is made of, and what
 * the model drives.
 */
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import { REMEMBERED_MS } from './cluster-record.ts'
import * as endings from './memory-endings.ts'
import * as nodes from './memory-nodes.ts'
import * as reading from './memory-reading.ts'
import * as restoring from './memory-restore.ts'
import * as rooms from './memory-rooms.ts'
import { emptyState, type MemoryState, type Moment } from './memory-state.ts'
import type { Answer, Call, EraCall, Hello, Refusal, Restore, Stamp } from './record-calls.ts'
import type { InboxEntry, Incarnation } from './record-types.ts'

/** A step with the caller looked at first. */
type Step<C extends Call, T> = (call: C) => Answer<T>

export class MemorySteps {
  readonly #now: () => number
  readonly #onMail: (inst: Incarnation) => void
  #state = emptyState()
  #lastId = 0

  /** `now`: the record's own clock, milliseconds since the epoch; it may leap. */
  constructor(now: () => number, onMail: (inst: Incarnation) => void = () => {}) {
    this.#now = now
    this.#onMail = onMail
  }

  // Taken in any era, also while waiting.
  readonly hello = this.#step<Hello, ReturnType<typeof nodes.hello>>(nodes.hello, () => null)
  readonly beat = this.#step(nodes.beat, () => null)
  readonly restore = this.#step(restoring.restore, (call: Restore, { state }) =>
    call.era === state.era?.id ? null : 'new_era',
  )
  // Only by whoever has restored in this era, and not while waiting.
  readonly bury = this.#eraStep(nodes.bury)
  readonly inherit = this.#eraStep(nodes.inherit)
  readonly split = this.#eraStep(nodes.split)
  readonly open = this.#eraStep(rooms.open)
  readonly join = this.#eraStep(rooms.join)
  readonly release = this.#eraStep(rooms.release)
  readonly keep = this.#eraStep(rooms.keep)
  readonly change = this.#eraStep(rooms.change)
  readonly revoke = this.#eraStep(rooms.revoke)
  readonly enter = this.#eraStep(rooms.enter)
  readonly exit = this.#eraStep(rooms.exit)
  readonly emit = this.#eraStep(endings.emit)
  readonly told = this.#eraStep(endings.told)
  readonly closeRoom = this.#eraStep(endings.closeRoom)
  readonly sweep = this.#eraStep((at: Moment, call: EraCall) => {
    forget(at)
    return endings.sweep(at, call)
  })
  readonly takeDelivery = this.#eraStep(reading.takeDelivery)
  readonly delivered = this.#eraStep(reading.delivered)

  roomByName(name: string) {
    return { ...this.stamp(), room: reading.roomByName(this.#at(), name) }
  }
  roomBySid(sid: RoomId) {
    return { ...this.stamp(), ...reading.roomBySid(this.#at(), sid) }
  }
  openRooms(afterName: string | null) {
    return { ...this.stamp(), rooms: reading.openRooms(this.#at(), afterName) }
  }
  claims(sid: RoomId) {
    return { ...this.stamp(), claims: reading.claims(this.#at(), sid) }
  }
  owed(inst: Incarnation, psid?: ParticipantId) {
    return { ...this.stamp(), owed: reading.owed(this.#at(), inst, psid) }
  }
  nodes() {
    return { ...this.stamp(), nodes: reading.nodes(this.#at()) }
  }
  undelivered(): string[] {
    return reading.undelivered(this.#at())
  }
  nextEvents(roomName: string, limit: number, afterEntryId?: string) {
    return reading.nextEvents(this.#at(), roomName, limit, afterEntryId)
  }
  inbox(inst: Incarnation, afterId: string, limit: number): InboxEntry[] {
    const after = Number(afterId)
    const inbox = this.#state.inboxes.get(inst) ?? []
    return inbox.filter(({ id }) => Number(id) > after).slice(0, limit)
  }

  stamp(): Stamp {
    const { era } = this.#state
    return { atMs: this.#now(), era: era ? { ...era } : { id: '', openFromMs: 0 } }
  }

  /** A first era with nothing to restore: where the record lives and dies with its only process. */
  begin(): void {
    this.#state.era ??= { id: `era-${this.#now()}`, openFromMs: this.#now() }
  }
  /** Everything is forgotten, as by a Redis that starts empty. */
  empty(): void {
    this.#state = emptyState()
  }
  /** What there is now, to be put back by `rollBack` as by a failover to a server that had not got all. */
  snapshot(): MemoryState {
    return structuredClone(this.#state)
  }
  rollBack(to: MemoryState): void {
    this.#state = structuredClone(to)
    // An era belongs to one life of one server: what is missing here nobody can see, so all put back what they remember.
    this.#state.era = null
  }
  /** For invariants and figures; not to be changed. */
  get state(): Readonly<MemoryState> {
    return this.#state
  }

  #at(): Moment {
    return {
      state: this.#state,
      nowMs: this.#now(),
      nextId: () => String(++this.#lastId),
      onMail: this.#onMail,
    }
  }

  #step<C extends Call, T>(
    step: (at: Moment, call: C) => T,
    refusal: (call: C, at: Moment) => Refusal | null,
  ): Step<C, T> {
    return call => {
      const at = this.#at()
      const refused = this.#refusal(call, at) ?? refusal(call, at)
      if (refused) return { ...this.stamp(), outcome: refused }
      const value = step(at, call)
      return { ...this.stamp(), outcome: 'done', value }
    }
  }

  #eraStep<C extends object, T>(step: (at: Moment, call: C & EraCall) => T): Step<C & EraCall, T> {
    return this.#step(step, (call, { state, nowMs }) => {
      if (call.era !== state.era?.id) return 'new_era'
      return nowMs < state.era.openFromMs ? 'waiting' : null
    })
  }

  #refusal({ inst, deadlineMs }: Call, { state, nowMs }: Moment): Refusal | null {
    if (nowMs > deadlineMs) return 'late'
    return state.dead.has(inst) ? 'buried' : null
  }
}

/** What Redis forgets by itself. */
function forget({ state, nowMs }: Moment): void {
  for (const [inst, atMs] of state.dead) if (nowMs - atMs > REMEMBERED_MS) state.dead.delete(inst)
  for (const [sid, atMs] of state.over)
    if (nowMs - atMs > REMEMBERED_MS) {
      state.over.delete(sid)
      state.told.delete(sid)
    }
  for (const [key, { untilMs }] of state.splits) if (untilMs <= nowMs) state.splits.delete(key)
}
