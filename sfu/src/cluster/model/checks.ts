/** What must hold, looked at from outside: after each step of the record, after each event of the world, and when all is calm. */
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import type { MemberCopies } from '../../room/copies/member-copies.ts'
import * as claims from '../claim/claim-state.ts'
import { BURIED_AFTER_MS } from '../claim/sureness.ts'
import type { MemoryState } from '../record/memory-state.ts'
import type { MemorySteps } from '../record/memory-steps.ts'
import type { Answer, EraCall, Join, JoinAnswer } from '../record/record-calls.ts'
import type { Claim, Incarnation, KeptFacts, Revocation, WebhookEntry } from '../record/record-types.ts'
import { ApartChecks, type SplitCall } from './apart-checks.ts'
import { assertThat } from './broken.ts'
import { Excuses } from './excuses.ts'
import { type Facts, MOST_PEOPLE, type NodeInWorld } from './parts.ts'
import type { World } from './world.ts'

const STEPS = [
  ...[
    'hello',
    'beat',
    'restore',
    'bury',
    'inherit',
    'split',
    'open',
    'join',
    'release',
    'keep',
    'change',
    'revoke',
  ],
  ...['enter', 'exit', 'emit', 'told', 'closeRoom', 'sweep', 'takeDelivery', 'delivered'],
] as (keyof MemorySteps)[]

/** Nodes that reach the record, and have for so long, know of the newest claims: a call that was lost before takes a second. */
const AGREED_MS = 1_500

type BuryCall = EraCall & { dead: Incarnation; count: number }
/** Of a record that was away for so long nothing that was asked before is done any more, and all who count had no answer for longer than GAP_MS. */
const LONG_AWAY_MS = 5_000

interface Acknowledged {
  inst: Incarnation
  atMs: number
}

export class Checks {
  /** Epochs given in each room, and to whom. */
  readonly #epochs = new Map<RoomId, Map<number, ParticipantId>>()
  readonly #dead = new Set<Incarnation>()
  readonly #lateBurials = new Set<Incarnation>()
  readonly #versions = new WeakMap<MemberCopies<Facts>, Map<string, { epoch: number; version: number }>>()
  /** As they were after the last step. */
  readonly #claims = new Map<RoomId, Map<string, Claim>>()
  /** By room, in the order of their first delivery. */
  readonly stories = new Map<RoomId, string[]>()
  /** By id: the place in the stream it came from. */
  readonly #deliveredIds = new Map<string, string>()
  /** What was acknowledged, and by whom: it holds while the record or that node remembers it. */
  readonly #closed = new Map<RoomId, Acknowledged>()
  readonly #revoked: (Acknowledged & Revocation)[] = []
  readonly #kept = new Map<string, Acknowledged & { rev: number }>()
  /** The record has forgotten something in this run; the last time. */
  #forgotAtMs = Number.NEGATIVE_INFINITY
  /** The newest claim granted, by room and identity. */
  readonly #newest = new Map<string, { epoch: number; atMs: number }>()
  #over = new Set<RoomId>()
  get figures() {
    return { granted: this.#granted, ...this.#apart.figures }
  }
  get #hasForgotten(): boolean {
    return this.#forgotAtMs >= 0
  }
  #world: World | undefined
  readonly excuses = new Excuses()
  readonly #apart = new ApartChecks()
  #granted = 0

