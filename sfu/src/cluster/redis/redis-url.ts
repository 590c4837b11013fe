import { z } from 'zod'

export interface RedisAddress {
  host: string
  port: number
}

/** What REDIS_URL says: a server, or Sentinels that know which server is in charge. Holds passwords: never logged. */
export interface RedisTarget {
  /** The server alone, or the Sentinels in the order in which they are asked. */
  addresses: RedisAddress[]
  /** With Sentinels: the name under which they know the server. */
  sentinelName: string | undefined
  tls: boolean
  username: string | undefined
  password: string | undefined
  /** For the Sentinels, where they ask for one. */
  sentinelPassword: string | undefined
  database: number
}

const expected =
  'expected redis://host:port, rediss://host:port or redis+sentinel://host:port,host:port/name, with user:password@ before the host where needed'

const schemes: Record<string, { tls: boolean; sentinel: boolean; port: number }> = {
  redis: { tls: false, sentinel: false, port: 6379 },
  rediss: { tls: true, sentinel: false, port: 6379 },
  'redis+sentinel': { tls: false, sentinel: true, port: 26_379 },
  'rediss+sentinel': { tls: true, sentinel: true, port: 26_379 },
}

/**
 * REDIS_URL: `redis://[[user]:password@]host[:port][/database]`, `rediss://` for TLS, or
 * `redis+sentinel://[[user]:password@]host[:port],host[:port]…/name[/database][?sentinelPassword=…]` (`rediss+sentinel://` for
 * TLS to Sentinels and servers). User and password are those of the server. What they hold of `@:/?#%` is percent-encoded.
 * Faults never repeat what was given, because it may hold a password.
 */
export const redisUrl = z.string().transform((text, context): RedisTarget => {
  const target = readRedisUrl(text)
  if (typeof target === 'string') {
    context.addIssue(target)
    return z.NEVER
  }
  return target
})

/** @returns what is wrong, as a sentence without any of the text, or the target */
function readRedisUrl(text: string): RedisTarget | string {
  const match = /^([a-z+]+):\/\/(?:([^@/]*)@)?([^@/?]+)((?:\/[^/?]*)*)(?:\?([^?]*))?$/.exec(text.trim())
  const scheme = schemes[match?.[1] ?? '']
  if (!match || !scheme) return expected
  const [, , credentials, hosts = '', path = '', query] = match
  const addresses = hosts.split(',').map(host => readAddress(host, scheme.port))
  if (!addresses.every(address => address !== undefined))
    return `an address is not of the form host:port; ${expected}`
  if (addresses.length > 1 && !scheme.sentinel)
    return 'several addresses are Sentinels: write redis+sentinel:// and the name of the server after them'
  const parts = path.split('/').filter(part => part !== '')
  const sentinelName = scheme.sentinel ? parts.shift() : undefined
  if (scheme.sentinel && !sentinelName)
    return `the name that the Sentinels give the server is missing; ${expected}`
  const [database = '0', ...rest] = parts
  if (!/^\d{1,4}$/.test(database) || rest.length > 0)
    return 'what follows the address must be the number of a database'
  const parameters = new URLSearchParams(query)
  if ([...parameters.keys()].some(key => key !== 'sentinelPassword' || !scheme.sentinel))
    return 'after ? only sentinelPassword can stand, and only with redis+sentinel://'
  const { username, password } = readCredentials(credentials)
  if (username === null || password === null) return 'user or password are not percent-encoded'
  const name = decoded(sentinelName)
  if (name === null) return 'the name of the server is not percent-encoded'
  return {
    addresses,
    sentinelName: name,
    tls: scheme.tls,
    username,
    password,
    sentinelPassword: parameters.get('sentinelPassword') ?? undefined,
    database: Number(database),
  }
}

function readAddress(text: string, defaultPort: number): RedisAddress | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text.trim())
  const port = match?.[3] === undefined ? defaultPort : Number(match[3])
  const host = match?.[1] ?? match?.[2]
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}

function readCredentials(text: string | undefined) {
  if (text === undefined) return { username: undefined, password: undefined }
  const colon = text.indexOf(':')
  // As redis-cli has it: what stands alone is the password.
  if (colon < 0) return { username: undefined, password: decoded(text) }
  return { username: decoded(text.slice(0, colon) || undefined), password: decoded(text.slice(colon + 1)) }
}

/** Null when it is not well encoded. */
function decoded(text: string | undefined): string | undefined | null {
  try {
    return text === undefined ? undefined : decodeURIComponent(text)
  } catch {
    return null
  }
}
