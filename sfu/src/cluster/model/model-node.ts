/**
 * A node of the model: it starts, beats, links to its peers, is paused, dies, is buried and starts anew. What it does in rooms is in
 * model-rooms.ts. Its flows are generators: they wait for the record or for time, stop where the process is killed, and go on late where it is paused.
 */
import { BeatWatch } from '../claim/beat-watch.ts'
import { type Instant, Sureness, Vouches } from '../claim/sureness.ts'
import type { MemorySteps } from '../record/memory-steps.ts'
import type { Answer, Stamp } from '../record/record-calls.ts'
import type { Incarnation } from '../record/record-types.ts'
import { ModelRooms } from './model-rooms.ts'
import type { Flow, Host, LinkMessage, NodeInWorld } from './parts.ts'
import type { World } from './world.ts'

const LINK_SILENT_MS = 2_000
const TICK_MS = 500

export class ModelNode implements NodeInWorld, Host {
  readonly world: World
  readonly slot: number
  inst: Incarnation
  isUp = false
  isPaused = false
  wallLeapMs = 0
  era = ''
  rooms: ModelRooms
  readonly links = new Map<number, { session: number; inst: Incarnation; heardAtMs: number }>()
  /** Those it knows to be buried. */
  readonly dead = new Set<Incarnation>()
  sureness = new Sureness()
  #watch = new BeatWatch()
  /** Which life of the process: flows of an earlier one do not go on. */
  #life = 0
  #pending: (() => void)[] = []
  #offsetMs = 0
  #vouches = new Vouches()
  #isRestoring = false
  /** After a reconnect nothing is asked before what is remembered was put back. */
  #mustRestore = false
  #latestEra = ''
  #hello = 0
  #lastBeatAtMs = 0

  constructor(world: World, slot: number) {
    this.world = world
    this.slot = slot
    this.inst = world.id('ND_')
    this.rooms = new ModelRooms(this)
  }

  get monotonicMs(): number {
    return this.world.nowMs
  }
  get instant(): Instant {
    return { monotonicMs: this.monotonicMs, wallMs: this.world.nowMs + this.wallLeapMs }
  }
  /** The record's time as far as this node knows. */
  recordNow(): number {
    return this.world.nowMs + this.#offsetMs
  }
  isSure(): boolean {
    return this.isUp && this.sureness.isSure(this.instant)
  }
  /** What it remembers is in the record. */
  hasRestored(): boolean {
    return this.era === this.world.record.stamp().era.id && !this.#mustRestore
  }
  reachesRecordSinceMs = 0
  /** Called after each event. */
  noteReach(): void {
    const { world, slot } = this
    const isCut = world.cutRecord.has(`${slot}>`) || world.cutRecord.has(`<${slot}`)
    const isSlow = (world.slowUntilMs.get(slot) ?? 0) > world.nowMs
    const reaches = this.isDoing() && world.recordIs === 'there' && !isCut && !isSlow && this.hasRestored()
    if (!reaches) this.reachesRecordSinceMs = world.nowMs
  }
  isLinkedTo(inst: Incarnation): boolean {
    return [...this.links.values()].some(link => link.inst === inst)
  }
  isDoing(): boolean {
    return this.isUp && !this.isPaused
  }

