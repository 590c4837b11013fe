/** The record in a Redis that hangs, dies, forgets, is raced for and fails over. */
import { newId, newParticipantId, newRoomId, type ParticipantId } from '@diemcau/core/ids.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { noRedisServer, RedisSentinel, RedisServer } from '../../../../testing/redis-server.ts'
import { silentLog } from '../../room/base/log.ts'
import { MOST_ENTRIES } from '../record/cluster-record.ts'
import type { Answer, Call, EraCall, Join } from '../record/record-calls.ts'
import type { Incarnation, RoomDraft } from '../record/record-types.ts'
import { RedisConnection } from './redis-connection.ts'
import { RedisRecord, type RedisRecordOptions } from './redis-record.ts'
import { RedisSteps } from './redis-steps.ts'
import { redisUrl } from './redis-url.ts'
import { openAtOnce } from './test-era.ts'

if (noRedisServer) console.warn(`redis-faults.int.test.ts is left out: ${noRedisServer}`)

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function startRedis(options: Parameters<typeof RedisServer.create>[0] = {}) {
  const redis = await RedisServer.create(options)
  closers.push(() => redis.close())
  return redis
}

const patient = { timeoutMs: 20_000 }

/** A record as one node has it, with that node. */
async function join(url: string, more: Partial<RedisRecordOptions> = patient) {
  const record = await RedisRecord.create({ target: redisUrl.parse(url), log: silentLog, ...more })
  closers.push(() => record.close())
  return new Node(record)
}

/** For what no step does: to look into Redis, and to be rough with it. */
async function adminOf(url: string) {
  const admin = await RedisConnection.create({ target: redisUrl.parse(url), log: silentLog, ...patient })
  closers.push(() => admin.close('test over'))
  return admin
}

class Node {
  readonly record: RedisRecord
  readonly inst = newId<Incarnation>('ND_')
  era = ''
  constructor(record: RedisRecord) {
    this.record = record
  }
  /** Says hello; resolves when the record is open and has its era. */
  async begin(): Promise<this> {
    await eventually(async () => {
      const beat = await this.record.beat({
        ...(await this.call()),
        host: this.inst,
        facts: '',
        load: '',
        heard: [],
      })
      this.era = beat.era.id
      return beat.atMs < beat.era.openFromMs ? 'the record waits' : null
    })
    return this
  }
  async call(leftMs = 60_000): Promise<EraCall> {
    return { inst: this.inst, era: this.era, deadlineMs: (await this.record.nodes()).atMs + leftMs }
  }
  joining(call: EraCall, identity: string, more: Partial<Join> = {}): Promise<Answer<unknown>> {
    const [psid, roomName] = [newParticipantId(), 'hall']
    const draft = draftOf(roomName)
    const rest = { isCounted: true, isForwarded: false, tokenFromS: null, epochSeen: 0, info: 'info' }
    return this.record.join({ ...call, psid, roomName, identity, draft, ...rest, ...more })
  }
}

const draftOf = (name: string): RoomDraft => ({
  sid: newRoomId(),
  name,
  maxParticipants: 0,
  emptyTimeoutMs: 60_000,
  departureTimeoutMs: 60_000,
  body: '{}',
})

function done<T>(answer: Answer<T>): T {
  if (answer.outcome !== 'done') expect.fail(`refused: ${answer.outcome}`)
  return answer.value
}

const whatIs = (value: unknown, wanted: unknown) => (value === wanted ? null : `it is ${String(value)}`)

