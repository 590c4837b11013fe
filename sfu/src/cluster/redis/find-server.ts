import {
  at,
  RedisAwayError,
  type RedisLogin,
  type RedisReply,
  RedisSession,
  RedisUnfitError,
} from './redis-session.ts'
import type { RedisAddress, RedisTarget } from './redis-url.ts'

/**
 * The address of the server in charge. With Sentinels, as https://redis.io/docs/latest/develop/reference/sentinel-clients/
 * has it: the first that answers says which it is; whoever connects to that asks it whether it agrees (`inspectServer`).
 * @throws RedisAwayError when no Sentinel knows it in `timeoutMs` each
 */
export async function findServer(
  target: RedisTarget,
  login: RedisLogin,
  timeoutMs: number,
): Promise<RedisAddress> {
  const { addresses, sentinelName, sentinelPassword } = target
  if (sentinelName === undefined) return addresses[0]!
  const asking = { ...login, username: undefined, password: sentinelPassword, database: 0 }
  const reasons: string[] = []
  for (const address of addresses) {
    try {
      return await askSentinel(address, asking, sentinelName, timeoutMs)
    } catch (error) {
      reasons.push(
        error instanceof RedisUnfitError ? `Sentinel ${at(address)} refuses the password` : String(error),
      )
    }
  }
  throw new RedisAwayError(`no Sentinel knows ${sentinelName}: ${reasons.join('; ')}`, { isUnsent: true })
}

async function askSentinel(
  address: RedisAddress,
  login: RedisLogin,
  name: string,
  timeoutMs: number,
): Promise<RedisAddress> {
  const session = await RedisSession.open(address, login, timeoutMs)
  try {
    const reply = await session.send(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name], timeoutMs)
    if (!Array.isArray(reply)) throw new RedisAwayError(`Sentinel ${at(address)} knows no ${name}`)
    return { host: String(reply[0]), port: Number(reply[1]) }
  } finally {
    session.close(new Error('asked'))
  }
}

/** What a cluster needs to know of a server that answers. */
export interface ServerState {
  version: string
  /** Nothing is written to disk: what Redis had is gone when it ends. Every node tells it what it holds then. */
  isForgetful: boolean
  /** Another one each time a server starts (`run_id`). */
  life: string
}

/**
 * Asks a server whether it can serve a cluster.
 * @throws RedisUnfitError with what to set; RedisAwayError when it is a copy or still loading
 */
export async function inspectServer(session: RedisSession, timeoutMs: number): Promise<ServerState> {
  return judgeServer(String(await askInfo(session, timeoutMs)), at(session.address))
}

async function askInfo(session: RedisSession, timeoutMs: number): Promise<RedisReply> {
  try {
    return await session.send(['INFO'], timeoutMs)
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    if (/^(NOAUTH|NOPERM)/.test(message))
      throw new RedisUnfitError('Redis refuses the user or the password of REDIS_URL')
    if (message.startsWith('LOADING')) throw new RedisAwayError('it is still loading', { isUnsent: true })
    throw error
  }
}

/** Pure: what INFO says, judged. Exported for its test. */
export function judgeServer(info: string, name: string): ServerState {
  const fields = new Map(
    info.split(/\r?\n/).flatMap(line => {
      const colon = line.indexOf(':')
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : []
    }),
  )
  const version = fields.get('redis_version') ?? ''
  if (!(Number.parseInt(version, 10) >= 7))
    throw new RedisUnfitError(`Redis at ${name} is version ${version || 'unknown'}: 7.0 or newer is needed`)
  if (fields.get('cluster_enabled') === '1')
    throw new RedisUnfitError(
      `Redis at ${name} is a Redis Cluster: use a single server, or one with Sentinels (redis+sentinel://)`,
    )
  if (fields.get('loading') === '1') throw new RedisAwayError(`${name} is still loading`, { isUnsent: true })
  if (fields.get('role') !== 'master')
    throw new RedisAwayError(`${name} is a copy of another server`, { isUnsent: true })
  const policy = fields.get('maxmemory_policy')
  if (policy !== 'noeviction')
    throw new RedisUnfitError(
      `Redis at ${name} may drop keys when its memory is full (maxmemory-policy ${policy}): set "maxmemory-policy noeviction" in redis.conf`,
    )
  return {
    version,
    isForgetful: fields.get('aof_enabled') !== '1',
    life: fields.get('run_id') ?? '',
  }
}
