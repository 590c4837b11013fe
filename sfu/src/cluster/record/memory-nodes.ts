/** The record in memory: nodes, their deaths and what they leave behind. */
import type { RoomId } from '@diemcau/core/ids.ts'
import { MOST_ENTRIES, SPLIT_STANDS_MS } from './cluster-record.ts'
import { ensureEra, type Moment, mail, nodeRow, setClaim } from './memory-state.ts'
import type { Beat, BeatAnswer, Hello } from './record-calls.ts'
import type { Incarnation, OwedEnding } from './record-types.ts'

export function hello(at: Moment, call: Hello): { buried: Incarnation | null } {
  ensureEra(at)
  const former = [...at.state.nodes].find(([inst, { host }]) => host === call.host && inst !== call.inst)?.[0]
  if (former) buryNow(at, former)
  const row = nodeRow(at, call.inst)
  row.count ||= 1
  Object.assign(row, { host: call.host, facts: call.facts, lastBeatMs: at.nowMs })
  return { buried: former ?? null }
}

export function beat(at: Moment, { inst, host, facts, load, heard }: Beat): BeatAnswer {
  ensureEra(at)
  const row = nodeRow(at, inst)
  Object.assign(row, { host, facts, load, heard: [...heard], lastBeatMs: at.nowMs })
  row.count++
  for (const peer of heard) if (!at.state.dead.has(peer)) nodeRow(at, peer).count++
  return { counts: new Map([...at.state.nodes].map(([peer, { count }]) => [peer, count])) }
}

export function bury(
  at: Moment,
  { dead, count }: { dead: Incarnation; count: number },
): 'buried_now' | 'was_buried' | 'alive' {
  if (at.state.dead.has(dead)) return 'was_buried'
  if ((at.state.nodes.get(dead)?.count ?? 0) !== count) return 'alive'
  buryNow(at, dead)
  return 'buried_now'
}

export function buryNow(at: Moment, dead: Incarnation): void {
  at.state.dead.set(dead, at.nowMs)
  at.state.nodes.delete(dead)
  at.state.inboxes.delete(dead)
  for (const room of at.state.rooms.values()) room.nodes.delete(dead)
  mail(at, at.state.nodes.keys(), { type: 'buried', inst: dead })
}

export function inherit(at: Moment, { dead }: { dead: Incarnation }): OwedEnding[] | 'not_buried' {
  if (!at.state.dead.has(dead)) return 'not_buried'
  const owed: OwedEnding[] = []
  for (const room of at.state.rooms.values())
    for (const ending of room.owed.values()) {
      if (ending.inst !== dead) continue
      if (owed.length === MOST_ENTRIES) return owed
      if (room.claims.get(ending.identity)?.psid === ending.psid) setClaim(at, room, ending.identity, null)
      owed.push({ ...ending })
    }
  return owed
}

export function split(
  at: Moment,
  { roomSid, a, b }: { roomSid: RoomId; a: Incarnation; b: Incarnation },
): { loser: Incarnation } {
  const [first, second] = a < b ? [a, b] : [b, a]
  if (at.state.dead.has(first)) return { loser: first }
  if (at.state.dead.has(second)) return { loser: second }
  const key = JSON.stringify([roomSid, first, second])
  const standing = at.state.splits.get(key)
  if (standing && standing.untilMs > at.nowMs) return { loser: standing.loser }
  const claims = [...(at.state.rooms.get(roomSid)?.claims.values() ?? [])]
  const people = (inst: Incarnation) =>
    claims.filter(claim => claim.inst === inst && !claim.isForwarded).length
  const loser = people(first) < people(second) ? first : second
  at.state.splits.set(key, { loser, untilMs: at.nowMs + SPLIT_STANDS_MS })
  return { loser }
}
