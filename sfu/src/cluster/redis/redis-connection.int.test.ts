import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { noRedisServer, RedisSentinel, RedisServer } from '../../../../testing/redis-server.ts'
import type { Log } from '../../room/base/log.ts'
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.ts'
import { RedisScript } from './redis-script.ts'
import { RedisAwayError, RedisUnfitError } from './redis-session.ts'
import { redisUrl } from './redis-url.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function startRedis(options: Parameters<typeof RedisServer.create>[0] = {}) {
  const redis = await RedisServer.create(options)
  closers.push(() => redis.close())
  return redis
}

/** All that is told and logged, in its order. */
class Ears {
  readonly heard: string[] = []
  readonly log: Log = {
    debug() {},
    info: (_, message) => this.heard.push(`info ${message}`),
    warn: (_, message) => this.heard.push(`warn ${message}`),
    error: (context, message) => this.heard.push(`error ${message}: ${JSON.stringify(context)}`),
    child: () => this.log,
  }
  readonly listener = {
    handleUp: () => this.heard.push('up'),
    handleAway: () => this.heard.push('away'),
  }
}

async function connect(url: string, more: Partial<RedisConnectionOptions> = {}) {
  const ears = new Ears()
  const options = { target: redisUrl.parse(url), log: ears.log, listener: ears.listener, ...more }
  const connection = await RedisConnection.create(options)
  closers.push(() => connection.close('test over'))
  return { connection, ears }
}

/** Sets a key if Redis comes to it before the moment in the first argument. */
const setLater = new RedisScript(
  'set',
  `local t = redis.call('TIME')
   if t[1] * 1000 + t[2] / 1000 > tonumber(ARGV[1]) then return 'late' end
   redis.call('SET', ARGV[2], ARGV[3])
   return 'done'`,
)

const inMs = (connection: RedisConnection, ms: number) => String(connection.clock.deadline(ms))

const whatIs = (value: unknown, wanted: unknown) => (value === wanted ? null : `it is ${String(value)}`)

if (noRedisServer) console.warn(`redis-connection.int.test.ts is left out: ${noRedisServer}`)

