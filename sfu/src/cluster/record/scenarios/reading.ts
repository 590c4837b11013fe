/** Scenarios: lists, and the inbox. */
import { AppError } from '@diemcau/core/errors.ts'
import { newParticipantId, newRoomId } from '@diemcau/core/ids.ts'
import { describe, expect, it } from 'vitest'
import { MOST_ENTRIES } from '../cluster-record.ts'
import { done, draft, type MakeRecord, TestCluster } from './test-cluster.ts'

export function describeReading(make: MakeRecord): void {
  describe('reading', () => {
    it('lists open rooms page by page', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const names = Array.from({ length: MOST_ENTRIES + 5 }, (_, i) => `hội trường ${i}`)
      for (const name of names) done(await cluster.record.open({ ...(await a.call()), draft: draft(name) }))
      const first = (await cluster.record.openRooms(null)).rooms
      expect(first).toHaveLength(MOST_ENTRIES)
      const second = (await cluster.record.openRooms(first.at(-1)!.name)).rooms
      expect([...first, ...second].map(({ name }) => name).sort()).toEqual([...names].sort())
    })

    it('says nothing of what is not there', async () => {
      const { record } = await TestCluster.create(make)
      expect((await record.roomByName('hall')).room).toBeNull()
      expect(await record.roomBySid(newRoomId())).toMatchObject({ room: null, isOver: false })
      expect((await record.claims(newRoomId())).claims).toEqual([])
      expect((await record.claimOf(newRoomId(), 'chair')).claim).toBeNull()
      expect(await record.nextEvents('hall', 10)).toEqual([])
      expect(await record.undelivered()).toEqual([])
      expect((await record.nodes()).nodes).toEqual([])
    })

    it('keeps texts as they are', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const identity = 'Chủ tọa "1"\n🇻🇳 \\ {}'
      const body = '{"x":[],"y":{},"n":1e21,"s":"\\u0000"}'
      const seat = await a.joined('Phòng: "họp" \\1', identity, {
        draft: draft('Phòng: "họp" \\1', { body }),
        info: body,
      })
      expect((await cluster.record.roomByName('Phòng: "họp" \\1')).room).toMatchObject({
        body,
        sid: seat.sid,
      })
      expect((await cluster.record.owedBy(a.inst)).owed).toMatchObject([{ identity, info: body }])
      expect((await cluster.record.claimOf(seat.sid, identity)).claim).toMatchObject({ psid: seat.psid })
    })

    it('reads an inbox on from a place, and waits for the next', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const { sid } = await a.joined('hall', 'one')
      expect(await a.mail()).toEqual([])
      const next = a.mail(3_000)
      await b.joined('hall', 'two')
      expect(await next).toEqual([{ type: 'entered', roomSid: sid, inst: b.inst }])
      await b.joined('hall', 'one')
      expect(await a.mail()).toMatchObject([{ type: 'lost' }])
      const all = await cluster.record.readInbox(a.inst, '0', 10, 0)
      expect(all.map(({ message }) => message.type)).toEqual(['entered', 'lost'])
      expect(await cluster.record.readInbox(a.inst, '0', 1, 0)).toEqual(all.slice(0, 1))
    })

    it('stops waiting for an inbox in its time', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const reading = cluster.record.readInbox(a.inst, '0', 10, 200)
      await cluster.pass(300)
      expect(await reading).toEqual([])
    })

    it('answers nothing once it is closed', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const call = await a.call()
      const waiting = expect(cluster.record.readInbox(a.inst, '0', 10, 60_000)).rejects.toMatchObject({
        code: 'unavailable',
      })
      await cluster.record.close()
      await cluster.record.close()
      await waiting
      await expect(cluster.record.roomByName('hall')).rejects.toBeInstanceOf(AppError)
      const told = { roomSid: newRoomId(), roomName: '', psid: newParticipantId(), events: [] }
      await expect(cluster.record.told({ ...call, ...told })).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
}