  /** Looks at each step of the record. */
  watch(world: World): void {
    this.#world = world
    const record = world.record as unknown as Record<string, (call: EraCall) => Answer<unknown>>
    for (const name of STEPS) {
      const step = record[name]!
      record[name] = call => {
        const { state } = world.record
        const wasDead = state.dead.has(call.inst)
        const seat = name === 'join' ? this.#seatOf(world, call as Join) : undefined
        const countOf = (inst: Incarnation) => state.nodes.get(inst)?.count ?? 0
        const { dead, count } = call as BuryCall
        const counted = name === 'bury' ? countOf(dead) : 0
        const answer = step(call)
        if (answer.outcome === 'done') {
          assertThat(
            name !== 'bury' || answer.value !== 'buried_now' || counted === count,
            () => `2: ${dead} was buried, and had been counted since that was asked`,
          )
          if (name === 'bury' && answer.value === 'buried_now') this.#buried(world, dead)
          assertThat(!wasDead, () => `2: ${name} of the buried ${call.inst} was done`)
          assertThat(world.recordNow() <= call.deadlineMs, () => `11: ${name} was done after its deadline`)
          if (name === 'split') {
            const { loser } = answer.value as { loser: Incarnation }
            this.#apart.split(world, call as SplitCall, loser)
          }
          if (name === 'join') this.#joined(world, call as Join, answer.value as JoinAnswer, seat)
        }
        this.#after(world, name)
        this.#seats(world, call.inst, name)
        return answer
      }
    }
  }
  /** The first one back after the record was away for all does not bury the others: they have had no time to be counted. */
  #buried({ nowMs, lastAway: { fromMs, toMs, hasHung } }: World, dead: Incarnation): void {
    assertThat(
      hasHung || toMs - fromMs < LONG_AWAY_MS || nowMs - toMs >= BURIED_AFTER_MS,
      () => `2: ${dead} was buried ${nowMs - toMs} ms after the record was back`,
    )
  }
  #seatOf({ record: { state } }: World, { roomName, identity }: Join): ParticipantId | null {
    const room = state.rooms.get(state.names.get(roomName) ?? ('' as RoomId))
    const claim = room?.claims.get(identity)
    return claim?.isCounted ? claim.psid : null
  }

  /** Whether what a node acknowledged must still hold. */
  #isKnown({ nodes }: World, { inst, atMs }: Acknowledged): boolean {
    return (
      atMs > this.#forgotAtMs || nodes.some(node => node.inst === inst && node.isUp && node.hasRestored())
    )
  }

  #joined(world: World, call: Join, answer: JoinAnswer, seat: ParticipantId | null | undefined): void {
    if (answer.is === 'refused') {
      assertThat(
        answer.why !== 'full' || seat === null,
        () => `5: ${call.identity} was refused a seat of its own`,
      )
      return
    }
    if (answer.is !== 'claimed') return
    const { room, epoch } = answer
    const epochs = this.#epochs.get(room.sid) ?? new Map<number, ParticipantId>()
    this.#epochs.set(room.sid, epochs)
    const holder = epochs.get(epoch)
    assertThat(
      holder === undefined || holder === call.psid,
      () => `1: epoch ${epoch} was given to ${holder} and ${call.psid}`,
    )
    if (holder === call.psid) return
    assertThat(epoch > Math.max(0, ...epochs.keys()), () => `1: epoch ${epoch} is lower than one before`)
    assertThat(
      // A grant the record has forgotten is a new one when it is asked for again.
      this.#hasForgotten || ![...epochs.values()].includes(call.psid),
      () => `1: ${call.psid} was given a second epoch by a repeat`,
    )
    epochs.set(epoch, call.psid)
    this.#granted++
    const isFull = seat === null && room.counted > MOST_PEOPLE
    assertThat(!isFull, () => `5: ${room.counted} people in a room for ${MOST_PEOPLE}`)
    this.#newest.set(`${room.sid}/${call.identity}`, { epoch, atMs: world.nowMs })
    const revoked = this.#revoked.some(
      one =>
        one.roomName === call.roomName &&
        one.identity === call.identity &&
        call.tokenFromS !== null &&
        call.tokenFromS < one.beforeS &&
        this.#isKnown(world, one),
    )
    assertThat(!revoked, () => `7: ${call.identity} came in with a revoked token`)
    const kept = this.#kept.get(`${room.sid}/${call.identity}`)
    // A node remembers it as long as it is in the room.
    const isKept =
      kept !== undefined &&
      this.#isKnown(world, kept) &&
      (kept.atMs > this.#forgotAtMs ||
        world.nodes.some(node => node.inst === kept.inst && node.rooms.rooms.has(room.sid)))
    assertThat(
      !isKept || (answer.kept?.rev ?? 0) >= kept.rev,
      () => `8: what the API said of ${call.identity} is forgotten`,
    )
  }

  #after(world: World, name: string): void {
    const { record, nodes } = world
    const { state } = record
    for (const inst of state.dead.keys()) {
      if (this.#dead.has(inst)) continue
      this.#dead.add(inst)
      // A record that was emptied hears of it only from a node that was away meanwhile.
      if (name === 'restore' && record.stamp().atMs >= record.stamp().era.openFromMs)
        this.#lateBurials.add(inst)
      assertThat(
        this.#lateBurials.has(inst) || !nodes.some(node => node.inst === inst && node.isSure()),
        () => `2: ${name} buried ${inst}, which was sure`,
      )
    }
    for (const sid of state.over.keys()) if (!this.#over.has(sid)) this.excuses.ended(sid, nodes)
    this.#over = new Set(state.over.keys())
    const open = [...state.rooms.values()].filter(room => room.state === 'open')
    for (const room of open) {
      assertThat(
        state.names.get(room.name) === room.sid,
        () => `7: ${room.sid} is open without its name (${name})`,
      )
      const closed = this.#closed.get(room.sid)
      assertThat(
        closed === undefined || !this.#isKnown(world, closed),
        () => `7: ${room.sid} was deleted, and is there again (${name})`,
      )
      assertThat(!state.over.has(room.sid), () => `7: ${room.sid} is open and over`)
    }
    for (const room of state.rooms.values())
      for (const claim of room.claims.values())
        assertThat(room.owed.has(claim.psid), () => `6: nobody owes the ending of ${claim.psid} (${name})`)
  }

  /** A claim goes to a newer one, or is given back by its owner, or by anybody once its owner is buried. */
  #seats({ record: { state } }: World, caller: Incarnation, name: string): void {
    for (const room of state.rooms.values()) {
      const before = this.#claims.get(room.sid) ?? new Map<string, Claim>()
      for (const [identity, { psid, inst, epoch }] of before) {
        const now = room.claims.get(identity)
        const isRight =
          now === undefined ? inst === caller || state.dead.has(inst) : now.psid === psid || now.epoch > epoch
        assertThat(isRight, () => `1: ${name} by ${caller} took the claim of ${psid} of ${inst}`)
      }
      this.#claims.set(room.sid, new Map(room.claims))
    }
  }

  always(world: World): void {
    const { nodes, record } = world
    this.#apart.always(world)
    for (const node of nodes) {
      if (!node.isUp) continue
      node.noteReach()
      const isDead = record.state.dead.has(node.inst) && !this.#lateBurials.has(node.inst)
      assertThat(!isDead || !node.isSure(), () => `2: ${node.inst} is sure and buried`)
      const acting = new Set<string>()
      for (const { claim, identity, psid, isOver } of node.rooms.connections) {
        if (!claims.isActing(claim)) continue
        assertThat(!isOver, () => `4: ${node.inst} acts for ${psid}, which was to end`)
        const key = `${claim.roomSid}/${identity}`
        assertThat(!acting.has(key), () => `1: ${node.inst} acts for two connections of ${identity}`)
        acting.add(key)
        const newest = this.#newest.get(key)
        const agreedFromMs = Math.max(newest?.atMs ?? 0, node.reachesRecordSinceMs) + AGREED_MS
        assertThat(
          newest === undefined || claim.epoch >= newest.epoch || world.nowMs <= agreedFromMs,
          () => `1: ${node.inst} acts for ${identity} with ${claim.epoch} since long after ${newest!.epoch}`,
        )
      }
    }
  }

  copied(members: MemberCopies<Facts>): void {
    const seen = this.#versions.get(members) ?? new Map<string, { epoch: number; version: number }>()
    this.#versions.set(members, seen)
    for (const { identity, epoch, version } of members.list()) {
      const before = seen.get(identity) ?? { epoch: 0, version: 0 }
      const isNewer = epoch > before.epoch || (epoch === before.epoch && version >= before.version)
      assertThat(isNewer, () => `3: the copy of ${identity} went back to ${epoch}.${version}`)
      seen.set(identity, { epoch, version })
    }
  }

  delivered(entries: WebhookEntry[]): void {
    for (const { id, roomSid, entryId } of entries) {
      const known = this.#deliveredIds.get(id)
      // A record that has forgotten may take an event once more; its receivers drop it.
      assertThat(
        known === undefined || known === entryId || this.#hasForgotten,
        () => `6: ${id} was told twice`,
      )
      if (known !== undefined) continue
      this.#deliveredIds.set(id, entryId)
      const story = this.stories.get(roomSid) ?? []
      this.stories.set(roomSid, story)
      story.push(id)
    }
  }

  acknowledgedClose(by: Acknowledged, sid: RoomId): void {
    this.#closed.set(sid, by)
  }
  acknowledgedRevocation(by: Acknowledged, revocation: Revocation): void {
    this.#revoked.push({ ...by, ...revocation })
  }
  acknowledgedKeep(by: Acknowledged, sid: RoomId, identity: string, { rev }: KeptFacts): void {
    const key = `${sid}/${identity}`
    if (rev > (this.#kept.get(key)?.rev ?? 0)) this.#kept.set(key, { ...by, rev })
  }
  /** The record was emptied or rolled back: what only a node that is gone remembers may be forgotten. */
  forgot(world: World, before: Readonly<MemoryState>): void {
    this.#forgotAtMs = world.nowMs
    this.#claims.clear()
    this.#dead.clear()
    this.#apart.forgot()
    this.excuses.forgot(before, world.nodes)
    this.#unlearn(world, world.nodes)
  }
  /** Before a node is no more. */
  died(world: World, node: NodeInWorld): void {
    const others = world.nodes.filter(one => one !== node)
    if (node.hasRestored()) return
    this.excuses.died(node, others)
    this.#unlearn(world, others)
  }
  vacated(sid: RoomId, inst: Incarnation): void {
    const node = this.#world!.nodeOf(inst)
    if (node) this.excuses.vacated(sid, node, this.#world!.nodes)
  }
  hidden(inst: Incarnation, by: Incarnation): void {
    this.#apart.hidden(this.#world!, inst, by)
  }
  gaveUp(sid: RoomId, inst: Incarnation, to: Incarnation): void {
    this.#apart.gaveUp(this.#world!, sid, inst, to)
  }
  /** A newcomer is served by nobody who is to stop, or has given the room up, while another takes them. */
  placed(isRight: boolean, by: Incarnation): void {
    assertThat(isRight, () => `4: ${by} takes a newcomer itself`)
  }
  /** A claim granted in an answer that was lost, or to somebody who is gone as well, is known to nobody now. */
  #unlearn({ record: { state } }: World, nodes: readonly NodeInWorld[]): void {
    const isKnown = (sid: RoomId, psid: ParticipantId, epoch: number) =>
      state.rooms.get(sid)?.owed.has(psid) ||
      nodes.some(
        ({ isUp, rooms }) =>
          isUp &&
          ([...rooms.connections].some(one => one.psid === psid && one.claim.is !== 'asking') ||
            (rooms.rooms.get(sid)?.members.highestOfAll ?? 0) >= epoch),
      )
    for (const [sid, epochs] of this.#epochs)
      for (const [epoch, psid] of epochs) if (!isKnown(sid, psid, epoch)) epochs.delete(epoch)
    for (const [key, { epoch }] of this.#newest) {
      const sid = key.split('/')[0] as RoomId
      if (!this.#epochs.get(sid)?.has(epoch)) this.#newest.delete(key)
    }
  }
}