describe.skipIf(noRedisServer)('the way to Redis', () => {
  it('is told up and away once each, with the server killed and started again', async () => {
    const redis = await startRedis()
    const { connection, ears } = await connect(redis.url)
    expect(await connection.send(['SET', 'a', '1'])).toBe('OK')
    await redis.kill()
    await eventually(() => whatIs(connection.isUp, false))
    await expect(connection.send(['GET', 'a'])).rejects.toMatchObject({
      name: 'RedisAwayError',
      isUnsent: true,
    })
    await redis.start()
    await eventually(() => whatIs(connection.isUp, true))
    expect(await connection.send(['GET', 'a'])).toBeNull()
    const forgetful = ears.heard.filter(line => line.includes('appendonly yes'))
    expect(forgetful).toHaveLength(1)
    expect(ears.heard.filter(line => !forgetful.includes(line))).toEqual([
      'info Redis is there',
      'up',
      'warn Redis is away',
      'away',
      'info Redis is there',
      'up',
    ])
  })

  it('ends with a call that is not answered in time, and what was given up is never done late', async () => {
    const redis = await startRedis()
    const { connection } = await connect(redis.url, { timeoutMs: 1_500 })
    expect(await connection.run(setLater, [inMs(connection, 1_500), 'a', 'before'])).toBe('done')
    redis.pause()
    const asked = performance.now()
    const calls = Array.from({ length: 20 }, () =>
      connection.run(setLater, [inMs(connection, 1_500), 'a', 'late']),
    )
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { name: 'RedisAwayError', isUnsent: false },
      })
    }
    expect(performance.now() - asked).toBeLessThan(8_000)
    expect(connection.isUp).toBe(false)
    redis.wake()
    await eventually(() => whatIs(connection.isUp, true))
    // What was given up is read and run on waking, and refused: the first run, its NOSCRIPT, and the twenty.
    await eventually(async () => {
      const stats = String(await connection.send(['INFO', 'commandstats']))
      return whatIs(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1], '21')
    })
    expect(await connection.send(['GET', 'a'])).toBe('before')
  })

  it('sends a script that Redis does not know', async () => {
    const redis = await startRedis()
    const { connection } = await connect(redis.url)
    expect(await connection.run(setLater, [inMs(connection, 1_000), 'a', '1'])).toBe('done')
    await connection.send(['SCRIPT', 'FLUSH'])
    expect(await connection.run(setLater, [inMs(connection, 1_000), 'a', '2'])).toBe('done')
    expect(await connection.send(['GET', 'a'])).toBe('2')
    expect(await connection.send(['SCRIPT', 'EXISTS', setLater.sha1])).toEqual([1])
  })

  it('speaks TLS with a password, and says what is wrong without saying the password', async () => {
    const redis = await startRedis({ tls: true, password: 'a secret @:/' })
    const { connection } = await connect(redis.url, { ca: redis.ca! })
    expect(await connection.send(['PING'])).toBe('PONG')
    await expect(connect(redis.url, { startMs: 300 })).rejects.toThrow(/certificate/)
    const wrong = redis.url.replace('secret', 'guess')
    const refused = await connect(wrong, { ca: redis.ca! }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(RedisUnfitError)
    expect(String(refused)).toContain('refuses the user or the password')
    expect(String(refused)).not.toContain('guess')
    const none = redis.url.replace(/\/\/.*@/, '//')
    await expect(connect(none, { ca: redis.ca! })).rejects.toThrow('refuses the user or the password')
  })

  it('does not start on a server that may drop keys', async () => {
    const redis = await startRedis({ settings: { 'maxmemory-policy': 'allkeys-lru' } })
    const started = performance.now()
    await expect(connect(redis.url)).rejects.toThrow('set "maxmemory-policy noeviction" in redis.conf')
    expect(performance.now() - started).toBeLessThan(8_000)
  })

  it('stays away from a server that came back unfit, and says once why', async () => {
    const redis = await startRedis()
    const { connection, ears } = await connect(redis.url)
    await connection.send(['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'])
    await connection.send(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no']).catch(() => undefined)
    await eventually(() => whatIs(ears.heard.filter(line => line.startsWith('error')).length, 1))
    const other = await connect(redis.url).catch((error: unknown) => error)
    expect(other).toBeInstanceOf(RedisUnfitError)
    expect(connection.isUp).toBe(false)
    expect(ears.heard.filter(line => line.startsWith('error'))).toHaveLength(1)
    expect(ears.heard.join(' ')).toContain('noeviction')
  })

  it('gives up where nobody is', async () => {
    const redis = await startRedis()
    const { url } = redis
    await redis.kill()
    await expect(connect(url, { startMs: 500 })).rejects.toBeInstanceOf(RedisAwayError)
  })

  it('closes twice, and fails what is under way', async () => {
    const redis = await startRedis()
    const { connection, ears } = await connect(redis.url)
    redis.pause()
    const waiting = connection.send(['PING'], 5_000).catch((error: unknown) => error)
    connection.close('over')
    connection.close('over')
    expect(await waiting).toBeInstanceOf(RedisAwayError)
    await expect(connection.send(['PING'])).rejects.toBeInstanceOf(RedisAwayError)
    redis.wake()
    expect(ears.heard).not.toContain('warn Redis is away')
  })

  it('follows the Sentinels to the server that has taken over', async () => {
    const first = await startRedis()
    const second = await startRedis({ replicaOf: first })
    const sentinel = await RedisSentinel.create(first)
    closers.push(() => sentinel.close())
    // The first Sentinel is down: the next is asked.
    const { connection } = await connect(`redis+sentinel://127.0.0.1:1,127.0.0.1:${sentinel.port}/diemcau`)
    await connection.send(['SET', 'a', '1'])
    await eventually(async () => whatIs(await connection.send(['WAIT', '1', '100']), 1))
    await eventually(() => sentinel.whatIsMissing(1))
    await first.kill()
    await eventually(async () => {
      if (!connection.isUp) return 'away'
      return whatIs(await connection.send(['CONFIG', 'GET', 'port']).then(readPort), String(second.port))
    })
    expect(await connection.send(['GET', 'a'])).toBe('1')
    expect(await connection.send(['SET', 'a', '2'])).toBe('OK')
  })
})

const readPort = (reply: unknown) => (reply as { port?: string }).port
