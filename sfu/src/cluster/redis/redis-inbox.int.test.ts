import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { noRedisServer, RedisServer } from '../../../../testing/redis-server.ts'
import { silentLog } from '../../room/base/log.ts'
import type { Incarnation } from '../record/record-types.ts'
import { RedisConnection } from './redis-connection.ts'
import { RedisInbox } from './redis-inbox.ts'
import { redisUrl } from './redis-url.ts'

const inst = 'ND_reader' as Incarnation
const stream = `sfu:in:${inst}`
const missed = { type: 'missed' }

if (noRedisServer) console.warn(`redis-inbox.int.test.ts is left out: ${noRedisServer}`)

describe.skipIf(noRedisServer)('an inbox in Redis', () => {
  let redis: RedisServer
  let admin: RedisConnection
  let inbox: RedisInbox
  beforeAll(async () => {
    redis = await RedisServer.create()
    admin = await RedisConnection.create({
      target: redisUrl.parse(redis.url),
      log: silentLog,
      timeoutMs: 20_000,
    })
  })
  afterEach(async () => {
    inbox.close()
    await eventually(async () => ((await readers()).length === 0 ? null : 'a reader is left'))
    await admin.send(['FLUSHALL'])
  })
  afterAll(async () => {
    admin?.close('tests over')
    await redis?.close()
  })

  const put = (n: number) =>
    admin.send(['XADD', stream, '0-*', 'm', JSON.stringify({ type: 'buried', inst: `ND_${n}` })])
  const hint = (n: number) => ({ type: 'buried', inst: `ND_${n}` })
  const readers = async () =>
    String(await admin.send(['CLIENT', 'LIST']))
      .split('\n')
      .filter(line => line.includes('name=diemcau-sfu-inbox'))
  const isBlocked = async () => ((await readers())[0]?.includes('cmd=xread') ? null : 'nobody reads')

  async function read(afterId: string, waitMs = 0) {
    const entries = await inbox.read(afterId, 100, waitMs)
    return { messages: entries.map(({ message }) => message), last: entries.at(-1)?.id ?? afterId }
  }

  it('wakes a reader with what comes, and reads on from a place', async () => {
    inbox = new RedisInbox(admin, inst)
    const waiting = read('0', 20_000)
    await eventually(isBlocked)
    await put(1)
    const first = await waiting
    expect(first.messages).toEqual([hint(1)])
    await put(2)
    await put(3)
    expect((await read(first.last)).messages).toEqual([hint(2), hint(3)])
    expect((await read('0')).messages).toEqual([hint(1), hint(2), hint(3)])
    expect((await read((await read('0')).last, 50)).messages).toEqual([])
  })

  it('loses nothing with a connection that is cut while it waits', async () => {
    inbox = new RedisInbox(admin, inst)
    await put(1)
    const { last } = await read('0')
    const waiting = inbox.read(last, 100, 20_000).catch((error: unknown) => error)
    await eventually(isBlocked)
    const id = /^id=(\d+)/.exec((await readers())[0]!)![1]!
    await admin.send(['CLIENT', 'KILL', 'ID', id])
    expect(await waiting).toMatchObject({ code: 'unavailable' })
    await put(2)
    expect((await read(last)).messages).toEqual([hint(2)])
  })

  it('says that something was pushed out before it was read', async () => {
    inbox = new RedisInbox(admin, inst)
    for (const n of [1, 2, 3, 4, 5]) await put(n)
    const { last } = { last: '0-2' }
    await admin.send(['XTRIM', stream, 'MINID', '0-5'])
    const after = await read(last)
    expect(after.messages).toEqual([missed, hint(5)])
    expect(await read(after.last)).toEqual({ messages: [], last: after.last })
    expect((await read('0')).messages).toEqual([missed, hint(5)])
  })

  it('says that a stream began anew, once, and reads it from its start', async () => {
    inbox = new RedisInbox(admin, inst)
    for (const n of [1, 2, 3]) await put(n)
    const { last } = await read('0')
    await admin.send(['FLUSHALL'])
    const emptied = await read(last, 50)
    expect(emptied.messages).toEqual([missed])
    expect(await read(emptied.last, 50)).toEqual({ messages: [], last: emptied.last })
    await put(4)
    expect((await read(emptied.last)).messages).toEqual([hint(4)])
  })

  it('says that a failover has lost the end of a stream', async () => {
    inbox = new RedisInbox(admin, inst)
    await put(1)
    const after = await read('0-3', 50)
    expect(after.messages).toEqual([missed])
    await put(2)
    expect((await read(after.last)).messages).toEqual([hint(2)])
  })

  it('fails in its time when Redis hangs, and reads on when it is back', async () => {
    inbox = new RedisInbox(admin, inst)
    await put(1)
    await read('0')
    redis.pause()
    const asked = performance.now()
    await expect(inbox.read('0', 100, 100)).rejects.toMatchObject({ code: 'unavailable' })
    expect(performance.now() - asked).toBeLessThan(5_000)
    redis.wake()
    await eventually(async () => ((await read('0')).messages.length === 1 ? null : 'nothing yet'))
  })

  it('fails what waits when it is closed, twice', async () => {
    inbox = new RedisInbox(admin, inst)
    const waiting = inbox.read('0', 100, 20_000).catch((error: unknown) => error)
    await eventually(isBlocked)
    inbox.close()
    inbox.close()
    expect(await waiting).toMatchObject({ code: 'unavailable' })
    await expect(inbox.read('0', 100, 0)).rejects.toMatchObject({ code: 'unavailable' })
  })
})
