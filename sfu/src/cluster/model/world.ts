/**
 * The world of the model: one line of time, a record that may be away, slow, emptied or rolled back, and ways between nodes that lose nothing
 * while a link stands and everything when it falls. All chance comes from one seed, so that a run can be run again.
 */

import type { RoomId } from '@diemcau/core/ids.ts'
import type { MemberCopies } from '../../room/copies/member-copies.ts'
import type { MemoryState } from '../record/memory-state.ts'
import { MemorySteps } from '../record/memory-steps.ts'
import type { Incarnation, WebhookEntry } from '../record/record-types.ts'
import type { Connection, Facts, LinkMessage, NodeInWorld } from './parts.ts'

/** The record's clock at the beginning. */
const START_MS = 1_700_000_000_000
/** An answer that takes longer is none. */
const ANSWER_MS = 1_000

/** How often is looked at what must always hold, at most. */
const CHECK_MS = 20

type StepCall = (record: MemorySteps) => unknown

type Client = Pick<Connection, 'identity' | 'roomName' | 'tokenFromS'>

/** What looks on (checks.ts). */
interface WorldChecks {
  watch(world: World): void
  always(world: World): void
  forgot(world: World, before: Readonly<MemoryState>): void
  died(world: World, node: NodeInWorld): void
  vacated(sid: RoomId, inst: Incarnation): void
  hidden(inst: Incarnation, by: Incarnation): void
  gaveUp(sid: RoomId, inst: Incarnation, to: Incarnation): void
  placed(isRight: boolean, by: Incarnation): void
  copied(members: MemberCopies<Facts>): void
  delivered(entries: WebhookEntry[]): void
}

export class World {
  nowMs = 0
  readonly record: MemorySteps
  readonly nodes: NodeInWorld[] = []
  readonly checks: WorldChecks
  recordLeapMs = 0
  /** `hung`: it takes calls, and does them when it is back. */
  recordIs: 'there' | 'away' | 'hung' = 'there'
  /** `hasHung`: calls of that time were done when it was back. */
  lastAway = { fromMs: 0, toMs: 0, hasHung: false }
  /** From node to record and back, by slot. */
  readonly cutRecord = new Set<string>()
  /** `1>2`: nothing goes from node 1 to node 2. */
  readonly cutLinks = new Set<string>()
  /** Calls of these nodes take up to 4 s until then. */
  readonly slowUntilMs = new Map<number, number>()
  readonly #queue = new TimeQueue()
  #held: (() => void)[] = []
  readonly #ways = new Map<string, { message: LinkMessage; session: number }[]>()
  #random: number
  /** Clients that were told to come back, and have. */
  cameBack = 0
  #ids = 0
  #checkedAtMs = 0
  /** Which one it is: what is under way to one that is lost, and its answers, are lost with it. */
  #server = 0

  constructor(seed: number, checks: WorldChecks) {
    this.#random = seed | 0
    this.checks = checks
    this.record = new MemorySteps(() => this.recordNow())
    checks.watch(this)
  }

  recordNow(): number {
    return START_MS + this.nowMs + this.recordLeapMs
  }

