/** Webhooks of nodes that share a real Redis. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { noRedisServer, RedisServer } from '../../../../testing/redis-server.ts'
import { silentLog } from '../../room/base/log.ts'
import { RedisConnection } from '../redis/redis-connection.ts'
import { RedisRecord } from '../redis/redis-record.ts'
import { redisUrl } from '../redis/redis-url.ts'
import { openAtOnce } from '../redis/test-era.ts'
import { StoryCluster, type TestNode } from './test-story.ts'

if (noRedisServer) console.warn(`story-redis.int.test.ts is left out: ${noRedisServer}`)

describe.skipIf(noRedisServer)('webhooks of nodes that share a Redis', () => {
  let redis: RedisServer
  let admin: RedisConnection
  beforeAll(async () => {
    redis = await RedisServer.create()
    admin = await RedisConnection.create({
      target: redisUrl.parse(redis.url),
      log: silentLog,
      timeoutMs: 20_000,
    })
  })
  afterAll(async () => {
    admin?.close('tests over')
    await redis?.close()
  })

  async function cluster(): Promise<StoryCluster> {
    await admin.send(['FLUSHALL'])
    await begin()
    const record = await RedisRecord.create({
      target: redisUrl.parse(redis.url),
      log: silentLog,
      timeoutMs: 20_000,
    })
    const made = new StoryCluster(record)
    await made.listen(1)
    return made
  }
  const begin = () => openAtOnce(admin)
  const untilToldAll = (made: StoryCluster) =>
    eventually(async () => {
      const names = await made.undelivered()
      return names.length === 0 ? null : `undelivered: ${names}`
    })
  const bury = async (dead: TestNode, by: TestNode) => {
    const { nodes } = await by.steps.ask(() => by.steps.record.nodes())
    const count = nodes.find(({ inst }) => inst === dead.inst)?.count ?? 0
    const value = await by.steps.within(5_000, call =>
      by.steps.record.bury({ ...call, dead: dead.inst, count }),
    )
    expect(value).toBe('buried_now')
  }

  it('come once and in order from many nodes, soon after each other, over the loss of one', async () => {
    const made = await cluster()
    const nodes = [await made.node(), await made.node(), await made.node()]
    const [first] = nodes as [TestNode]
    const seats = await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        const node = nodes[i % 3]!
        const seat = await node.joined('hall', `delegate ${i}`)
        node.publish(seat)
        return { node, seat }
      }),
    )
    const delays: number[] = []
    await eventually(() => (made.receiver.story.length === 61 ? null : `${made.receiver.story.length} of 61`))
    for (let i = 0; i < 15; i++) {
      const since = performance.now()
      const count = made.receiver.story.length
      const { node, seat } = seats[i]!
      node.unpublish(seat, seat.tracks[0]!)
      await eventually(() => (made.receiver.story.length > count ? null : 'not there'), 10_000, 2)
      delays.push(performance.now() - since)
    }
    const dead = nodes[2]!
    await dead.kill()
    await bury(dead, first)
    for (const { node, seat } of seats) if (node !== dead) node.leave(seat)
    const { roomSid } = seats[0]!.seat
    await first.steps.within(5_000, call =>
      first.steps.record.closeRoom({ ...call, roomSid, reason: 'deleted' }),
    )
    await untilToldAll(made)
    const words = made.receiver.words(roomSid)
    expect(words[0]).toBe('room_started')
    expect(words.at(-1)).toBe('room_finished')
    for (const { seat } of seats) {
      const own = words.filter(word => word.split(' ').slice(1, 3).join(' ') === seat.identity)
      expect(own.map(word => word.split(' ')[0])).toEqual([
        'participant_joined',
        'track_published',
        'track_unpublished',
        'participant_left',
      ])
    }
    // The median, since a busy machine may stop any one of them.
    expect(delays.toSorted((a, b) => a - b)[7]).toBeLessThan(200)
  })

  it('are told again by those who remember when Redis was emptied, and by the disk of one that was killed', async () => {
    const made = await cluster()
    const [a, b] = [await made.node(), await made.node()]
    await made.receiver.down()
    const [an, binh] = [await a.joined('hall', 'an'), await b.joined('hall', 'binh')]
    await eventually(() => (a.teller.waiting + b.teller.waiting === 0 ? null : 'not told'))
    await b.kill()
    await admin.send(['FLUSHALL'])
    await begin()
    await eventually(async () => {
      const { era } = await made.record.nodes()
      return a.steps.era === era.id ? null : 'not restored'
    })
    const next = await b.restarted()
    a.leave(an)
    await next.teller.recover()
    await made.receiver.up()
    await a.close(an.roomSid)
    await untilToldAll(made)
    const words = made.receiver.words()
    expect(words[0]).toBe('room_started')
    expect(words.at(-1)).toBe('room_finished')
    expect(words.slice(1, -1).toSorted()).toEqual(
      ['an', 'binh'].flatMap(name => [`participant_joined ${name}`, `participant_left ${name}`]).toSorted(),
    )
    expect(binh.roomSid).toBe(an.roomSid)
    expect(next.journals).toHaveLength(1)
  })
})
