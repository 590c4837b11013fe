/** Scenarios: nodes come, beat, die, are buried and inherited from. */
import { newId, newParticipantId, newRoomId } from '@diemcau/core/ids.ts'
import { describe, expect, it } from 'vitest'
import type { Incarnation } from '../record-types.ts'
import { done, draft, type MakeRecord, type RecordAbilities, TestCluster } from './test-cluster.ts'

export function describeNodes(make: MakeRecord, { canLeap }: RecordAbilities): void {
  describe('nodes', () => {
    it('counts beats, and the words of peers that they hear somebody', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const before = done(await a.beat()).counts
      done(await a.beat([b.inst]))
      const after = done(await a.beat()).counts
      expect(after.get(a.inst)).toBe(before.get(a.inst)! + 2)
      expect(after.get(b.inst)).toBe(before.get(b.inst)! + 1)
    })

    it('tells what nodes say of themselves', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const b = await cluster.node('b:1')
      const atMs = await cluster.now()
      done(
        await cluster.record.beat({
          ...(await a.call()),
          host: 'a:1',
          facts: '{"up":true}',
          load: '0.5',
          heard: [b.inst],
        }),
      )
      const { nodes } = await cluster.record.nodes()
      const facts = nodes.find(({ inst }) => inst === a.inst)!
      expect(facts).toMatchObject({ facts: '{"up":true}', load: '0.5', heard: [b.inst] })
      expect(facts.lastBeatMs).toBeGreaterThanOrEqual(atMs)
      expect(nodes.map(({ inst }) => inst).sort()).toEqual([a.inst, b.inst].sort())
    })

    it('buries the former incarnation of a host at its hello, once', async () => {
      const cluster = await TestCluster.create(make)
      const former = await cluster.node('a:1')
      const other = await cluster.node('b:1')
      const next = await cluster.node('a:1')
      const again = await cluster.record.hello({ ...(await next.call()), host: 'a:1', facts: '' })
      expect(done(again)).toEqual({ buried: null })
      expect(await former.beat()).toMatchObject({ outcome: 'buried' })
      expect(await other.mail()).toEqual([{ type: 'buried', inst: former.inst }])
      const late = await cluster.record.hello({ ...(await former.call()), host: 'a:1', facts: '' })
      expect(late.outcome).toBe('buried')
      expect(await next.beat()).toMatchObject({ outcome: 'done' })
    })

    it('buries only who has not been counted since the caller looked', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const seen = done(await a.beat()).counts.get(b.inst)!
      done(await b.beat())
      const bury = async (count: number) =>
        done(await cluster.record.bury({ ...(await a.call()), dead: b.inst, count }))
      expect(await bury(seen)).toBe('alive')
      expect(await b.beat()).toMatchObject({ outcome: 'done' })
      expect(await bury(seen + 2)).toBe('buried_now')
      expect(await bury(seen + 2)).toBe('was_buried')
      expect(done(await a.beat([b.inst])).counts.has(b.inst)).toBe(false)
    })

    it('takes nothing from the buried', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const seat = await b.joined('hall', 'chair')
      await b.buriedBy(a)
      const { record } = cluster
      const roomSid = seat.sid
      const call = await b.call()
      const event = { id: 'e', body: '' }
      const to = draft('hall')
      const outcomes = await Promise.all([
        record.beat({ ...call, host: 'b:1', facts: '', load: '', heard: [a.inst] }),
        record.release({ ...call, roomSid, identity: 'chair', psid: seat.psid, epoch: seat.epoch }),
        record.keep({ ...call, roomSid, identity: 'chair', kept: { rev: 9, body: '' } }),
        record.emit({ ...call, roomSid, event }),
        record.told({ ...call, roomSid, roomName: 'hall', psid: seat.psid, events: [event] }),
        record.change({ ...call, roomSid, ifRev: 1, to }),
        record.closeRoom({ ...call, roomSid, reason: '' }),
        record.open({ ...call, draft: draft('other') }),
        record.bury({ ...call, dead: a.inst, count: 0 }),
        record.takeDelivery({ ...call, roomName: 'hall' }),
      ])
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(outcomes.map(() => 'buried'))
      expect((await b.join('hall', 'other')).answer.outcome).toBe('buried')
      expect((await record.claims(roomSid)).claims).toHaveLength(1)
    })

    it('lets anybody inherit, again and again, until the endings are told', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b, c] = [await cluster.node('a:1'), await cluster.node('b:1'), await cluster.node('c:1')]
      const seat = await b.joined('hall', 'chair')
      await b.emit(seat, 'chair joined', true)
      await a.joined('hall', 'guest')
      const inherit = async (heir = a) =>
        done(await cluster.record.inherit({ ...(await heir.call()), dead: b.inst }))
      expect(await inherit()).toBe('not_buried')
      await b.buriedBy(a)
      const expected = [
        { psid: seat.psid, identity: 'chair', roomSid: seat.sid, roomName: 'hall', isActive: true },
      ]
      expect(await inherit()).toMatchObject(expected)
      expect(await inherit(c)).toMatchObject(expected)
      const { claims } = await cluster.record.claims(seat.sid)
      expect(claims.map(({ identity }) => identity)).toEqual(['guest'])
      expect((await cluster.record.roomBySid(seat.sid)).room).toMatchObject({ counted: 1, nodes: [a.inst] })
      expect((await c.sweep()).orphans).toEqual([b.inst])
      await c.told(seat, 'chair joined', 'chair left')
      expect(await inherit()).toEqual([])
      expect((await c.sweep()).orphans).toEqual([])
    })

    it('makes a room idle whose last people were inherited', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const seat = await b.joined('hall', 'chair')
      await b.buriedBy(a)
      done(await cluster.record.inherit({ ...(await a.call()), dead: b.inst }))
      const { room } = await cluster.record.roomBySid(seat.sid)
      expect(room!.counted).toBe(0)
      expect(room!.idleAtMs).toBeGreaterThan(await cluster.now())
    })

    it('keeps a claim that replaced one of the buried', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      await b.joined('hall', 'chair')
      const back = await a.joined('hall', 'chair')
      await b.buriedBy(a)
      expect(done(await cluster.record.inherit({ ...(await a.call()), dead: b.inst }))).toHaveLength(1)
      const { claims } = await cluster.record.claims(back.sid)
      expect(claims).toMatchObject([{ identity: 'chair', psid: back.psid, inst: a.inst }])
    })

    it('answers a split by the smaller side, whoever asks', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const { sid } = await a.joined('hall', 'one')
      await a.joined('hall', 'two')
      await b.joined('hall', 'three')
      const split = async (by = a) =>
        done(await cluster.record.split({ ...(await by.call()), roomSid: sid, a: a.inst, b: b.inst })).loser
      expect(await split()).toBe(b.inst)
      await b.joined('hall', 'four')
      await b.joined('hall', 'five')
      expect(await split(b)).toBe(b.inst)
    })

    it.runIf(canLeap)('asks anew who gives up after a minute', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const { sid } = await a.joined('hall', 'one')
      const split = async () =>
        done(await cluster.record.split({ ...(await a.call()), roomSid: sid, a: b.inst, b: a.inst })).loser
      expect(await split()).toBe(b.inst)
      await b.joined('hall', 'two')
      await b.joined('hall', 'three')
      await cluster.pass(61_000)
      expect(await split()).toBe(a.inst)
    })

    it('splits for the living when one is buried', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const { sid } = await b.joined('hall', 'one')
      await b.buriedBy(a)
      const call = { ...(await a.call()), roomSid: sid, a: a.inst, b: b.inst }
      expect(done(await cluster.record.split(call)).loser).toBe(b.inst)
    })

    it('changes nothing after a deadline', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const seat = await a.joined('hall', 'chair')
      const call = await a.call(-1)
      const { record } = cluster
      const late = await Promise.all([
        record.beat({ ...call, host: 'a:1', facts: 'late', load: '', heard: [] }),
        record.release({ ...call, roomSid: seat.sid, identity: 'chair', psid: seat.psid, epoch: seat.epoch }),
        record.closeRoom({ ...call, roomSid: seat.sid, reason: '' }),
        record.open({ ...call, draft: draft('other') }),
        record.revoke({ ...call, roomName: 'hall', identity: 'chair', beforeS: 9e9 }),
      ])
      expect(late.map(({ outcome }) => outcome)).toEqual(late.map(() => 'late'))
      expect(late[0]!.atMs).toBeGreaterThan(call.deadlineMs)
      expect((await record.claims(seat.sid)).claims).toHaveLength(1)
      expect((await record.roomByName('other')).room).toBeNull()
      expect((await record.nodes()).nodes).toMatchObject([{ facts: 'a:1' }])
    })

    it('keeps endings owed by nodes nobody heard of in this era buriable', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const ghost = newId<Incarnation>('ND_')
      const answer = await cluster.record.bury({ ...(await a.call()), dead: ghost, count: 0 })
      expect(done(answer)).toBe('buried_now')
      const call = { inst: ghost, era: a.era, deadlineMs: (await cluster.now()) + 2_000 }
      const told = { roomSid: newRoomId(), roomName: '', psid: newParticipantId(), events: [] }
      expect((await cluster.record.told({ ...call, ...told })).outcome).toBe('buried')
    })
  })
}