  /** 0 (incl.) to 1 (excl.): mulberry32. */
  random(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0
    let x = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
  between(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1))
  }
  id<T extends string>(prefix: string): T {
    return `${prefix}${++this.#ids}` as T
  }

  in(ms: number, then: () => void): void {
    this.#queue.push(this.nowMs + ms, then)
  }
  /** Lets so much time pass. */
  run(ms: number): void {
    const until = this.nowMs + ms
    for (let next = this.#queue.popBefore(until); next; next = this.#queue.popBefore(until)) {
      this.nowMs = next.atMs
      next.then()
      if (this.nowMs < this.#checkedAtMs + CHECK_MS) continue
      this.#checkedAtMs = this.nowMs
      this.checks.always(this)
    }
    this.nowMs = until
    // Before the next thing is done to it.
    for (const node of this.nodes) node.noteReach()
  }

  /** One call of a node: `null` when no answer came in time, whether or not it was done. */
  call(slot: number, step: StepCall, answered: (answer: unknown) => void): void {
    let isOpen = true
    const settle = (answer: unknown) => {
      if (!isOpen) return
      isOpen = false
      answered(answer)
    }
    this.in(ANSWER_MS, () => settle(null))
    const server = this.#server
    this.in(this.#delay(slot), () => {
      if (this.recordIs === 'away' || this.cutRecord.has(`${slot}>`)) return
      const run = () => {
        if (server !== this.#server) return
        const answer = step(this.record)
        this.in(this.#delay(slot), () => {
          if (!this.cutRecord.has(`<${slot}`) && server === this.#server) settle(answer)
        })
      }
      if (this.recordIs === 'hung') this.#held.push(run)
      else run()
    })
  }
  #delay(slot: number): number {
    const isSlow = (this.slowUntilMs.get(slot) ?? 0) > this.nowMs
    return isSlow ? this.between(0, 4_000) : this.between(1, 20)
  }

  recordGoes(how: 'away' | 'hung'): void {
    if (this.recordIs === 'there') this.lastAway = { fromMs: this.nowMs, toMs: this.nowMs, hasHung: false }
    this.recordIs = how
    this.lastAway.hasHung ||= how === 'hung'
  }
  recordReturns(): void {
    if (this.recordIs !== 'there') this.lastAway.toMs = this.nowMs
    this.recordIs = 'there'
    for (const run of this.#held.splice(0)) run()
  }
  empty(): void {
    const before = this.record.state
    this.record.empty()
    this.checks.forgot(this, before)
  }
  /** A failover to a server that had not got what was done in the last `ms`: from now on until then it is lost. */
  failOver(ms: number): void {
    const before: MemoryState = this.record.snapshot()
    this.in(ms, () => {
      const lost = this.record.state
      this.record.rollBack(before)
      this.#server++
      this.checks.forgot(this, lost)
    })
  }

  /** A client told to come back: it tries some node, again and again, which hands it on to one that takes newcomers. */
  comeBack(client: Client, tries = 8): void {
    this.in(this.between(100, 1_500), () => {
      const doing = this.nodes.filter(node => node.isDoing())
      const entry = doing[this.between(0, Math.max(0, doing.length - 1))]
      const place = entry?.placeOf(client.roomName)
      if (place?.isDoing()) {
        this.cameBack++
        place.join(client)
      } else if (tries > 0) this.comeBack(client, tries - 1)
    })
  }

  /** In order of sending, for the link of that session; held back while the way is cut, as TCP does. */
  send(from: number, to: number, session: number, message: LinkMessage): void {
    const way = `${from}>${to}`
    const waiting = this.#ways.get(way) ?? []
    this.#ways.set(way, waiting)
    waiting.push({ message, session })
    if (waiting.length === 1) this.#deliverSoon(from, to, way)
  }
  #deliverSoon(from: number, to: number, way: string): void {
    this.in(this.between(1, 15), () => {
      if (this.cutLinks.has(way)) return
      const next = this.#ways.get(way)!.shift()
      if (!next) return
      if (this.#ways.get(way)!.length > 0) this.#deliverSoon(from, to, way)
      this.nodes[to]!.receive(from, next.session, next.message)
    })
  }
  mendLink(from: number, to: number): void {
    const way = `${from}>${to}`
    if (!this.cutLinks.delete(way)) return
    if ((this.#ways.get(way)?.length ?? 0) > 0) this.#deliverSoon(from, to, way)
  }

  nodeOf(inst: Incarnation): NodeInWorld | undefined {
    return this.nodes.find(node => node.inst === inst)
  }
}

/** What is to come, earliest first, of equals in the order they were put in. */
class TimeQueue {
  readonly #heap: { atMs: number; order: number; then: () => void }[] = []
  #order = 0

  push(atMs: number, then: () => void): void {
    const heap = this.#heap
    heap.push({ atMs, order: ++this.#order, then })
    for (let i = heap.length - 1; i > 0; ) {
      const up = (i - 1) >> 1
      if (!this.#isBefore(i, up)) break
      this.#swap(i, up)
      i = up
    }
  }

  popBefore(untilMs: number): { atMs: number; then: () => void } | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (!first || first.atMs > untilMs) return undefined
    const last = heap.pop()!
    if (heap.length > 0) {
      heap[0] = last
      for (let i = 0; ; ) {
        const left = 2 * i + 1
        let least = i
        for (const child of [left, left + 1])
          if (child < heap.length && this.#isBefore(child, least)) least = child
        if (least === i) break
        this.#swap(i, least)
        i = least
      }
    }
    return first
  }

  #isBefore(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a]!, this.#heap[b]!]
    return x.atMs < y.atMs || (x.atMs === y.atMs && x.order < y.order)
  }
  #swap(a: number, b: number): void {
    const x = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = x
  }
}
