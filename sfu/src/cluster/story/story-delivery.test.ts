import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { RoomEndReason } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { silentLog } from '../../room/base/log.ts'
import { DELIVERY_LEASE_MS } from '../record/cluster-record.ts'
import type { Receiver } from './test-receiver.ts'
import { TestCluster } from './test-story.ts'

const untilToldAll = (cluster: TestCluster) =>
  eventually(async () => {
    const names = await cluster.undelivered()
    return names.length === 0 ? null : `undelivered: ${names}`
  }, 18_000)
const until = (receiver: Receiver, count: number) =>
  eventually(() => (receiver.story.length >= count ? null : `${receiver.words().join(', ')}`), 10_000)
const pass = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

describe('the delivery of webhooks', () => {
  it('brings a room from its start to its end, signed, whoever told it', async () => {
    const cluster = await TestCluster.create()
    const [a, b] = [await cluster.node(), await cluster.node()]
    const an = await a.joined('hall', 'an')
    await until(cluster.receiver, 2)
    const binh = await b.joined('hall', 'binh')
    await until(cluster.receiver, 3)
    const track = b.publish(binh)
    await until(cluster.receiver, 4)
    await Promise.all([a.close(an.roomSid, 'idle'), b.close(an.roomSid, 'idle')])
    await until(cluster.receiver, 8)
    const words = cluster.receiver.words(an.roomSid)
    expect(words.slice(0, 4)).toEqual([
      'room_started',
      'participant_joined an',
      'participant_joined binh',
      `track_published binh ${track.sid}`,
    ])
    expect(words.slice(4, 7).toSorted()).toEqual([
      'participant_left an',
      'participant_left binh',
      `track_unpublished binh ${track.sid}`,
    ])
    const [started, finished] = [cluster.receiver.story[0]!, cluster.receiver.story.at(-1)!]
    expect(started.id).toBe(`${an.roomSid}:room_started`)
    expect(started.room).toMatchObject({ sid: an.roomSid, name: 'hall', metadata: 'about hall' })
    expect(Number(started.createdAt) * 1000).toBeGreaterThan(Date.now() - 60_000)
    expect(finished).toMatchObject({
      event: 'room_finished',
      roomEndReason: RoomEndReason.ROOM_END_IDLE_TIMEOUT,
      room: { sid: an.roomSid, name: 'hall' },
    })
    await untilToldAll(cluster)
    await eventually(() => (a.teller.undelivered().length === 0 ? null : 'a remembers'))
    await eventually(() => (b.teller.undelivered().length === 0 ? null : 'b remembers'))
  })

  it('is quick, also when nodes take turns', async () => {
    const cluster = await TestCluster.create()
    const nodes = [await cluster.node(), await cluster.node(), await cluster.node()]
    await nodes[0]!.joined('hall', 'first')
    await untilToldAll(cluster)
    const delays: number[] = []
    for (let i = 0; i < 12; i++) {
      const count = cluster.receiver.story.length
      const since = performance.now()
      await nodes[i % 3]!.joined('hall', `delegate ${i}`)
      await eventually(() => (cluster.receiver.story.length > count ? null : 'not there'), 5_000, 2)
      delays.push(performance.now() - since)
    }
    // The median, since a busy machine may stop any one of them.
    expect(delays.toSorted((x, y) => x - y)[6]).toBeLessThan(200)
  })

  it('waits while the receiver is down, and brings all in their order afterwards', async () => {
    const cluster = await TestCluster.create()
    const [a, b] = [await cluster.node(), await cluster.node()]
    await cluster.receiver.down()
    const [an, binh] = [await a.joined('hall', 'an'), await b.joined('hall', 'binh')]
    for (let i = 0; i < 40; i++) {
      a.unpublish(an, a.publish(an))
      b.unpublish(binh, b.publish(binh))
    }
    a.leave(an)
    b.leave(binh)
    await eventually(() => (a.teller.waiting + b.teller.waiting === 0 ? null : 'not told'))
    const story = cluster.record.steps.state.streams.get('hall')!.map(({ id }) => id)
    expect(story).toHaveLength(1 + 2 * 82)
    await eventually(() => (a.delivery.pending + b.delivery.pending > 0 ? null : 'nobody tries'))
    expect(cluster.receiver.took).toEqual([])
    await cluster.receiver.up()
    await untilToldAll(cluster)
    expect(cluster.receiver.story.map(({ id }) => id)).toEqual(story)
    expect(cluster.receiver.repeats).toBe(0)
    expect([a.delivery.pending, b.delivery.pending, a.delivery.aside, b.delivery.aside]).toEqual([0, 0, 0, 0])
  })

  it('puts the oldest aside when more wait than the record is to bear, with one alarm, and brings the others in their order', async () => {
    const cluster = await TestCluster.create({ receivers: 2 })
    const [up, down] = cluster.receivers as [Receiver, Receiver]
    const alarms: object[] = []
    const log = { ...silentLog, error: (facts: object) => alarms.push(facts) }
    const node = await cluster.node({ mostKept: 60, log })
    await down.down()
    const an = await node.joined('hall', 'an')
    const pairs = (count: number) => {
      for (let i = 0; i < count; i++) node.unpublish(an, node.publish(an))
    }
    pairs(25)
    const allTaken = (count: number) =>
      eventually(() => (up.story.length >= count ? null : `${up.story.length}`), 30_000)
    await allTaken(52)
    await pass(2_000)
    // There is room for all of them.
    expect([node.delivery.aside, alarms]).toEqual([0, []])
    pairs(20)
    await eventually(() => (node.delivery.aside > 0 ? null : 'none aside'), 30_000)
    await allTaken(92)
    await eventually(async () => {
      const waiting = await cluster.record.waitingEvents('hall')
      return waiting <= 60 ? null : `${waiting} wait`
    }, 30_000)
    node.leave(an)
    await down.up()
    await untilToldAll(cluster)
    const file = path.join(node.dataDir, 'outbox', 'sfu-webhooks.overflow.aside')
    const aside = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { id: string; url: string; body: string })
    expect(aside).toHaveLength(node.delivery.aside)
    expect(new Set(aside.map(({ url }) => url))).toEqual(new Set([down.url]))
    expect(up.story).toHaveLength(93)
    // None is missing, none is there twice, and those that were sent are the newest.
    const ids = up.story.map(({ id }) => id)
    expect([...aside.map(({ id }) => id), ...down.story.map(({ id }) => id)]).toEqual(ids)
    expect(alarms).toEqual([{ room: 'hall', aside: aside.length, lost: 0, keptIn: file }])
    await eventually(() => (node.teller.undelivered().length === 0 ? null : 'it remembers'))
  }, 120_000)

  it('lets a receiver that is down hold back nobody but itself, and no other room', async () => {
    const cluster = await TestCluster.create({ receivers: 2 })
    const [up, down] = cluster.receivers as [Receiver, Receiver]
    const node = await cluster.node()
    await down.down()
    const an = await node.joined('hall', 'an')
    for (let i = 0; i < 120; i++) node.unpublish(an, node.publish(an))
    await until(up, 242)
    up.answer = ({ room }) => (room?.name === 'hall' ? 503 : 200)
    node.leave(an)
    await node.joined('other', 'binh')
    await until(up, 244)
    expect(up.words().slice(-2)).toEqual(['room_started', 'participant_joined binh'])
    expect(await cluster.undelivered()).toContain('hall')
    up.answer = () => 200
    await down.up()
    await untilToldAll(cluster)
    const hall = ({ room }: { room?: { name: string } }) => room?.name === 'hall'
    const idsOf = (receiver: Receiver) => receiver.story.filter(hall).map(({ id }) => id)
    expect(idsOf(up)).toHaveLength(243)
    expect(idsOf(down)).toEqual(idsOf(up))
    expect([up.repeats, down.repeats]).toEqual([0, 0])
  })

  it('puts aside what is refused for good, and goes on', async () => {
    const cluster = await TestCluster.create()
    cluster.receiver.answer = ({ event }) => (event === 'track_published' ? 422 : 200)
    const node = await cluster.node()
    const an = await node.joined('hall', 'an')
    const track = node.publish(an)
    node.leave(an)
    await untilToldAll(cluster)
    expect(cluster.receiver.words()).toEqual([
      'room_started',
      'participant_joined an',
      `track_unpublished an ${track.sid}`,
      'participant_left an',
    ])
    expect(node.delivery.aside).toBe(1)
    const file = path.join(node.dataDir, 'outbox', 'sfu-webhooks.jsonl.aside')
    expect(existsSync(file)).toBe(true)
    expect(JSON.parse(readFileSync(file, 'utf8').trim())).toMatchObject({
      id: `${an.roomSid}:${an.psid}:${track.sid}:track_published`,
      key: 'hall',
      reason: 'HTTP 422',
    })
  })

  it('is taken over when the one who delivers is killed, without a gap', async () => {
    const cluster = await TestCluster.create()
    const [teller, first] = [await cluster.node(), await cluster.node()]
    await teller.delivery.close()
    // It dies while the receiver has taken an event and not answered yet.
    let killed: Promise<void> | undefined
    cluster.receiver.answer = () => {
      if (cluster.receiver.took.length === 3) killed ??= first.kill()
      return 200
    }
    const an = await teller.joined('hall', 'an')
    for (let i = 0; i < 5; i++) teller.unpublish(an, teller.publish(an))
    await eventually(() => (killed ? null : 'not killed'))
    await killed
    const next = await cluster.node()
    await eventually(() => (next.line.calls.includes('takeDelivery') ? null : 'not asked'))
    teller.leave(an)
    // The lease of the one who is gone ends.
    cluster.leap(DELIVERY_LEASE_MS)
    await untilToldAll(cluster)
    expect(cluster.receiver.words()).toHaveLength(13)
    const kinds = cluster.receiver.story.map(({ event }) => event)
    expect(kinds.slice(0, 2)).toEqual(['room_started', 'participant_joined'])
    expect(kinds.at(-1)).toBe('participant_left')
    expect(kinds.slice(2, -1)).toEqual(Array(5).fill(['track_published', 'track_unpublished']).flat())
  })

  it('does no harm by two at once', async () => {
    const cluster = await TestCluster.create()
    const [a, b] = [await cluster.node(), await cluster.node()]
    const leases = cluster.record.steps.state.leases
    // No lease holds.
    Object.defineProperty(cluster.record, 'takeDelivery', {
      value: async (call: Parameters<typeof cluster.record.takeDelivery>[0]) => {
        leases.clear()
        return cluster.record.steps.takeDelivery(call)
      },
    })
    const [an, binh] = [await a.joined('hall', 'an'), await b.joined('hall', 'binh')]
    for (let i = 0; i < 30; i++) {
      a.unpublish(an, a.publish(an))
      b.unpublish(binh, b.publish(binh))
      await pass(2)
    }
    a.leave(an)
    b.leave(binh)
    await eventually(() => (a.teller.waiting + b.teller.waiting === 0 ? null : 'not told'))
    await untilToldAll(cluster)
    for (const { identity } of [an, binh]) {
      const kinds = cluster.receiver.story.flatMap(({ participant, event }) =>
        participant?.identity === identity ? [event] : [],
      )
      expect(kinds).toEqual([
        'participant_joined',
        ...Array(30).fill(['track_published', 'track_unpublished']).flat(),
        'participant_left',
      ])
    }
  })

  it('goes on with what it has while the record is away, and after that', async () => {
    const cluster = await TestCluster.create()
    const node = await cluster.node()
    await cluster.receiver.down()
    const an = await node.joined('hall', 'an')
    await eventually(() => (node.delivery.pending === 2 ? null : 'not read'))
    node.line.state = 'away'
    await cluster.receiver.up()
    await until(cluster.receiver, 2)
    node.leave(an)
    node.line.state = 'up'
    await untilToldAll(cluster)
    expect(cluster.receiver.words()).toEqual(['room_started', 'participant_joined an', 'participant_left an'])
  })

  it('brings everything when the record was emptied, with the same ids', async () => {
    const cluster = await TestCluster.create()
    const [a, b] = [await cluster.node(), await cluster.node()]
    await cluster.receiver.down()
    const [an, binh] = [await a.joined('hall', 'an'), await b.joined('hall', 'binh')]
    const track = a.publish(an)
    b.leave(binh)
    await eventually(() => (a.teller.waiting + b.teller.waiting === 0 ? null : 'not told'))
    const before = new Set(cluster.record.steps.state.streams.get('hall')!.map(({ id }) => id))
    cluster.empty()
    a.leave(an)
    await cluster.receiver.up()
    await cluster.open()
    await untilToldAll(cluster)
    const after = new Set(cluster.receiver.story.map(({ id }) => id))
    expect([...before].filter(id => !after.has(id))).toEqual([])
    expect(cluster.receiver.words()[0]).toBe('room_started')
    const of = (name: string) => cluster.receiver.words().filter(word => word.split(' ')[1] === name)
    expect(of('an')).toEqual([
      'participant_joined an',
      `track_published an ${track.sid}`,
      `track_unpublished an ${track.sid}`,
      'participant_left an',
    ])
    expect(of('binh')).toEqual(['participant_joined binh', 'participant_left binh'])
  })

  it('throws events away where no receiver is configured', async () => {
    const cluster = await TestCluster.create({ receivers: 0 })
    const node = await cluster.node()
    const an = await node.joined('hall', 'an')
    for (let i = 0; i < 60; i++) node.unpublish(an, node.publish(an))
    await eventually(() => (node.teller.waiting === 0 ? null : 'not told'))
    await untilToldAll(cluster)
    await eventually(() => (node.teller.undelivered().length === 0 ? null : 'remembers'))
  })

  it('tells a room by its name alone when what another version wrote of it cannot be read', async () => {
    const cluster = await TestCluster.create()
    const node = await cluster.node()
    await node.steps.within(1_000, call =>
      node.steps.record.open({
        ...call,
        draft: {
          sid: 'RM_newer' as never,
          name: 'hall',
          maxParticipants: 0,
          emptyTimeoutMs: 1,
          departureTimeoutMs: 1,
          body: '{"format":2}',
        },
      }),
    )
    node.delivery.wake()
    await until(cluster.receiver, 1)
    expect(cluster.receiver.story[0]).toMatchObject({
      event: 'room_started',
      room: { sid: 'RM_newer', name: 'hall' },
    })
  })

  it('gets rid of what waits before it ends, twice is safe, and does nothing after that', async () => {
    const cluster = await TestCluster.create()
    const node = await cluster.node()
    const an = await node.joined('hall', 'an')
    node.leave(an)
    await node.teller.close(1_000)
    await node.delivery.close(1_000)
    expect(cluster.receiver.words()).toEqual(['room_started', 'participant_joined an', 'participant_left an'])
    expect(await cluster.undelivered()).toEqual([])
    await node.delivery.close(1_000)
    const calls = () => node.line.calls.filter(name => name !== 'readInbox' && name !== 'nodes')
    const before = calls()
    node.delivery.wake('hall')
    node.delivery.wake()
    await pass(50)
    expect(calls()).toEqual(before)
  })

  it('of a node that stops while others go on leaves nothing that is sent twice', async () => {
    const cluster = await TestCluster.create()
    const [a, b] = [await cluster.node(), await cluster.node()]
    cluster.receiver.answer = async () => {
      await pass(60)
      return 200
    }
    const an = await a.joined('hall', 'an')
    for (let i = 0; i < 30; i++) a.unpublish(an, a.publish(an))
    await until(cluster.receiver, 1)
    // More is waiting than it can send by then.
    await a.delivery.close(200)
    const isFree = await b.steps.within(1_000, call =>
      b.steps.record.takeDelivery({ ...call, roomName: 'hall' }),
    )
    expect(isFree).toBe(true)
    a.leave(an)
    await untilToldAll(cluster)
    expect(cluster.receiver.repeats).toBe(0)
    expect(cluster.receiver.took).toHaveLength(63)
    expect(cluster.receiver.words().at(-1)).toBe('participant_left an')
  })

  it('ends in time when the receiver is away', async () => {
    const cluster = await TestCluster.create()
    const node = await cluster.node()
    await cluster.receiver.down()
    await node.joined('hall', 'an')
    await eventually(() => (node.delivery.pending === 2 ? null : 'not read'))
    const since = performance.now()
    await node.delivery.close(100)
    expect(performance.now() - since).toBeLessThan(1_500)
    expect(await cluster.undelivered()).toEqual(['hall'])
  })
})
