/** What nodes hold for a record that is away, until it has it. */
import { type Incarnation, newParticipantId, newRoomId } from '@diemcau/core/ids.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiCluster, type ApiNode } from '../../../test/room-support/api-nodes.ts'
import { silentLog } from '../../room/base/log.ts'
import type { EraCall } from '../record/record-calls.ts'
import { type HeldWord, HeldWords } from './held-words.ts'

let cluster: ApiCluster
let node: ApiNode
beforeEach(async () => {
  cluster = await ApiCluster.create(['west'])
  ;[node] = cluster.nodes as [ApiNode]
  await node.join('an')
  cluster.isRecordAway = true
})
afterEach(() => cluster.close())

const sid = () => node.rooms.registry.find('R')!.id
const word = (rev: number, body = 'x', identity = 'an'): HeldWord => ({
  type: 'kept',
  roomSid: sid(),
  identity,
  kept: { rev, body },
})
const call = (): EraCall => ({
  inst: 'ND_west' as Incarnation,
  era: node.steps.era,
  deadlineMs: Date.now() + 60_000,
})
const keptRev = async () => {
  const answer = await cluster.memory.keep({ ...call(), roomSid: sid(), identity: 'an' })
  return answer.outcome === 'done' && typeof answer.value === 'object' ? answer.value.keptRev : answer
}

describe('words that are held', () => {
  it('count for who comes as long as the record has nothing newer, and go into it, the newest of each', async () => {
    const held = new HeldWords(node.steps, silentLog)
    for (const rev of [5, 7, 6]) expect(held.hold(word(rev))).toBe(true)
    expect(held.newest(sid(), 'an', null)?.rev).toBe(7)
    expect(held.newest(sid(), 'an', { rev: 8, body: '' })?.rev).toBe(8)
    expect(held.newest(newRoomId(), 'an', null)).toBeNull()
    expect(held.kept().map(({ kept }) => kept.rev)).toEqual([7])
    expect(await keptRev()).toBe(0)
    cluster.isRecordAway = false
    await expect.poll(keptRev, { timeout: 5_000 }).toBe(7)
    await expect.poll(() => held.kept()).toEqual([])
    // The next ones do not wait for anything.
    held.hold(word(9))
    await expect.poll(keptRev).toBe(9)
  })

  it('take tokens back in the record', async () => {
    const held = new HeldWords(node.steps, silentLog)
    held.hold({ type: 'revoked', revocation: { roomName: 'R', identity: 'an', beforeS: 200 } })
    cluster.isRecordAway = false
    const joins = async () => {
      const answer = await cluster.memory.join({
        ...call(),
        ...{ roomName: 'R', psid: newParticipantId(), identity: 'an', isCounted: true, isForwarded: false },
        ...{ tokenFromS: 199, epochSeen: 0, draft: null, info: '' },
      })
      return answer.outcome === 'done' && answer.value.is === 'refused' ? answer.value.why : 'joined'
    }
    await expect.poll(joins, { timeout: 5_000 }).toBe('revoked')
  })

  it('are refused beyond their bound, unless they take the place of others', () => {
    const held = new HeldWords(node.steps, silentLog, 2_000)
    expect(held.hold(word(1, 'a'.repeat(1_000)))).toBe(true)
    expect(held.hold(word(1, 'a'.repeat(1_000), 'binh'))).toBe(false)
    expect(held.hold(word(2, 'b'.repeat(1_400)))).toBe(true)
    expect(held.hold(word(3, 'c'))).toBe(true)
    expect(held.hold(word(1, 'a'.repeat(900), 'binh'))).toBe(true)
  })
})
