/**
 * A node of the model: it starts, beats, links to its peers, is drained, dies, is buried and starts anew. What it does in rooms is in model-rooms.ts,
 * how it runs in model-process.ts.
 */
import { BeatWatch } from '../claim/beat-watch.ts'
import { newcomerTo } from '../claim/newcomer-place.ts'
import { Sureness, Vouches } from '../claim/sureness.ts'
import { UnheardNodes } from '../claim/unheard-nodes.ts'
import type { MemorySteps } from '../record/memory-steps.ts'
import type { Answer, Stamp } from '../record/record-calls.ts'
import type { Incarnation } from '../record/record-types.ts'
import { ModelProcess } from './model-process.ts'
import { ModelRooms } from './model-rooms.ts'
import type { Connection, Flow, Host, LinkMessage, NodeInWorld } from './parts.ts'
import type { World } from './world.ts'

const LINK_SILENT_MS = 2_000
const TICK_MS = 500
const UNHEARD_MS = 5_000
/** Without an answer for so long the record is not reached. */
const RECORD_SILENT_MS = 2_000
/** Between two that are told to come back. */
const AWAY_MS = 50
/** A node that stops tells what it owes for so long. */
const GRACE_MS = 5_000

export class ModelNode extends ModelProcess implements NodeInWorld, Host {
  inst: Incarnation
  isDraining = false
  era = ''
  rooms: ModelRooms
  readonly links = new Map<number, { session: number; inst: Incarnation; heardAtMs: number }>()
  /** Links that were asked for, and whose other end may not know yet that they are there. */
  readonly #halfLinks = new Map<number, { session: number; inst: Incarnation }>()
  /** When a word of that incarnation came last. */
  readonly heardAtMs = new Map<Incarnation, number>()
  /** All that are not buried, as far as it was told. */
  readonly #peers = new Set<Incarnation>()
  #unheard: UnheardNodes
  #answeredAtMs = 0
  /** Those it knows to be buried. */
  readonly dead = new Set<Incarnation>()
  sureness = new Sureness()
  #watch = new BeatWatch()
  #offsetMs = 0
  #vouches = new Vouches()
  #isRestoring = false
  #latestEra = ''
  #hello = 0
  #lastBeatAtMs = 0

  constructor(world: World, slot: number) {
    super(world, slot)
    this.inst = world.id('ND_')
    this.rooms = new ModelRooms(this)
    this.#unheard = this.#makeUnheard()
  }
  #makeUnheard(): UnheardNodes {
    return new UnheardNodes({
      unheardAfterMs: UNHEARD_MS,
      hide: inst => this.rooms.hide(inst),
      split: (inst, asked) => this.flow(this.rooms.splitting(inst, asked)),
      after: (ms, then) => {
        let isOff = false
        this.flow(later(ms, () => isOff || then()))
        return () => {
          isOff = true
        }
      },
    })
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
    return this.era === this.world.record.stamp().era.id
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

