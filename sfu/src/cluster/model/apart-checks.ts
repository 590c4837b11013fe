/** What must hold of nodes that do not hear each other: who is out of sight, and who gives a room up. Part of checks.ts. */
import type { RoomId } from '@diemcau/core/ids.ts'
import * as claims from '../claim/claim-state.ts'
import { SPLIT_STANDS_MS } from '../record/cluster-record.ts'
import type { EraCall } from '../record/record-calls.ts'
import type { Incarnation } from '../record/record-types.ts'
import { assertThat } from './broken.ts'
import type { NodeInWorld } from './parts.ts'
import type { World } from './world.ts'

export type SplitCall = EraCall & { roomSid: RoomId; a: Incarnation; b: Incarnation }
const pairOf = (sid: RoomId, a: Incarnation, b: Incarnation) => [sid, ...[a, b].sort()].join()
/** Members of a node that is not heard stay in sight for so long. */
const HIDDEN_AFTER_MS = 5_000
/** 2 s of silence, twice 5 s, and a call that is repeated each second; who joins meanwhile is moved as soon. */
const APART_MS = 16_000
const APART_JOIN_MS = 3_000

export class ApartChecks {
  /** Which side gives a room up, by room and pair. */
  readonly #named = new Map<string, { loser: Incarnation; atMs: number }>()
  readonly figures = { hidden: 0, gaveUp: 0 }

  /** Two that reach the record and not each other do not both keep people in a room for long. */
  always({ nodes, nowMs }: World): void {
    for (const [i, one] of nodes.entries())
      for (const other of nodes.slice(i + 1)) {
        const sinceMs = Math.max(
          ...[one, other].flatMap(node => [node.startedAtMs, node.reachesRecordSinceMs]),
          one.heardAtMs.get(other.inst) ?? 0,
          other.heardAtMs.get(one.inst) ?? 0,
        )
        if (!one.isDoing() || !other.isDoing() || nowMs - sinceMs < APART_MS) continue
        const roomsOf = ({ rooms: { connections } }: NodeInWorld) =>
          [...connections].flatMap(({ claim, source, heldSinceMs }) =>
            claims.isActing(claim) && !source && nowMs - heldSinceMs > APART_JOIN_MS ? [claim.roomSid] : [],
          )
        const there = new Set(roomsOf(other))
        const both = new Set(roomsOf(one).filter(sid => there.has(sid)))
        assertThat(
          both.size === 0,
          () => `4: ${one.inst} and ${other.inst} do not hear each other, and both stay in ${[...both]}`,
        )
      }
  }

  /** Out of sight only after 5 s of silence. */
  hidden(world: World, inst: Incarnation, by: Incarnation): void {
    const heardAtMs = world.nodeOf(by)?.heardAtMs.get(inst) ?? Number.NEGATIVE_INFINITY
    const silentMs = world.nowMs - heardAtMs
    assertThat(silentMs >= HIDDEN_AFTER_MS, () => `4: ${by} hides ${inst}, heard ${silentMs} ms ago`)
    this.figures.hidden++
  }
  /** Only the side that was named gives a room up, after 10 s of silence. */
  gaveUp(world: World, sid: RoomId, inst: Incarnation, to: Incarnation): void {
    const named = this.#named.get(pairOf(sid, inst, to))
    assertThat(
      named?.loser === inst,
      () => `4: ${inst} gives ${sid} up to ${to}, and ${named?.loser} was named`,
    )
    const silentMs = world.nowMs - (world.nodeOf(inst)?.heardAtMs.get(to) ?? Number.NEGATIVE_INFINITY)
    assertThat(
      silentMs >= 2 * HIDDEN_AFTER_MS,
      () => `4: ${inst} gives ${sid} up to ${to}, heard ${silentMs} ms ago`,
    )
    this.figures.gaveUp++
  }
  /** One word for both sides, as long as it stands: the side with fewer people. */
  split({ record }: World, { roomSid, a, b }: SplitCall, loser: Incarnation): void {
    const { state } = record
    if (state.dead.has(a) || state.dead.has(b)) {
      assertThat(state.dead.has(loser), () => `4: the living ${loser} gives ${roomSid} up to a buried one`)
      return
    }
    const nowMs = record.stamp().atMs
    const key = pairOf(roomSid, a, b)
    const named = this.#named.get(key)
    if (named && nowMs < named.atMs + SPLIT_STANDS_MS) {
      assertThat(named.loser === loser, () => `4: ${roomSid} is given up by ${named.loser} and by ${loser}`)
      return
    }
    const people = (inst: Incarnation) =>
      [...(state.rooms.get(roomSid)?.claims.values() ?? [])].filter(
        one => one.inst === inst && !one.isForwarded,
      ).length
    const other = loser === a ? b : a
    assertThat(
      people(loser) <= people(other),
      () => `4: ${loser} gives ${roomSid} up, which has more people than ${other}`,
    )
    this.#named.set(key, { loser, atMs: nowMs })
  }
  /** The record was emptied or rolled back. */
  forgot(): void {
    this.#named.clear()
  }
}
