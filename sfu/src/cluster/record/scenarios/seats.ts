/** Scenarios: rooms are opened, claims taken, replaced and given back. */
import { newParticipantId, newRoomId } from '@diemcau/core/ids.ts'
import { describe, expect, it } from 'vitest'
import {
  claimed,
  done,
  draft,
  type MakeRecord,
  type RecordAbilities,
  storyOf,
  TestCluster,
} from './test-cluster.ts'

export function describeSeats(make: MakeRecord, { canLeap }: RecordAbilities): void {
  describe('seats', () => {
    it('opens a room by its first join, with room_started before all else', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const { answer } = await a.join('hall', 'chair', { draft: draft('hall', { body: 'options' }) })
      const { room, hasOpened, former } = claimed(answer)
      expect({ hasOpened, former }).toEqual({ hasOpened: true, former: null })
      expect(room).toMatchObject({
        name: 'hall',
        state: 'open',
        rev: 1,
        counted: 1,
        holding: 1,
        nodes: [a.inst],
      })
      expect(room).toMatchObject({ body: 'options', idleAtMs: null, isStartDelivered: false })
      const [started] = await cluster.record.nextEvents('hall', 10)
      expect(started).toMatchObject({
        kind: 'room_started',
        roomSid: room.sid,
        body: 'options',
        writer: a.inst,
      })
      const second = await a.join('hall', 'guest')
      expect(claimed(second.answer)).toMatchObject({ hasOpened: false, room: { sid: room.sid, counted: 2 } })
      expect(await storyOf(cluster, 'hall')).toHaveLength(1)
    })

    it('opens none where none may be made', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const { answer } = await a.join('hall', 'chair', { draft: null })
      expect(done(answer)).toEqual({ is: 'refused', why: 'no_room' })
    })

    it('opens a room without anybody, once', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const made = draft('hall')
      const open = async (of = made) => done(await cluster.record.open({ ...(await a.call()), draft: of }))
      expect(await open()).toMatchObject({ hasOpened: true, room: { sid: made.sid, counted: 0 } })
      expect(await open()).toMatchObject({ hasOpened: false, room: { sid: made.sid } })
      expect(await open(draft('hall'))).toMatchObject({ hasOpened: false, room: { sid: made.sid } })
      expect(await storyOf(cluster, 'hall')).toHaveLength(1)
      expect((await a.joined('hall', 'chair')).sid).toBe(made.sid)
    })

    it('never opens a sid a second time', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const made = draft('hall')
      done(await cluster.record.open({ ...(await a.call()), draft: made }))
      expect(await a.closeRoom(made.sid)).toEqual({ hasFinished: true })
      expect(done(await cluster.record.open({ ...(await a.call()), draft: made }))).toBeNull()
      const { answer } = await a.join('hall', 'chair', { draft: made })
      expect(done(answer)).toEqual({ is: 'refused', why: 'sid_used' })
    })

    it('answers the same epoch to the same connection', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const first = await a.join('hall', 'chair')
      const again = await cluster.record.join(first.call)
      expect(claimed(again).epoch).toBe(claimed(first.answer).epoch)
      expect(claimed(again).room.counted).toBe(1)
      expect(claimed(again).hasOpened).toBe(false)
    })

    it('gives a claim to the newest connection with a higher epoch and tells the former owner', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const old = await a.joined('hall', 'chair')
      await a.mail()
      const { answer, psid } = await b.join('hall', 'chair')
      const { epoch, former, room } = claimed(answer)
      expect(epoch).toBeGreaterThan(old.epoch)
      expect(former).toMatchObject({ psid: old.psid, inst: a.inst, epoch: old.epoch })
      expect(room.counted).toBe(1)
      const { claims } = await cluster.record.claims(old.sid)
      expect(claims).toMatchObject([{ psid, inst: b.inst, epoch }])
      expect(await a.mail()).toEqual([
        { type: 'entered', roomSid: old.sid, inst: b.inst },
        { type: 'lost', roomSid: old.sid, identity: 'chair', psid: old.psid, epoch },
      ])
      const { owed } = await cluster.record.owedBy(a.inst)
      expect(owed.map(({ psid }) => psid)).toEqual([old.psid])
    })

    it('tells the former owner also when it is the caller', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const old = await a.joined('hall', 'chair')
      const { epoch, sid } = await a.joined('hall', 'chair')
      expect(await a.mail()).toEqual([
        { type: 'lost', roomSid: sid, identity: 'chair', psid: old.psid, epoch },
      ])
    })

    it('takes the claim from nobody when an older connection asks again', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const old = await a.join('hall', 'chair')
      const { epoch } = claimed(old.answer)
      const newer = await b.joined('hall', 'chair')
      const again = done(await cluster.record.join(old.call))
      expect(again).toMatchObject({ is: 'lost', epoch, newest: newer.epoch })
    })

    it('gives no claim again to who has ended', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const { call, answer, psid } = await a.join('hall', 'chair')
      const { epoch, room } = claimed(answer)
      const seat = { sid: room.sid, name: 'hall', identity: 'chair', psid, epoch }
      expect(await a.release(seat)).toBe('released')
      expect(done(await cluster.record.join(call))).toEqual({ is: 'refused', why: 'ended' })
      await a.told(seat)
      expect(done(await cluster.record.join(call))).toEqual({ is: 'refused', why: 'ended' })
      expect((await cluster.record.claims(room.sid)).claims).toEqual([])
    })

    it('makes epochs higher than any the caller or the room has seen, and than its clock', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const before = await cluster.now()
      const first = await a.joined('hall', 'one')
      expect(first.epoch).toBeGreaterThan(before)
      const seen = first.epoch + 1_000_000
      const second = await a.joined('hall', 'two', { epochSeen: seen })
      expect(second.epoch).toBe(seen + 1)
      expect((await a.joined('hall', 'three')).epoch).toBe(seen + 2)
    })

    it('releases only the claim that is meant', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const old = await a.joined('hall', 'chair')
      const now = await b.joined('hall', 'chair')
      expect(await a.release(old)).toBe('not_held')
      expect(await b.release({ ...now, epoch: old.epoch })).toBe('not_held')
      expect((await cluster.record.claimOf(now.sid, 'chair')).claim).toMatchObject({ epoch: now.epoch })
      expect(await b.release(now)).toBe('released')
      expect(await b.release(now)).toBe('not_held')
      expect((await cluster.record.claimOf(now.sid, 'chair')).claim).toBeNull()
    })

    it('releases by the connection alone when its join was never answered', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const seat = await a.joined('hall', 'chair')
      const { owed } = await cluster.record.owedOf(a.inst, seat.psid)
      expect(owed).toMatchObject([{ roomSid: seat.sid, identity: 'chair' }])
      const { identity, psid, sid } = seat
      const call = { ...(await a.call()), roomSid: sid, identity, epoch: null }
      expect(done(await cluster.record.release({ ...call, psid: newParticipantId() }))).toBe('not_held')
      expect(done(await cluster.record.release({ ...call, psid }))).toBe('released')
    })

    it('takes no more counted people than the room may have, and everybody back to a seat of their own', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const small = { draft: draft('hall', { maxParticipants: 2 }) }
      const one = await a.joined('hall', 'one', small)
      await a.joined('hall', 'two')
      expect(done((await b.join('hall', 'three')).answer)).toEqual({ is: 'refused', why: 'full' })
      await b.joined('hall', 'recorder', { isCounted: false })
      await b.joined('hall', 'one')
      expect((await cluster.record.roomBySid(one.sid)).room).toMatchObject({ counted: 2, holding: 3 })
    })

    it('lets somebody back to their seat in a room that has more than it may', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const { sid } = await a.joined('hall', 'one')
      await a.joined('hall', 'two')
      await a.joined('hall', 'three')
      const to = { ...draft('hall'), maxParticipants: 2 }
      done(await cluster.record.change({ ...(await a.call()), roomSid: sid, ifRev: 1, to }))
      await a.joined('hall', 'two')
      expect(done((await a.join('hall', 'four')).answer)).toEqual({ is: 'refused', why: 'full' })
    })

    it('refuses tokens from before a revocation, also after the room has ended', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const seat = await a.joined('hall', 'chair', { tokenFromS: 1_000 })
      const revoke = async (beforeS: number) =>
        done(
          await cluster.record.revoke({ ...(await a.call()), roomName: 'hall', identity: 'chair', beforeS }),
        )
      await revoke(2_000)
      await revoke(1_500)
      const refused = { is: 'refused', why: 'revoked' }
      expect(done((await a.join('hall', 'chair', { tokenFromS: 1_999 })).answer)).toEqual(refused)
      const second = { owner: 'chair', tokenFromS: 1_999 }
      expect(done((await a.join('hall', 'chair/2', second)).answer)).toEqual(refused)
      await a.closeRoom(seat.sid)
      await a.told(seat)
      expect(done((await a.join('hall', 'chair', { tokenFromS: 1_999 })).answer)).toEqual(refused)
      expect((await cluster.record.roomByName('hall')).room).toBeNull()
      await a.joined('hall', 'chair', { tokenFromS: 2_000 })
    })

    it('answers a join again that was answered before its token was revoked', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const { call, answer } = await a.join('hall', 'chair', { tokenFromS: 1_000 })
      const revocation = { roomName: 'hall', identity: 'chair', beforeS: 2_000 }
      done(await cluster.record.revoke({ ...(await a.call()), ...revocation }))
      expect(claimed(await cluster.record.join(call)).epoch).toBe(claimed(answer).epoch)
    })

    it('keeps what is newer, and gives it to the next connection', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const seat = await a.joined('hall', 'chair')
      const keep = async (rev: number, by = a) => {
        const kept = { rev, body: `kept ${rev}` }
        const call = { ...(await by.call()), roomSid: seat.sid, identity: 'chair', kept }
        return done(await cluster.record.keep(call))
      }
      expect(await keep(2)).toEqual({ keptRev: 2 })
      expect(await keep(1, b)).toEqual({ keptRev: 2 })
      expect(await keep(3, b)).toEqual({ keptRev: 3 })
      expect(claimed((await b.join('hall', 'chair')).answer).kept).toEqual({ rev: 3, body: 'kept 3' })
      const nowhere = { ...(await a.call()), roomSid: newRoomId(), identity: 'chair' }
      expect(done(await cluster.record.keep(nowhere))).toBe('no_room')
    })

    it('keeps the newest info of the owner only', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const { sid, psid } = await a.joined('hall', 'chair')
      const keep = async (by: typeof a, version: number) => {
        const seat = { psid, version, info: `info ${version}` }
        return done(
          await cluster.record.keep({ ...(await by.call()), roomSid: sid, identity: 'chair', seat }),
        )
      }
      expect(await keep(a, 5)).toEqual({ keptRev: 0 })
      await keep(a, 4)
      await keep(b, 9)
      const { owed } = await cluster.record.owedOf(a.inst, psid)
      expect(owed).toMatchObject([{ version: 5, info: 'info 5' }])
    })

    it('changes a room once, and tells its other nodes', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const { sid } = await a.joined('hall', 'one')
      await b.joined('hall', 'two')
      await b.mail()
      const change = async (ifRev: number, body: string) => {
        const to = { maxParticipants: 3, emptyTimeoutMs: 1, departureTimeoutMs: 2, body }
        return done(await cluster.record.change({ ...(await a.call()), roomSid: sid, ifRev, to }))
      }
      expect(await change(1, 'new')).toMatchObject({
        is: 'done',
        room: { rev: 2, body: 'new', maxParticipants: 3 },
      })
      expect(await change(1, 'new')).toMatchObject({ is: 'done', room: { rev: 2 } })
      expect(await change(1, 'other')).toMatchObject({ is: 'stale', room: { rev: 2, body: 'new' } })
      expect(await b.mail()).toEqual([{ type: 'changed', roomSid: sid, rev: 2 }])
      await a.closeRoom(sid)
      expect(
        done(
          await cluster.record.change({ ...(await a.call()), roomSid: newRoomId(), ifRev: 1, to: draft('') }),
        ),
      ).toEqual({
        is: 'no_room',
      })
    })

    it('has the nodes that entered, until they exit with nobody inside', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const seat = await a.joined('hall', 'one')
      const roomSid = seat.sid
      const enter = async () => done(await cluster.record.enter({ ...(await b.call()), roomSid }))
      const exit = async (by: typeof a) => done(await cluster.record.exit({ ...(await by.call()), roomSid }))
      expect((await enter())!.nodes.sort()).toEqual([a.inst, b.inst].sort())
      await enter()
      expect(await a.mail()).toEqual([{ type: 'entered', roomSid, inst: b.inst }])
      expect(await exit(a)).toBe('held')
      await a.release(seat)
      expect(await exit(a)).toBe('done')
      expect(await exit(a)).toBe('done')
      expect((await cluster.record.roomBySid(roomSid)).room!.nodes).toEqual([b.inst])
      expect(await b.mail()).toEqual([{ type: 'exited', roomSid, inst: a.inst }])
    })

    it('makes no more rooms than so many for each living node, and lets everybody into those there are', async () => {
      const cluster = await TestCluster.create(make)
      const [a, b] = [await cluster.node('a:1'), await cluster.node('b:1')]
      const bound = { mostRooms: 1 }
      const open = async (name: string) =>
        done(await cluster.record.open({ ...(await a.call()), draft: draft(name), ...bound }))
      expect(await open('one')).toMatchObject({ hasOpened: true })
      await b.joined('two', 'an', bound)
      expect(await open('three')).toBe('too_many')
      const refused = (await a.join('three', 'an', bound)).answer
      expect(done(refused)).toEqual({ is: 'refused', why: 'too_many' })
      expect(await open('two')).toMatchObject({ hasOpened: false })
      await a.joined('one', 'an', bound)
      await cluster.node('c:1')
      expect(await open('three')).toMatchObject({ hasOpened: true })
      await b.buriedBy(a)
      expect(await open('four')).toBe('too_many')
    })

    it('closes a room nobody came to, and one everybody has left, in their time', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const made = draft('empty')
      done(await cluster.record.open({ ...(await a.call()), draft: made }))
      const seat = await a.joined('hall', 'one')
      const twin = await a.joined('hall', 'elsewhere', { isForwarded: true, isCounted: false })
      expect(await a.sweep()).toEqual({ closed: [], finished: [], orphans: [] })
      await cluster.pass(600)
      expect(await a.sweep()).toEqual({ closed: [made.sid], finished: [made.sid], orphans: [] })
      await a.release(seat)
      expect((await cluster.record.roomBySid(seat.sid)).room).toMatchObject({ holding: 0 })
      await cluster.pass(400)
      expect(await a.sweep()).toEqual({ closed: [seat.sid], finished: [], orphans: [] })
      expect((await cluster.record.roomBySid(seat.sid)).room).toMatchObject({ closeReason: 'idle' })
      await a.told(seat)
      expect(await a.told(twin)).toMatchObject({ hasFinished: true })
      expect((await cluster.record.roomBySid(seat.sid)).isOver).toBe(true)
    })

    it.runIf(canLeap)('stays as long as somebody is inside, and starts its time anew', async () => {
      const cluster = await TestCluster.create(make)
      const a = await cluster.node('a:1')
      const seat = await a.joined('hall', 'one')
      await a.release(seat)
      await cluster.pass(200)
      const back = await a.joined('hall', 'one')
      await cluster.pass(100_000)
      expect((await a.sweep()).closed).toEqual([])
      await a.release(back)
      await cluster.pass(200)
      expect((await a.sweep()).closed).toEqual([])
      await cluster.pass(200)
      expect((await a.sweep()).closed).toEqual([seat.sid])
    })
  })
}
