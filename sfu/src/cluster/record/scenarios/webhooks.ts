/** Scenarios: how webhooks leave the record. */
import { describe, expect, it } from 'vitest'
import { roomEventId } from '../record-types.ts'
import { done, draft, type MakeRecord, type RecordAbilities, storyOf, TestCluster } from './test-cluster.ts'

export function describeWebhooks(make: MakeRecord, { canLeap }: RecordAbilities): void {
  describe('webhooks', () => {
    it('keeps the order of all nodes, and each name apart', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const one = await a.joined('hall', 'one')
      const two = await b.joined('hall', 'two')
      const other = await a.joined('other', 'one')
      await a.emit(one, 'one joined', true)
      await b.emit(two, 'two joined', true)
      await a.emit(one, 'camera published')
      expect((await cluster.record.undelivered()).sort()).toEqual(['hall', 'other'])
      const story = [roomEventId(one.sid, 'room_started'), 'one joined', 'two joined', 'camera published']
      expect(await storyOf(cluster, 'hall')).toEqual(story)
      expect(await storyOf(cluster, 'other')).toEqual([roomEventId(other.sid, 'room_started')])
      const first = await cluster.record.nextEvents('hall', 2)
      expect(first.map(({ id }) => id)).toEqual(story.slice(0, 2))
      const waiting = ['hall', 'other', 'nowhere'].map(name => cluster.record.waitingEvents(name))
      expect(await Promise.all(waiting)).toEqual([4, 1, 0])
    })

    it('has what is not marked as delivered, and tells its writers what is', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const one = await a.joined('hall', 'one')
      const two = await b.joined('hall', 'two')
      await b.emit(two, 'two joined', true)
      await a.mail()
      const [started, joined] = await cluster.record.nextEvents('hall', 10)
      const deliver = async (...entryIds: string[]) =>
        done(await cluster.record.delivered({ ...(await a.call()), roomName: 'hall', entryIds }))
      await deliver(started!.entryId)
      await deliver(started!.entryId)
      expect(await storyOf(cluster, 'hall')).toEqual(['two joined'])
      expect((await cluster.record.roomBySid(one.sid)).room!.isStartDelivered).toBe(true)
      await deliver(joined!.entryId)
      expect(await cluster.record.undelivered()).toEqual([])
      expect(await a.mail()).toEqual([{ type: 'delivered', ids: [started!.id] }])
      expect(await b.mail()).toEqual([{ type: 'delivered', ids: ['two joined'] }])
      expect(await b.emit(two, 'two joined', true)).toBe('had')
      expect(await storyOf(cluster, 'hall')).toEqual([])
    })

    it('lets one node deliver a name at a time', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const take = async (by: typeof a, roomName = 'hall') =>
        done(await cluster.record.takeDelivery({ ...(await by.call()), roomName }))
      expect(await take(a)).toBe(true)
      expect(await take(b)).toBe(false)
      expect(await take(a)).toBe(true)
      expect(await take(b, 'other')).toBe(true)
    })

    it.runIf(canLeap)('lets another node deliver when one has not asked again', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const take = async (by: typeof a) =>
        done(await cluster.record.takeDelivery({ ...(await by.call()), roomName: 'hall' }))
      expect(await take(a)).toBe(true)
      await cluster.pass(4_000)
      expect(await take(a)).toBe(true)
      await cluster.pass(4_000)
      expect(await take(b)).toBe(false)
      await cluster.pass(1_500)
      expect(await take(b)).toBe(true)
    })

    it('reads on after a place, whether its event is still there or not', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const one = await a.joined('hall', 'one')
      for (const id of ['joined', 'published', 'unpublished']) await a.emit(one, id, id === 'joined')
      const after = async (entryId: string, limit = 10) =>
        (await cluster.record.nextEvents('hall', limit, entryId)).map(({ id }) => id)
      const [started, joined, published] = await cluster.record.nextEvents('hall', 3)
      expect(await after(started!.entryId)).toEqual(['joined', 'published', 'unpublished'])
      expect(await after(started!.entryId, 1)).toEqual(['joined'])
      await cluster.record.delivered({
        ...(await a.call()),
        roomName: 'hall',
        entryIds: [started!.entryId, joined!.entryId],
      })
      expect(await after(joined!.entryId)).toEqual(['published', 'unpublished'])
      expect(await after(published!.entryId)).toEqual(['unpublished'])
    })

    it('lets anybody deliver a name of which nothing is left', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const one = await a.joined('hall', 'one')
      const take = async (by: typeof a) =>
        done(await cluster.record.takeDelivery({ ...(await by.call()), roomName: 'hall' }))
      await a.emit(one, 'joined', true)
      expect(await take(a)).toBe(true)
      const [started, joined] = await cluster.record.nextEvents('hall', 3)
      const deliver = async (entryId: string) =>
        done(await cluster.record.delivered({ ...(await a.call()), roomName: 'hall', entryIds: [entryId] }))
      await deliver(started!.entryId)
      expect(await take(b)).toBe(false)
      await deliver(joined!.entryId)
      expect(await take(b)).toBe(true)
    })

    it('tells both rooms of a name in one stream', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const [one, two] = [draft('hall'), draft('hall')]
      for (const made of [one, two]) {
        done(await cluster.record.open({ ...(await a.call()), draft: made }))
        await a.closeRoom(made.sid)
      }
      expect(await storyOf(cluster, 'hall')).toEqual(
        [one, two].flatMap(({ sid }) => [
          roomEventId(sid, 'room_started'),
          roomEventId(sid, 'room_finished'),
        ]),
      )
    })
  })
}
