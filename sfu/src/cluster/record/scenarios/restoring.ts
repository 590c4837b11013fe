/** Scenarios: an emptied record is filled by what its nodes remember. */
import { newId, newParticipantId, newRoomId } from '@diemcau/core/ids.ts'
import { describe, expect, it } from 'vitest'
import { RESTORE_WINDOW_MS } from '../cluster-record.ts'
import type { Claim, Incarnation, OwedEnding } from '../record-types.ts'
import { roomEventId } from '../record-types.ts'
import {
  done,
  draft,
  factsOf,
  type MakeRecord,
  type Seat,
  storyOf,
  TestCluster,
  type TestNode,
} from './test-cluster.ts'

/** A claim and its ending as the owner remembers them. */
const memoryOf = (seat: Seat, node: TestNode, options: Partial<OwedEnding> = {}) => {
  const { sid: roomSid, name: roomName, identity, psid, epoch } = seat
  const claim: Claim = { identity, psid, inst: node.inst, epoch, isCounted: true, isForwarded: false }
  const owed: OwedEnding = {
    ...claim,
    roomSid,
    roomName,
    isActive: false,
    version: 1,
    info: 'copy',
    ...options,
  }
  return { claim: { ...claim, roomSid }, owed }
}

const OPEN_AFTER_MS = RESTORE_WINDOW_MS + 50

