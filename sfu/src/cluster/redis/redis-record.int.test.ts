import { afterAll, beforeAll, describe } from 'vitest'
import { noRedisServer, RedisServer } from '../../../../testing/redis-server.ts'
import { silentLog } from '../../room/base/log.ts'
import { describeRecord } from '../record/record-scenarios.ts'
import { RedisConnection } from './redis-connection.ts'
import { RedisRecord } from './redis-record.ts'
import { redisUrl } from './redis-url.ts'
import { beginAnotherLife, openAtOnce } from './test-era.ts'

if (noRedisServer) console.warn(`redis-record.int.test.ts is left out: ${noRedisServer}`)

describe.skipIf(noRedisServer)('a record in Redis', () => {
  let redis: RedisServer
  let admin: RedisConnection
  beforeAll(async () => {
    redis = await RedisServer.create()
    const target = redisUrl.parse(redis.url)
    admin = await RedisConnection.create({ target, log: silentLog, timeoutMs: 20_000 })
  })
  afterAll(async () => {
    admin?.close('tests over')
    await redis?.close()
  })

  describeRecord(
    'does what every record does',
    async ({ isOpen }) => {
      await admin.send(['FLUSHALL'])
      if (isOpen) await openAtOnce(admin)
      const target = redisUrl.parse(redis.url)
      const record = await RedisRecord.create({ target, log: silentLog, timeoutMs: 20_000 })
      return {
        record,
        pass: ms => age(admin, ms),
        empty: async () => void (await admin.send(['FLUSHALL'])),
        beginAnotherLife: () => beginAnotherLife(admin),
        stop: () => record.close(),
      }
    },
    { canLeap: true },
  )
})

/** Nobody sets the clock of a Redis: all that has a time in it becomes older instead. */
async function age(admin: RedisConnection, ms: number): Promise<void> {
  await admin.send(['HINCRBY', 'sfu:era', 'openFromMs', String(-ms)])
  for (const sid of (await admin.send(['ZRANGE', 'sfu:idle', '0', '-1'])) as string[])
    await admin.send(['ZINCRBY', 'sfu:idle', String(-ms), sid])
  for (const key of (await admin.send(['KEYS', '*'])) as string[]) {
    const leftMs = Number(await admin.send(['PTTL', key]))
    if (leftMs > 0) await admin.send(['PEXPIRE', key, String(Math.max(0, leftMs - ms))])
  }
}
