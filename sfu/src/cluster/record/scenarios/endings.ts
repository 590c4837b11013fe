/** Scenarios: what is told of those inside, and how a room ends. */
import { newParticipantId, newRoomId } from '@diemcau/core/ids.ts'
import { describe, expect, it } from 'vitest'
import { roomEventId } from '../record-types.ts'
import { draft, type MakeRecord, storyOf, TestCluster } from './test-cluster.ts'

export function describeEndings(make: MakeRecord): void {
  describe('endings', () => {
    it('tells an event once', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const seat = await a.joined('hall', 'chair')
      expect(await a.emit(seat, 'chair joined', true)).toBe('taken')
      expect(await a.emit(seat, 'chair joined', true)).toBe('had')
      const { owed } = await cluster.record.owedOf(a.inst, seat.psid)
      expect(owed).toMatchObject([{ isActive: true }])
      const started = roomEventId(seat.sid, 'room_started')
      expect(await storyOf(cluster, 'hall')).toEqual([started, 'chair joined'])
    })

    it('takes events of somebody from the owner only, and none after the leaving', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const seat = await a.joined('hall', 'chair')
      expect(await b.emit(seat, 'not mine')).toBe('not_owed')
      expect(await b.told(seat, 'not mine')).toBe('not_yours')
      expect(await a.told(seat, 'chair left')).toEqual({ taken: ['chair left'], hasFinished: false })
      expect(await a.emit(seat, 'track published')).toBe('not_owed')
      expect(await a.told(seat, 'chair left')).toEqual({ taken: [], hasFinished: false })
      expect(await storyOf(cluster, 'hall')).toEqual([roomEventId(seat.sid, 'room_started'), 'chair left'])
      expect(await a.emit({ sid: newRoomId(), psid: newParticipantId() }, 'x')).toBe('no_room')
    })

    it('takes events of the room itself from anybody', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const { sid } = await a.joined('hall', 'chair')
      const event = { id: 'recording started', body: 'x', atMs: 77 }
      const answer = await cluster.record.emit({ ...(await b.call()), roomSid: sid, event })
      expect(answer).toMatchObject({ outcome: 'done', value: 'taken' })
      const entry = (await cluster.record.nextEvents('hall', 10)).at(-1)
      expect(entry).toMatchObject({
        id: 'recording started',
        kind: 'other',
        body: 'x',
        atMs: 77,
        writer: b.inst,
      })
    })

    it('releases the claim of who is told to have left', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const seat = await a.joined('hall', 'chair')
      await a.told(seat, 'chair left')
      const { room } = await cluster.record.roomBySid(seat.sid)
      expect(room).toMatchObject({ counted: 0, holding: 0 })
      expect(room!.idleAtMs).not.toBeNull()
      expect((await cluster.record.owedBy(a.inst)).owed).toEqual([])
    })

    it('leaves the newer claim to its owner when the older connection ends', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const old = await a.joined('hall', 'chair')
      const now = await b.joined('hall', 'chair')
      await a.told(old, 'chair left')
      const { claim } = await cluster.record.claimOf(now.sid, 'chair')
      expect(claim).toMatchObject({ psid: now.psid, epoch: now.epoch })
    })

    it('lets heirs tell the whole story, repeats of which are none', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b, c] = [await cluster.node('a:1'), await cluster.node('b:1'), await cluster.node('c:1')]
      const seat = await b.joined('hall', 'chair')
      await a.joined('hall', 'guest')
      await b.emit(seat, 'chair joined', true)
      expect(await a.told(seat, 'chair left')).toBe('not_yours')
      await b.buriedBy(a)
      const story = ['chair joined', 'camera unpublished', 'chair left']
      expect(await a.told(seat, ...story)).toMatchObject({ taken: story.slice(1) })
      expect(await c.told(seat, ...story)).toMatchObject({ taken: [] })
      // What another heir knows besides would come behind the leaving.
      const more = ['chair joined', 'screen published', 'screen unpublished', 'chair left']
      expect(await c.told(seat, ...more)).toMatchObject({ taken: [] })
      expect(await storyOf(cluster, 'hall')).toEqual([roomEventId(seat.sid, 'room_started'), ...story])
    })

    it('ends a room behind the last leaving', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const one = await a.joined('hall', 'one')
      const two = await b.joined('hall', 'two')
      await b.mail()
      expect(await a.closeRoom(one.sid, 'deleted')).toEqual({ hasFinished: false })
      expect(await a.closeRoom(one.sid, 'other')).toEqual({ hasFinished: false })
      expect(await b.mail()).toEqual([{ type: 'closed', roomSid: one.sid, reason: 'deleted' }])
      expect((await cluster.record.roomByName('hall')).room).toBeNull()
      expect((await cluster.record.roomBySid(one.sid)).room).toMatchObject({ state: 'closing' })
      expect(await a.told(one, 'one left')).toMatchObject({ hasFinished: false })
      expect(await b.release(two)).toBe('released')
      expect(await b.told(two, 'two left')).toMatchObject({ hasFinished: true })
      expect(await b.told(two, 'two left')).toEqual({ taken: [], hasFinished: true })
      const sid = one.sid
      expect(await storyOf(cluster, 'hall')).toEqual([
        roomEventId(sid, 'room_started'),
        'one left',
        'two left',
        roomEventId(sid, 'room_finished'),
      ])
      const finished = (await cluster.record.nextEvents('hall', 10)).at(-1)
      expect(finished).toMatchObject({
        kind: 'room_finished',
        reason: 'deleted',
        writer: b.inst,
        body: 'room hall',
      })
      expect(await cluster.record.roomBySid(sid)).toMatchObject({ room: null, isOver: true })
      expect(await a.closeRoom(sid)).toEqual({ hasFinished: true })
    })

    it('lets a new room have the name while the old one ends', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const old = await a.joined('hall', 'chair')
      await a.closeRoom(old.sid)
      const now = await a.joined('hall', 'chair')
      expect(now.sid).not.toBe(old.sid)
      await a.told(old)
      expect((await cluster.record.roomByName('hall')).room).toMatchObject({ sid: now.sid, counted: 1 })
    })

    it('ends an empty room at once', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const made = draft('hall')
      await cluster.record.open({ ...(await a.call()), draft: made })
      expect(await a.closeRoom(made.sid)).toEqual({ hasFinished: true })
      expect(await a.closeRoom(newRoomId())).toEqual({ hasFinished: false })
      expect(await storyOf(cluster, 'hall')).toEqual([
        roomEventId(made.sid, 'room_started'),
        roomEventId(made.sid, 'room_finished'),
      ])
    })

    it('takes a leaving late, behind the end, rather than losing it', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const made = draft('hall')
      await cluster.record.open({ ...(await a.call()), draft: made })
      await a.closeRoom(made.sid)
      const unknown = { sid: made.sid, name: 'hall', psid: newParticipantId() }
      expect(await a.told(unknown, 'late left')).toEqual({ taken: ['late left'], hasFinished: true })
      expect(await a.told(unknown, 'late left')).toEqual({ taken: [], hasFinished: true })
      expect((await storyOf(cluster, 'hall')).at(-1)).toBe('late left')
      expect(await a.told({ ...unknown, sid: newRoomId() }, 'x')).toBe('no_room')
    })
  })
}