export function describeRestoring(make: MakeRecord): void {
  describe('an emptied record', () => {
    it('begins an era at the first beat, and waits for the memory of its nodes', async () => {
      const cluster = await TestCluster.create(make, false)
      const none = await cluster.record.nodes()
      expect(none.era.id).toBe('')
      const a = await cluster.node('a:1')
      expect(a.era).not.toBe('')
      const { era, atMs } = await cluster.record.nodes()
      expect(era.openFromMs - atMs).toBeGreaterThan(RESTORE_WINDOW_MS - 1_000)
      expect(era.openFromMs - atMs).toBeLessThanOrEqual(RESTORE_WINDOW_MS)
      const b = await cluster.node('b:1')
      expect(b.era).toBe(a.era)
      expect((await a.join('hall', 'chair')).answer.outcome).toBe('waiting')
      expect((await cluster.record.sweep(await a.call())).outcome).toBe('waiting')
      const grave = { ...(await a.call()), dead: b.inst, count: 1 }
      expect((await cluster.record.bury(grave)).outcome).toBe('waiting')
      await cluster.pass(OPEN_AFTER_MS)
      await a.joined('hall', 'chair')
    })

    it('takes nothing from who has not restored, and says so', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const before = a.era
      await cluster.empty()
      expect((await a.join('hall', 'chair')).answer).toMatchObject({ outcome: 'new_era', era: { id: '' } })
      const { era } = await a.beat()
      expect(era.id).not.toBe(before)
      expect((await a.join('hall', 'chair')).answer.outcome).toBe('new_era')
      const memory = { ...(await a.call()), burials: [], over: [], rooms: [], ended: [] }
      const rest = { claims: [], owed: [], kept: [], revoked: [], events: [] }
      expect((await cluster.record.restore({ ...memory, ...rest })).outcome).toBe('new_era')
      await a.restore()
      expect((await a.join('hall', 'chair')).answer.outcome).toBe('waiting')
    })

    it('begins anew in another life of its server, though it seems to have everything', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const chair = await a.joined('hall', 'chair')
      const before = a.era
      await cluster.beginAnotherLife()
      // What it does not say may be true all the same: whoever reads is told that there is no era.
      expect((await cluster.record.roomByName('hall')).era.id).toBe('')
      expect((await a.join('hall', 'guest')).answer).toMatchObject({ outcome: 'new_era', era: { id: '' } })
      const { era, atMs } = await a.beat()
      expect(era.id).not.toBe(before)
      expect(era.openFromMs - atMs).toBeGreaterThan(RESTORE_WINDOW_MS - 1_000)
      expect((await a.join('hall', 'guest')).answer.outcome).toBe('new_era')
      // The seat that is there stays as it is; what was lost comes beside it.
      const revoked = [{ roomName: 'hall', identity: 'guest', beforeS: 2_000 }]
      const { claim, owed } = memoryOf(chair, a)
      expect(await a.restore({ claims: [claim], owed: [owed], revoked })).toEqual({ lost: [], closed: [] })
      expect((await a.join('hall', 'guest')).answer.outcome).toBe('waiting')
      await cluster.pass(OPEN_AFTER_MS)
      const guest = (await a.join('hall', 'guest', { tokenFromS: 1_000 })).answer
      expect(done(guest)).toEqual({ is: 'refused', why: 'revoked' })
      expect((await cluster.record.claims(chair.sid)).claims).toMatchObject([{ epoch: chair.epoch }])
      expect(await storyOf(cluster, 'hall')).toEqual([roomEventId(chair.sid, 'room_started')])
    })

    it('has rooms, claims, facts, revocations and events again', async () => {
      const cluster = await TestCluster.create(make, false)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const hall = draft('hall', { maxParticipants: 2 })
      const seat = { sid: hall.sid, name: 'hall', identity: 'chair', psid: newParticipantId(), epoch: 5_000 }
      const mine = memoryOf(seat, a, { isActive: true })
      const event = { id: 'chair joined', body: 'x' }
      const memory = {
        rooms: [factsOf(hall, { rev: 3, epoch: 5_000 })],
        claims: [mine.claim],
        owed: [mine.owed],
        kept: [{ roomSid: hall.sid, identity: 'chair', kept: { rev: 4, body: 'muted' } }],
        revoked: [{ roomName: 'hall', identity: 'gone', beforeS: 2_000 }],
        events: [{ roomSid: hall.sid, roomName: 'hall', event }],
      }
      expect(await a.restore(memory)).toEqual({ lost: [], closed: [] })
      expect(await a.restore(memory)).toEqual({ lost: [], closed: [] })
      await cluster.pass(OPEN_AFTER_MS)
      const { room } = await cluster.record.roomByName('hall')
      expect(room).toMatchObject({
        sid: hall.sid,
        rev: 3,
        counted: 1,
        holding: 1,
        nodes: [a.inst],
        idleAtMs: null,
      })
      expect(room!.createdMs).toBe(1_000_000)
      expect(await storyOf(cluster, 'hall')).toEqual([roomEventId(hall.sid, 'room_started'), 'chair joined'])
      const gone = (await b.join('hall', 'gone', { tokenFromS: 1_000 })).answer
      expect(done(gone)).toEqual({ is: 'refused', why: 'revoked' })
      const back = await b.join('hall', 'chair')
      expect(done(back.answer)).toMatchObject({ is: 'claimed', kept: { rev: 4 }, former: { epoch: 5_000 } })
      expect(await a.emit(seat, 'chair joined', true)).toBe('had')
    })

    it('gives a claim to the higher epoch, whoever comes first', async () => {
      const cluster = await TestCluster.create(make, false)
      const [a, b, c] = [await cluster.node('a:1'), await cluster.node('b:1'), await cluster.node('c:1')]
      const hall = draft('hall')
      const rooms = [factsOf(hall)]
      const seat = { sid: hall.sid, name: 'hall', identity: 'chair', psid: newParticipantId() }
      const restore = (node: TestNode, epoch: number) => {
        const { claim, owed } = memoryOf({ ...seat, psid: newParticipantId(), epoch }, node)
        return node.restore({ rooms, claims: [claim], owed: [owed] })
      }
      await restore(a, 20)
      expect((await restore(b, 10)).lost).toMatchObject([{ identity: 'chair', epoch: 20 }])
      expect((await restore(c, 30)).lost).toEqual([])
      const { claims } = await cluster.record.claims(hall.sid)
      expect(claims).toMatchObject([{ inst: c.inst, epoch: 30 }])
      expect((await a.mail()).filter(({ type }) => type === 'lost')).toMatchObject([{ epoch: 30 }])
      const { room } = await cluster.record.roomBySid(hall.sid)
      expect(room).toMatchObject({ counted: 1, holding: 1, epoch: 30 })
      for (const node of [a, b, c]) expect((await cluster.record.owedBy(node.inst)).owed).toHaveLength(1)
    })

    it('keeps the newer state of a room', async () => {
      const cluster = await TestCluster.create(make, false)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const hall = draft('hall')
      await a.restore({ rooms: [factsOf(hall, { rev: 2, body: 'second', epoch: 9 })] })
      await b.restore({ rooms: [factsOf(hall, { rev: 3, body: 'third', epoch: 7, isStartDelivered: true })] })
      await a.restore({ rooms: [factsOf(hall, { rev: 1, body: 'first' })] })
      const { room } = await cluster.record.roomBySid(hall.sid)
      expect(room).toMatchObject({ rev: 3, body: 'third', epoch: 9, isStartDelivered: true })
    })

    it('tells no room_started again that somebody knows to be delivered', async () => {
      const cluster = await TestCluster.create(make, false)
      const a = await cluster.node('a:1')
      const hall = draft('hall')
      await a.restore({ rooms: [factsOf(hall, { isStartDelivered: true })] })
      await a.restore({ rooms: [factsOf(hall)] })
      expect(await storyOf(cluster, 'hall')).toEqual([])
    })

    it('lets the older of two rooms of a name stay', async () => {
      const cluster = await TestCluster.create(make, false)
      const [a, b, c] = [await cluster.node('a:1'), await cluster.node('b:1'), await cluster.node('c:1')]
      const [old, young, youngest] = [draft('hall'), draft('hall'), draft('hall')]
      const seat = { sid: young.sid, name: 'hall', identity: 'chair', psid: newParticipantId(), epoch: 5 }
      const { claim, owed } = memoryOf(seat, b)
      const answer = await b.restore({
        rooms: [factsOf(young, { createdMs: 2_000 })],
        claims: [claim],
        owed: [owed],
      })
      expect(answer.closed).toEqual([])
      expect((await a.restore({ rooms: [factsOf(old, { createdMs: 1_000 })] })).closed).toEqual([])
      expect(await b.mail()).toContainEqual({ type: 'closed', roomSid: young.sid, reason: 'duplicate' })
      const last = await c.restore({ rooms: [factsOf(youngest, { createdMs: 3_000 })] })
      expect(last.closed).toEqual([{ roomSid: youngest.sid, reason: 'duplicate' }])
      expect((await cluster.record.roomByName('hall')).room).toMatchObject({ sid: old.sid })
      await cluster.pass(OPEN_AFTER_MS)
      expect((await a.sweep()).finished).toContain(youngest.sid)
      expect(await b.told(seat, 'chair left')).toMatchObject({ hasFinished: true })
    })

    it('ends a closing room when the window is over and nothing is owed', async () => {
      const cluster = await TestCluster.create(make, false)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const hall = draft('hall')
      await a.restore({ rooms: [factsOf(hall, { state: 'closing', closeReason: 'deleted' })] })
      const event = { id: 'guest left', body: '' }
      await b.restore({
        rooms: [factsOf(hall)],
        events: [{ roomSid: hall.sid, roomName: 'hall', event }],
      })
      expect((await cluster.record.roomByName('hall')).room).toBeNull()
      expect((await cluster.record.roomBySid(hall.sid)).isOver).toBe(false)
      await cluster.pass(OPEN_AFTER_MS)
      expect(await b.sweep()).toEqual({ closed: [], finished: [hall.sid], orphans: [] })
      expect(await storyOf(cluster, 'hall')).toEqual([
        roomEventId(hall.sid, 'room_started'),
        'guest left',
        roomEventId(hall.sid, 'room_finished'),
      ])
      const finished = (await cluster.record.nextEvents('hall', 10)).at(-1)
      expect(finished!.reason).toBe('deleted')
    })

    it('brings no room back that somebody knows to be over', async () => {
      const cluster = await TestCluster.create(make, false)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const [hall, other] = [draft('hall'), draft('other')]
      await a.restore({ over: [hall.sid], rooms: [factsOf(other)] })
      expect((await b.restore({ rooms: [factsOf(hall)] })).closed).toMatchObject([{ roomSid: hall.sid }])
      await b.restore({ over: [other.sid] })
      expect((await cluster.record.openRooms(null)).rooms).toEqual([])
      expect((await cluster.record.roomBySid(other.sid)).isOver).toBe(true)
      expect((await cluster.record.roomBySid(other.sid)).room).toBeNull()
    })

    it('remembers burials and endings that were told', async () => {
      const cluster = await TestCluster.create(make, false)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const hall = draft('hall')
      const rooms = [factsOf(hall)]
      const told = { sid: hall.sid, name: 'hall', identity: 'told', psid: newParticipantId(), epoch: 7 }
      const owed = memoryOf(told, b).owed
      await b.restore({ rooms, owed: [owed] })
      await a.restore({ rooms, ended: [{ roomSid: hall.sid, psid: told.psid }], burials: [b.inst] })
      await a.restore({ rooms, owed: [owed] })
      expect((await cluster.record.owedBy(b.inst)).owed).toEqual([])
      expect((await b.beat()).outcome).toBe('buried')
      expect((await cluster.record.nodes()).nodes.map(({ inst }) => inst)).toEqual([a.inst])
    })

    it('lets endings of a node be inherited that died with the record', async () => {
      const cluster = await TestCluster.create(make, false)
      const a = await cluster.node('a:1')
      const lost = newId<Incarnation>('ND_')
      const hall = draft('hall')
      const psid = newParticipantId()
      const claim = { identity: 'x', psid, inst: lost, epoch: 9, isCounted: true, isForwarded: false }
      const owed = { ...claim, roomSid: hall.sid, roomName: 'hall', isActive: true, version: 1, info: 'copy' }
      await a.restore({ rooms: [factsOf(hall)], owed: [owed] })
      expect(done(await a.beat()).counts.get(lost)).toBe(0)
      await cluster.pass(OPEN_AFTER_MS)
      expect(done(await cluster.record.bury({ ...(await a.call()), dead: lost, count: 0 }))).toBe(
        'buried_now',
      )
      const endings = done(await cluster.record.inherit({ ...(await a.call()), dead: lost }))
      expect(endings).toMatchObject([{ psid, isActive: true, info: 'copy' }])
      await a.told({ sid: hall.sid, name: 'hall', psid }, 'x joined', 'x left')
      expect((await storyOf(cluster, 'hall')).slice(1)).toEqual(['x joined', 'x left'])
    })

    it('takes the newest copy of an ending, and forgets no activity', async () => {
      const cluster = await TestCluster.create(make, false)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const hall = draft('hall')
      const seat = { sid: hall.sid, name: 'hall', identity: 'x', psid: newParticipantId(), epoch: 7 }
      const rooms = [factsOf(hall)]
      await a.restore({ rooms, owed: [memoryOf(seat, a, { version: 5, info: 'five' }).owed] })
      await b.restore({ rooms, owed: [memoryOf(seat, a, { version: 4, info: 'four', isActive: true }).owed] })
      const { owed } = await cluster.record.owedOf(a.inst, seat.psid)
      expect(owed).toMatchObject([{ version: 5, info: 'five', isActive: true }])
    })

    it('ignores what belongs to rooms nobody has restored', async () => {
      const cluster = await TestCluster.create(make, false)
      const a = await cluster.node('a:1')
      const seat = { sid: newRoomId(), name: 'hall', identity: 'x', psid: newParticipantId(), epoch: 7 }
      const { claim, owed } = memoryOf(seat, a)
      expect(await a.restore({ claims: [claim], owed: [owed] })).toEqual({
        lost: [],
        closed: [{ roomSid: seat.sid, reason: '' }],
      })
      expect((await cluster.record.owedBy(a.inst)).owed).toEqual([])
    })
  })
}