describe.skipIf(noRedisServer)('the record in a Redis', () => {
  it('that hangs: what was given up is not done when it wakes', async () => {
    const redis = await startRedis()
    const admin = await adminOf(redis.url)
    await openAtOnce(admin)
    const node = await (await join(redis.url, { timeoutMs: 1_500 })).begin()
    const call = await node.call()
    done(await node.joining(call, 'before'))
    redis.pause()
    const given = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) => node.joining(call, `late ${i}`)),
    )
    for (const one of given)
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
    await expect(node.record.roomByName('hall')).rejects.toMatchObject({ code: 'unavailable' })
    redis.wake()
    await eventually(async () => whatIs((await node.record.roomByName('hall')).room?.counted, 1))
    // All thirty reached Redis: they are counted as calls, and none of them has a seat.
    await eventually(async () => {
      const stats = String(await admin.send(['INFO', 'commandstats']))
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1]) >= 32 ? null : 'they have not been read'
    })
    const sid = (await node.record.roomByName('hall')).room!.sid
    expect((await node.record.claims(sid)).claims.map(({ identity }) => identity)).toEqual(['before'])
    expect(await node.joining(await node.call(), 'late 3')).toMatchObject({ outcome: 'done' })
  })

  it('whose clock is set: calls go on, and only what is late for its caller is refused', async () => {
    const redis = await startRedis()
    const admin = await adminOf(redis.url)
    await openAtOnce(admin, 'the first')
    const steps = new RedisSteps(admin, 20_000)
    const inst = newId<Incarnation>('ND_')
    const { atMs } = await steps.read('nothing')
    const word = { roomName: 'hall', identity: 'guest', beforeS: 1, inst, era: 'the first' }
    const revoke = (deadlineMs: number) => steps.step('revoke', { ...word, deadlineMs } as Call)
    // As if Redis's clock had been set forward, or back, by an hour since we heard it.
    for (const leapMs of [-3_600_000, 3_600_000]) {
      admin.clock.measure(atMs + leapMs, performance.now())
      expect(await revoke(atMs + 60_000)).toMatchObject({ outcome: 'done' })
      expect(Math.abs(admin.clock.now()! - atMs)).toBeLessThan(60_000)
    }
    expect(await revoke(atMs - 1)).toMatchObject({ outcome: 'late' })
  })

  it('that is killed and comes back empty: a new era, told and open after its window', async () => {
    const redis = await startRedis()
    await openAtOnce(await adminOf(redis.url))
    const node = await (await join(redis.url)).begin()
    const chair = newParticipantId()
    done(await node.joining(await node.call(), 'chair', { psid: chair }))
    const { room } = await node.record.roomByName('hall')
    const { claims } = await node.record.claims(room!.sid)
    const former = node.era
    await redis.kill()
    await expect(node.call()).rejects.toMatchObject({ code: 'unavailable' })
    await redis.start()
    const call = await eventuallyGives(() => node.call())
    expect(await node.joining(call, 'guest')).toMatchObject({ outcome: 'new_era' })
    const beat = await node.record.beat({ ...call, host: node.inst, facts: '', load: '', heard: [] })
    expect(beat.era.id).not.toBe(former)
    expect(beat.era.openFromMs - beat.atMs).toBe(3_000)
    const now = { ...call, era: beat.era.id }
    expect(await node.joining(now, 'guest')).toMatchObject({ outcome: 'waiting' })
    const { counted, holding, nodes, idleAtMs, ...facts } = room!
    const nothing = { burials: [], over: [], ended: [], owed: [], kept: [], revoked: [], events: [] }
    const memory = { rooms: [facts], claims: claims.map(claim => ({ ...claim, roomSid: facts.sid })) }
    expect(done(await node.record.restore({ ...now, ...nothing, ...memory }))).toEqual({
      lost: [],
      closed: [],
    })
    await node.begin()
    expect(await node.joining(await node.call(), 'guest')).toMatchObject({
      value: { is: 'claimed', room: { sid: facts.sid, counted: 2 }, hasOpened: false },
    })
    // The same connection has the same claim, though its answer is of the time before.
    expect(await node.joining(await node.call(), 'chair', { psid: chair })).toMatchObject({
      value: { epoch: claims[0]!.epoch },
    })
  })

  it('has no connection left of incarnations that are read no more', async () => {
    const redis = await startRedis()
    const admin = await adminOf(redis.url)
    const node = await join(redis.url)
    for (let i = 0; i < 12; i++) await node.record.readInbox(newId<Incarnation>('ND_'), '0', 10, 0)
    const inboxes = async () =>
      String(await admin.send(['CLIENT', 'LIST'])).match(/name=diemcau-sfu-inbox/g)?.length ?? 0
    await eventually(async () => ((await inboxes()) <= 4 ? null : `${await inboxes()} are open`))
    await node.record.close()
    await eventually(async () => whatIs(await inboxes(), 0))
  })

  it('that forgets its scripts gets them again', async () => {
    const redis = await startRedis()
    const admin = await adminOf(redis.url)
    await openAtOnce(admin)
    const node = await (await join(redis.url)).begin()
    await admin.send(['SCRIPT', 'FLUSH'])
    const call = await node.call()
    await admin.send(['SCRIPT', 'FLUSH'])
    const answers = await Promise.all(['a', 'b', 'c'].map(identity => node.joining(call, identity)))
    expect(answers.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done'])
  })

  it('raced for by two nodes gives what is one to one', async () => {
    const redis = await startRedis()
    await openAtOnce(await adminOf(redis.url))
    const nodes = [await (await join(redis.url)).begin(), await (await join(redis.url)).begin()] as const
    const [a, b] = [await nodes[0].call(), await nodes[1].call()]
    const races = Array.from({ length: 300 }, (_, i) => i)
    const wins = { opened: 0, lastSeat: 0, changed: 0, emitted: 0, delivers: 0, closed: 0 }
    await Promise.all(
      races.map(async i => {
        const roomName = `room ${i}`
        // Both open the room, by people who are not the same and for whom there is one seat.
        const one = { roomName, draft: { ...draftOf(roomName), maxParticipants: 1 } }
        const joined = await Promise.all([
          nodes[0].joining(a, 'one', one),
          nodes[1].joining(b, 'other', { ...one, draft: { ...one.draft, sid: newRoomId() } }),
        ])
        const seats = joined.map(answer => done(answer) as { is: string; hasOpened?: boolean; why?: string })
        wins.opened += seats.filter(({ hasOpened }) => hasOpened).length
        wins.lastSeat += seats.filter(({ is }) => is === 'claimed').length
        expect(seats.filter(({ why }) => why === 'full')).toHaveLength(1)
        const { sid } = (await nodes[0].record.roomByName(roomName)).room!
        // Both are the same person: both are told so, and the last is the one.
        const same = await Promise.all([
          nodes[0].joining(a, 'same', { roomName, isCounted: false }),
          nodes[1].joining(b, 'same', { roomName, isCounted: false }),
        ])
        const epochs = same.map(answer => (done(answer) as { epoch: number }).epoch)
        expect(new Set(epochs).size).toBe(2)
        expect((await nodes[1].record.claimOf(sid, 'same')).claim?.epoch).toBe(Math.max(...epochs))
        const to = { maxParticipants: 5, emptyTimeoutMs: 1, departureTimeoutMs: 1 }
        const changed = await Promise.all([
          nodes[0].record.change({ ...a, roomSid: sid, ifRev: 1, to: { ...to, body: 'a' } }),
          nodes[1].record.change({ ...b, roomSid: sid, ifRev: 1, to: { ...to, body: 'b' } }),
        ])
        wins.changed += changed.filter(answer => done(answer).is === 'done').length
        const event = { id: 'once', body: '' }
        const emitted = await Promise.all([
          nodes[0].record.emit({ ...a, roomSid: sid, event }),
          nodes[1].record.emit({ ...b, roomSid: sid, event }),
        ])
        wins.emitted += emitted.filter(answer => done(answer) === 'taken').length
        const delivers = await Promise.all([
          nodes[0].record.takeDelivery({ ...a, roomName }),
          nodes[1].record.takeDelivery({ ...b, roomName }),
        ])
        wins.delivers += delivers.filter(answer => done(answer)).length
      }),
    )
    const { length } = races
    expect(wins).toEqual({
      ...wins,
      opened: length,
      lastSeat: length,
      changed: length,
      emitted: length,
      delivers: length,
    })
    // Each buries the other at the same time: one does.
    const { nodes: seen } = await nodes[0].record.nodes()
    const countOf = (inst: Incarnation) => seen.find(node => node.inst === inst)!.count
    const buried = await Promise.all([
      nodes[0].record.bury({ ...a, dead: nodes[1].inst, count: countOf(nodes[1].inst) }),
      nodes[1].record.bury({ ...b, dead: nodes[0].inst, count: countOf(nodes[0].inst) }),
    ])
    expect(buried.filter(answer => answer.outcome === 'done')).toHaveLength(1)
    expect(buried.filter(answer => answer.outcome === 'buried')).toHaveLength(1)
  })

  it('with a thousand people of a room is read, buried and inherited in steps of 200 at most', async () => {
    const redis = await startRedis()
    const admin = await adminOf(redis.url)
    await openAtOnce(admin)
    const [a, b] = [await (await join(redis.url)).begin(), await (await join(redis.url)).begin()]
    const call = await a.call()
    const people = Array.from({ length: 1_000 }, (_, i) => `person ${i}`)
    await Promise.all(people.map(async identity => done(await a.joining(call, identity))))
    const { room } = await b.record.roomByName('hall')
    expect(room).toMatchObject({ counted: 1_000, holding: 1_000, nodes: [a.inst] })
    const { claims } = await b.record.claims(room!.sid)
    expect(claims.map(({ identity }) => identity).sort()).toEqual(people.toSorted())
    const some = claims[500]!
    expect((await b.record.owedOf(a.inst, some.psid)).owed).toMatchObject([some])
    const byB = await b.call()
    const { nodes } = await b.record.nodes()
    const count = nodes.find(({ inst }) => inst === a.inst)!.count
    expect(done(await b.record.bury({ ...byB, dead: a.inst, count }))).toBe('buried_now')
    const told = new Set<ParticipantId>()
    for (;;) {
      const endings = done(await b.record.inherit({ ...byB, dead: a.inst }))
      if (endings === 'not_buried') expect.fail('it was buried')
      if (endings.length === 0) break
      expect(endings.length).toBeLessThanOrEqual(MOST_ENTRIES)
      await Promise.all(
        endings.map(async ({ psid, roomSid, roomName }) => {
          done(await b.record.told({ ...byB, roomSid, roomName, psid, events: [] }))
          told.add(psid)
        }),
      )
    }
    expect(told.size).toBe(1_000)
    expect((await b.record.roomByName('hall')).room).toMatchObject({ counted: 0, holding: 0, nodes: [] })
    expect((await b.record.claims(room!.sid)).claims).toEqual([])
    // A step holds up all of Redis: by its own measure they are short, in the mean.
    const stats = String(await admin.send(['INFO', 'commandstats']))
    expect(Number(/cmdstat_evalsha:.*usec_per_call=([\d.]+)/.exec(stats)?.[1])).toBeLessThan(5_000)
  })

  it('is emptied of all that belonged to a room that is over', async () => {
    const redis = await startRedis()
    const admin = await adminOf(redis.url)
    await openAtOnce(admin)
    const [a, b] = [await (await join(redis.url)).begin(), await (await join(redis.url)).begin()]
    const [byA, byB] = [await a.call(), await b.call()]
    const keys = async () => ((await admin.send(['KEYS', '*'])) as string[]).toSorted()
    const before = (await keys()).filter(key => !key.startsWith('sfu:in:'))
    const psids: ParticipantId[] = []
    for (const [node, call] of [
      [a, byA],
      [b, byB],
    ] as const) {
      const psid = newParticipantId()
      done(await node.joining(call, node.inst, { psid }))
      psids.push(psid)
    }
    const { sid } = (await a.record.roomByName('hall')).room!
    done(await a.record.keep({ ...byA, roomSid: sid, identity: 'chair', kept: { rev: 1, body: '' } }))
    done(await a.record.closeRoom({ ...byA, roomSid: sid, reason: 'deleted' }))
    done(
      await a.record.told({
        ...byA,
        roomSid: sid,
        roomName: 'hall',
        psid: psids[0]!,
        events: [{ id: 'left', body: '' }],
      }),
    )
    expect(
      done(await b.record.told({ ...byB, roomSid: sid, roomName: 'hall', psid: psids[1]!, events: [] })),
    ).toMatchObject({
      hasFinished: true,
    })
    const events = await a.record.nextEvents('hall', 100)
    expect(events.map(({ kind }) => kind)).toEqual(['room_started', 'other', 'room_finished'])
    done(
      await a.record.delivered({ ...byA, roomName: 'hall', entryIds: events.map(({ entryId }) => entryId) }),
    )
    const after = (await keys()).filter(key => !key.startsWith('sfu:in:'))
    // Both are remembered for a day.
    expect(after).toEqual([...before, `sfu:wi:${sid}`, `sfu:x:${sid}`].toSorted())
    for (const key of [`sfu:wi:${sid}`, `sfu:x:${sid}`]) {
      const leftS = Number(await admin.send(['TTL', key]))
      expect(leftS).toBeGreaterThan(86_000)
    }
  })

  it('that is killed and has written to disk has all it had, in a new era', async () => {
    const redis = await startRedis({ settings: { appendonly: 'yes' } })
    const admin = await adminOf(redis.url)
    await openAtOnce(admin)
    const node = await (await join(redis.url)).begin()
    done(await node.joining(await node.call(), 'chair'))
    const former = node.era
    await redis.kill()
    await redis.start()
    const call = await eventuallyGives(() => node.call())
    // It cannot know whether it has everything.
    expect(await node.joining(call, 'guest')).toMatchObject({ outcome: 'new_era', era: { id: '' } })
    await node.begin()
    expect(node.era).not.toBe(former)
    expect(await node.joining(await node.call(), 'guest')).toMatchObject({
      value: { is: 'claimed', room: { counted: 2 } },
    })
  })

  it('that starts from a dump of a while ago takes back what was written since, before it answers anybody', async () => {
    const redis = await startRedis()
    const admin = await adminOf(redis.url)
    await openAtOnce(admin)
    const node = await (await join(redis.url)).begin()
    const call = await node.call()
    const psid = newParticipantId()
    done(await node.joining(call, 'chair', { psid }))
    const { sid } = (await node.record.roomByName('hall')).room!
    await admin.send(['SAVE'])
    const word = { roomName: 'hall', identity: 'guest', beforeS: 2_000 }
    const kept = { roomSid: sid, identity: 'chair', kept: { rev: 7, body: 'muted' } }
    done(await node.record.revoke({ ...call, ...word }))
    done(await node.record.keep({ ...call, ...kept }))
    done(await node.record.told({ ...call, roomSid: sid, roomName: 'hall', psid, events: [] }))
    await redis.kill()
    await redis.start()
    const late = await eventuallyGives(() => node.call())
    expect((await node.record.claims(sid)).claims).toMatchObject([{ psid }])
    // Without this, the token that was taken back would open the room again.
    expect(await node.joining(late, 'guest', { tokenFromS: 1_000 })).toMatchObject({ outcome: 'new_era' })
    const beat = await node.record.beat({ ...late, host: node.inst, facts: '', load: '', heard: [] })
    const now = { ...late, era: beat.era.id }
    expect(await node.joining(now, 'guest', { tokenFromS: 1_000 })).toMatchObject({ outcome: 'waiting' })
    const nothing = { burials: [], over: [], rooms: [], claims: [], owed: [], events: [] }
    const memory = { ended: [{ roomSid: sid, psid }], revoked: [word], kept: [kept] }
    done(await node.record.restore({ ...now, ...nothing, ...memory }))
    await node.begin()
    expect(await node.joining(await node.call(), 'guest', { tokenFromS: 1_000 })).toMatchObject({
      value: { is: 'refused', why: 'revoked' },
    })
    expect((await node.record.claims(sid)).claims).toEqual([])
    expect(await node.joining(await node.call(), 'chair')).toMatchObject({ value: { kept: kept.kept } })
  })

  it('that fails over to a copy has what the copy had, and takes back what it had not', async () => {
    const first = await startRedis()
    const second = await startRedis({ replicaOf: first })
    const sentinel = await RedisSentinel.create(first)
    closers.push(() => sentinel.close())
    const admin = await adminOf(first.url)
    await openAtOnce(admin)
    let ups = 0
    const listener = { handleUp: () => void ups++, handleAway: () => {} }
    const url = `redis+sentinel://127.0.0.1:${sentinel.port}/diemcau`
    const node = await (await join(url, { ...patient, listener })).begin()
    done(await node.joining(await node.call(), 'chair'))
    await eventually(async () => whatIs(await admin.send(['WAIT', '1', '100']), 1))
    await eventually(() => sentinel.whatIsMissing(1))
    // What the server takes from here on does not reach the copy, not even its socket.
    second.pause()
    await admin.send(['CLIENT', 'KILL', 'TYPE', 'replica'])
    const unlucky = newParticipantId()
    done(await node.joining(await node.call(), 'unlucky', { psid: unlucky }))
    const { sid } = (await node.record.roomByName('hall')).room!
    const { claim } = await node.record.claimOf(sid, 'unlucky')
    await first.kill()
    second.wake()
    await eventually(() => whatIs(ups, 2), 30_000)
    const call = await eventuallyGives(() => node.call())
    expect((await node.record.roomByName('hall')).room).toMatchObject({ sid, counted: 1 })
    expect((await node.record.claimOf(sid, 'unlucky')).claim).toBeNull()
    const beat = await node.record.beat({ ...call, host: node.inst, facts: '', load: '', heard: [] })
    expect(beat.era.id).not.toBe(call.era)
    const now = { ...call, era: beat.era.id }
    const nothing = {
      burials: [],
      over: [],
      rooms: [],
      ended: [],
      owed: [],
      kept: [],
      revoked: [],
      events: [],
    }
    const restored = await node.record.restore({ ...now, ...nothing, claims: [{ ...claim!, roomSid: sid }] })
    expect(done(restored)).toEqual({ lost: [], closed: [] })
    expect((await node.record.claimOf(sid, 'unlucky')).claim).toEqual(claim)
    await node.begin()
    const next = done(await node.joining(await node.call(), 'guest')) as {
      epoch: number
      room: { counted: number }
    }
    expect(next.room.counted).toBe(3)
    expect(next.epoch).toBeGreaterThan(claim!.epoch)
  })
})

/** Asks until there is an answer. */
async function eventuallyGives<T>(give: () => Promise<T>): Promise<T> {
  let given: { value: T } | undefined
  await eventually(async () => {
    given = { value: await give() }
    return null
  }, 30_000)
  return given!.value
}