  start(): void {
    if (this.isUp) return
    this.beginLife()
    this.inst = this.world.id('ND_')
    this.era = ''
    this.#isRestoring = false
    this.#offsetMs = this.world.recordNow() - this.world.nowMs + this.wallLeapMs - this.world.recordLeapMs
    this.isDraining = false
    this.links.clear()
    this.sureness = new Sureness()
    this.#watch = new BeatWatch()
    this.#vouches = new Vouches()
    this.rooms = new ModelRooms(this)
    this.flow(this.#boot())
  }
  /** Killed: nothing of it is left but its clients. */
  crash(): void {
    if (this.isUp) this.world.checks.died(this.world, this)
    this.endLife()
    this.links.clear()
    this.#halfLinks.clear()
    this.heardAtMs.clear()
    this.#peers.clear()
    this.#unheard = this.#makeUnheard()
    this.dead.clear()
    this.rooms = new ModelRooms(this)
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
        this.#answeredAtMs = this.world.nowMs
        for (const inst of answer.value.counts.keys())
          if (inst !== this.inst && !this.dead.has(inst)) this.#peers.add(inst)
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
    this.#peers.delete(dead)
    this.#hear(dead)
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

  // Newcomers and leaving -----------------------------------------------------------------------------------------

  /** The node that serves a newcomer who has come to this one: null when he has to come again. */
  placeOf(roomName: string, isChoosy = true): NodeInWorld | null {
    const others = [...this.links.values()].flatMap(({ inst }) => {
      const peer = this.world.nodeOf(inst)
      const load = JSON.stringify({ people: peer?.rooms.connections.size })
      return peer?.isDoing() ? [[inst, { isDraining: peer.isDraining, signal: 'there', load }] as const] : []
    })
    const place = newcomerTo({
      isDraining: this.isDraining,
      refuges: this.rooms.refuges(roomName),
      reachesRecord: !isChoosy || this.world.nowMs - this.#answeredAtMs < RECORD_SILENT_MS,
      others: new Map(others),
    })
    const node = place ? (this.world.nodeOf(place) ?? null) : this
    const isElsewhere = others.some(([, { isDraining }]) => !isDraining)
    const isUnfit = this.isDraining || this.rooms.refuges(roomName) !== undefined
    this.world.checks.placed(!(node === this && isUnfit && isElsewhere), this.inst)
    return node?.refuges(roomName) ? null : node
  }
  refuges(roomName: string): ReadonlySet<Incarnation> | undefined {
    return this.rooms.refuges(roomName)
  }
  join({ roomName, identity, tokenFromS }: Pick<Connection, 'identity' | 'roomName' | 'tokenFromS'>): void {
    this.rooms.join(roomName, identity, tokenFromS)
  }

  /** Everybody is told to come back, as long as there is somewhere to go; then it ends, and is started again. */
  *drain(): Flow {
    if (this.isDraining) return
    this.isDraining = true
    const areOthers = () =>
      [...this.links.values()].some(({ inst }) => this.world.nodeOf(inst)?.isDraining === false)
    while (areOthers() && this.rooms.sendOneAway()) yield { sleepMs: AWAY_MS }
    for (const connection of this.rooms.connections) this.rooms.end(connection, 'node_stopping')
    const until = this.world.nowMs + GRACE_MS
    while (this.rooms.connections.size > 0 && this.world.nowMs < until) yield { sleepMs: AWAY_MS }
    this.world.in(1_000, () => this.start())
    this.crash()
  }

  // Restoring ---------------------------------------------------------------------------------------------------

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
      for (const inst of this.#peers) if (!this.isLinkedTo(inst)) this.#unheard.add(inst)
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

  #linked(slot: number, { session, inst }: { session: number; inst: Incarnation }): void {
    this.#halfLinks.delete(slot)
    this.links.set(slot, { session, inst, heardAtMs: this.world.nowMs })
    this.#peers.add(inst)
    this.#hear(inst)
    this.rooms.linked(inst)
  }
  #hear(inst: Incarnation): void {
    this.#unheard.remove(inst)
    this.rooms.heard(inst)
  }
  isUnheard(inst: Incarnation): boolean {
    return this.#unheard.has(inst)
  }

  send(to: number, message: LinkMessage): void {
    const link = this.links.get(to)
    if (link) this.world.send(this.slot, to, link.session, message)
  }
  sendTo(inst: Incarnation, message: LinkMessage): void {
    for (const [slot, link] of this.links) if (link.inst === inst) this.send(slot, message)
  }

  receive(from: number, session: number, message: LinkMessage): void {
    this.take(() => this.#handle(from, session, message))
  }
  #handle(from: number, session: number, message: LinkMessage): void {
    if (message.type === 'hello' || message.type === 'welcome') {
      const isOld = (this.links.get(from)?.session ?? 0) >= session
      if (this.dead.has(message.inst) || isOld) return
      const { inst } = message
      if (message.type === 'hello') {
        this.#halfLinks.set(from, { session, inst })
        this.world.send(this.slot, from, session, { type: 'welcome', inst: this.inst, to: inst })
      } else if (message.to === this.inst) {
        this.#linked(from, { session, inst })
        this.send(from, { type: 'ping', asked: this.instant })
      }
      return
    }
    const half = this.#halfLinks.get(from)
    // Nothing goes over a link one end of which does not know of it.
    if (half?.session === session && !this.dead.has(half.inst)) this.#linked(from, half)
    const link = this.links.get(from)
    if (link?.session !== session) return
    link.heardAtMs = this.world.nowMs
    this.heardAtMs.set(link.inst, this.world.nowMs)
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

function* later(ms: number, then: () => void): Flow {
  yield { sleepMs: ms }
  then()
}