  start(): void {
    if (this.isUp) return
    this.#life++
    this.isUp = true
    this.inst = this.world.id('ND_')
    this.era = ''
    this.#mustRestore = false
    this.#isRestoring = false
    this.#offsetMs = this.world.recordNow() - this.world.nowMs + this.wallLeapMs - this.world.recordLeapMs
    this.links.clear()
    this.sureness = new Sureness()
    this.#watch = new BeatWatch()
    this.#vouches = new Vouches()
    this.rooms = new ModelRooms(this)
    this.flow(this.#boot())
  }
  /** Killed: nothing of it is left but its clients. */
  crash(): void {
    this.isUp = false
    this.isPaused = false
    this.#pending = []
    this.#life++
    this.links.clear()
    this.dead.clear()
    this.rooms = new ModelRooms(this)
  }
  pause(): void {
    if (this.isUp) this.isPaused = true
  }
  /** All that came meanwhile comes now. */
  wake(): void {
    this.isPaused = false
    for (const then of this.#pending.splice(0)) this.#whenAwake(then)
  }
  #whenAwake(then: () => void): void {
    if (this.isPaused) this.#pending.push(then)
    else then()
  }

  /** Runs until it ends, or this process does. */
  flow(steps: Flow<unknown>): void {
    const life = this.#life
    const go = (given?: unknown) => {
      this.#whenAwake(() => {
        if (life !== this.#life) return
        const { value: wait, done } = steps.next(given)
        if (done || life !== this.#life) return
        if ('sleepMs' in wait) this.world.in(wait.sleepMs, go)
        else this.world.call(this.slot, wait.step, go)
      })
    }
    go()
  }

  /** One call; null: no answer in time. The caller's time, era and burial are looked at. */
  *ask<A extends Stamp>(step: (record: MemorySteps) => A): Flow<A | null> {
    const answer = (yield { step }) as A | null
    if (answer === null) return null
    this.#offsetMs = answer.atMs - this.world.nowMs
    if ('outcome' in answer && answer.outcome === 'buried') {
      this.#buried()
      // The life is over: this never goes on.
      yield { sleepMs: 0 }
    }
    if (answer.era.id !== '') this.#latestEra = answer.era.id
    if (answer.era.id !== '' && answer.era.id !== this.era) this.restoreSoon()
    return answer
  }

  /** One call of somebody who has restored. */
  *askInEra<T>(
    step: (record: MemorySteps, call: { inst: Incarnation; era: string; deadlineMs: number }) => Answer<T>,
    deadlineMs = this.recordNow() + 2_000,
  ): Flow<Answer<T> | null> {
    while (this.#mustRestore) yield { sleepMs: 50 }
    const call = { inst: this.inst, era: this.era, deadlineMs }
    return yield* this.ask(record => step(record, call))
  }

  /** Until it is done. Everything asked so may be repeated. */
  *insist<T>(
    step: (record: MemorySteps, call: { inst: Incarnation; era: string; deadlineMs: number }) => Answer<T>,
  ): Flow<T> {
    for (;;) {
      const answer = yield* this.askInEra(step)
      if (answer?.outcome === 'done') return answer.value
      yield { sleepMs: 200 }
    }
  }

  *#boot(): Flow {
    for (;;) {
      const host = `host-${this.slot}`
      const asked = { inst: this.inst, deadlineMs: this.recordNow() + 2_000, host, facts: '' }
      const answer = yield* this.ask(record => record.hello(asked))
      if (answer?.outcome === 'done') {
        // Nothing is remembered yet.
        if (this.era === '') this.era = answer.era.id
        this.#mustRestore = false
        if (answer.value.buried) this.burial(answer.value.buried)
        break
      }
      yield { sleepMs: 300 }
    }
    this.flow(this.#beats())
    this.flow(this.#linking())
    this.rooms.start()
  }

  *#beats(): Flow {
    for (;;) {
      const asked = this.instant
      const heard = [...this.links.entries()].filter(([, link]) => link.heardAtMs > this.#lastBeatAtMs)
      this.#lastBeatAtMs = this.world.nowMs
      const call = {
        inst: this.inst,
        deadlineMs: this.recordNow() + 1_000,
        host: `host-${this.slot}`,
        facts: '',
        load: '',
        heard: heard.map(([, { inst }]) => inst),
      }
      const answer = yield* this.ask(record => record.beat(call))
      if (answer?.outcome === 'done') {
        // While it waits, the record may yet be told that somebody is buried.
        if (answer.atMs >= answer.era.openFromMs) {
          this.sureness.counted(asked)
          this.#vouches.counted(asked.monotonicMs, call.heard, answer.value.counts)
        }
        const known = [...[...this.links.values()].map(({ inst }) => inst), ...this.rooms.owners()]
        const counted = { era: answer.era.id, counts: answer.value.counts, heard: call.heard, known }
        const { buried, overdue } = this.#watch.note(counted, this.monotonicMs)
        for (const inst of buried) this.burial(inst)
        for (const { inst, count } of overdue)
          if (inst !== this.inst && !this.dead.has(inst)) this.flow(this.#bury(inst, count))
      }
      yield { sleepMs: Math.max(0, asked.monotonicMs + TICK_MS - this.monotonicMs) }
    }
  }

  *#bury(dead: Incarnation, count: number): Flow {
    const answer = yield* this.askInEra((record, call) => record.bury({ ...call, dead, count }))
    if (answer?.outcome === 'done' && answer.value !== 'alive') this.burial(dead)
  }

  /** A fact, whoever says it. Its endings are told by whoever comes first. */
  burial(dead: Incarnation): void {
    if (dead === this.inst) this.#buried()
    if (this.dead.has(dead) || dead === this.inst) return
    this.dead.add(dead)
    for (const [slot, { inst }] of this.links) if (inst === dead) this.links.delete(slot)
    this.rooms.burial(dead)
  }
  /** This incarnation counts no more: its clients are told to come back, and it begins anew. */
  #buried(): void {
    if (!this.isUp) return
    const dead = [...this.dead]
    this.crash()
    for (const inst of dead) this.dead.add(inst)
    this.start()
  }

  // Restoring ---------------------------------------------------------------------------------------------------

  handleReconnect(): void {
    if (!this.isUp) return
    this.#mustRestore = true
    this.restoreSoon()
  }
  restoreSoon(): void {
    if (this.#isRestoring || this.era === '') return
    this.#isRestoring = true
    this.flow(this.#restore())
  }
  *#restore(): Flow {
    for (;;) {
      const era = this.#latestEra || this.era
      const call = { inst: this.inst, era, deadlineMs: this.recordNow() + 2_000, ...this.rooms.memory() }
      const answer = yield* this.ask(record => record.restore(call))
      if (answer?.outcome === 'done') {
        this.era = era
        this.#mustRestore = false
        this.#isRestoring = false
        this.rooms.restored(answer.value)
        return
      }
      yield { sleepMs: 200 }
    }
  }

  // Links -------------------------------------------------------------------------------------------------------

  *#linking(): Flow {
    for (;;) {
      for (const [slot, { heardAtMs }] of this.links)
        if (this.world.nowMs - heardAtMs > LINK_SILENT_MS) this.links.delete(slot)
      for (const peer of this.world.nodes) {
        if (peer.slot === this.slot) continue
        if (this.links.has(peer.slot)) this.send(peer.slot, { type: 'ping', asked: this.instant })
        else if (this.slot < peer.slot) {
          this.#hello = Number(this.world.id(''))
          this.world.send(this.slot, peer.slot, this.#hello, { type: 'hello', inst: this.inst })
        }
      }
      yield { sleepMs: TICK_MS }
    }
  }

  send(to: number, message: LinkMessage): void {
    const link = this.links.get(to)
    if (link) this.world.send(this.slot, to, link.session, message)
  }
  sendTo(inst: Incarnation, message: LinkMessage): void {
    for (const [slot, link] of this.links) if (link.inst === inst) this.send(slot, message)
  }

  receive(from: number, session: number, message: LinkMessage): void {
    if (!this.isUp) return
    const life = this.#life
    this.#whenAwake(() => {
      if (life === this.#life) this.#handle(from, session, message)
    })
  }
  #handle(from: number, session: number, message: LinkMessage): void {
    if (message.type === 'hello' || message.type === 'welcome') {
      const isOld = (this.links.get(from)?.session ?? 0) >= session
      if (this.dead.has(message.inst) || isOld) return
      if (message.type === 'welcome' && message.to !== this.inst) return
      this.links.set(from, { session, inst: message.inst, heardAtMs: this.world.nowMs })
      if (message.type === 'hello') this.send(from, { type: 'welcome', inst: this.inst, to: message.inst })
      this.rooms.linked(message.inst)
      return
    }
    const link = this.links.get(from)
    if (link?.session !== session) return
    link.heardAtMs = this.world.nowMs
    if (message.type === 'ping') {
      const vouchedMs = this.#vouches.ageMs(link.inst, this.monotonicMs)
      this.send(from, { type: 'pong', asked: message.asked, vouchedMs })
    } else if (message.type === 'pong') {
      const { asked, vouchedMs } = message
      if (vouchedMs === null) return
      const { monotonicMs, wallMs } = asked
      this.sureness.counted({ monotonicMs: monotonicMs - vouchedMs, wallMs: wallMs - vouchedMs })
    } else this.rooms.receive(link.inst, message)
  }
}
