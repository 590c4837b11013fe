import { isIP, isIPv6 } from 'node:net'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { IpNetwork } from './ip-networks.ts'

/** Environment variables of the SFU node, in one place. Nothing else in `sfu/src` reads `process.env`. */

const DEVELOPMENT_KEY = 'devkey'
const DEVELOPMENT_SECRET = 'secret'
/** One credential in the open lets anybody guess a short secret offline. */
const MIN_TURN_SECRET = 24

const port = z.coerce.number().int().min(1).max(65_535)
const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' })

/** A comma separated list; blanks are dropped, so that an empty value means an empty list. */
const list = (text: string) =>
  text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')

const address = z.string().refine(text => isIP(text) !== 0, { error: 'must be IP addresses' })

/** RFC 7065 §3.1, with a host name, an IPv4 address or an IPv6 address in brackets. */
const turnUrl = z.string().regex(/^turns?:([\w.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?(\?transport=(udp|tcp))?$/i, {
  error: 'expected turn:host:port or turns:host:port, with ?transport=udp or ?transport=tcp where needed',
})

/** `network=address` or a bare address. Issues name the entry. */
const announced = z.string().transform((text, context): AnnouncedAddress => {
  const [before = '', after, ...rest] = text.split('=').map(part => part.trim())
  const [network, own] = after === undefined ? [undefined, before] : [IpNetwork.parse(before), after]
  if (isIP(own) === 0 || rest.length > 0)
    context.addIssue(`"${text}" is neither an IP address nor network=address`)
  else if (after !== undefined && network === undefined)
    context.addIssue(`"${before}" is no network: expected e.g. 10.0.0.0/8 or 2001:db8::/32`)
  return { network, address: own }
})

/** `0` nobody, `1` whoever connects, or the proxies' own addresses and networks. */
const trustedProxies = z.string().transform((text, context): TrustedProxies => {
  if (text === '0' || text === 'false') return []
  if (text === '1' || text === 'true') return 'any'
  return list(text).flatMap(item => {
    const network = IpNetwork.parse(item)
    if (network === undefined)
      context.addIssue(`"${item}" is no address or network: expected 0, 1 or e.g. 127.0.0.1, 10.0.0.0/8`)
    return network ?? []
  })
})

const environment = z.object({
  NODE_ENV: z.string().default('development'),
  SFU_PORT: count(0, 65_535).default(7880),
  SFU_BIND: z.string().default('0.0.0.0'),
  SFU_MEDIA_PORT: port.default(7882),
  SFU_MEDIA_BIND: z.string().default('').transform(list).pipe(z.array(address)),
  SFU_ANNOUNCED_ADDRESS: z.string().default('').transform(list).pipe(z.array(announced)),
  TURN_URLS: z.string().default('').transform(list).pipe(z.array(turnUrl)),
  TURN_SECRET: z.string().default(''),
  TURN_TTL: count(60, 604_800).default(43_200),
  SFU_WORKERS: count(1, 64).default(Math.max(1, availableParallelism())),
  WEBHOOK_URLS: z
    .string()
    .default('http://127.0.0.1:3000/api/webhooks/livekit')
    .transform(list)
    .pipe(z.array(httpUrl)),
  RECORDINGS_URL: httpUrl.default('http://127.0.0.1:7980'),
  DATA_DIR: z
    .string()
    .min(1)
    .default(path.resolve(import.meta.dirname, '../../.data')),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  MEDIASOUP_WORKER_BIN: z.string().optional(),
  SFU_TRUST_PROXY: trustedProxies.default([]),
  SFU_ROOM_AUTO_CREATE: z.enum(['0', '1', 'false', 'true']).default('1'),
  SFU_JOINS_PER_MINUTE: count(1, 1_000_000).default(1200),
  SFU_CONNECTIONS_PER_ADDRESS: count(1, 1_000_000).default(2_000),
  SFU_MAX_MESSAGE_BYTES: count(16_384, 16_777_216).default(1_048_576),
})

/** An address of this node and the clients that are told of it. */
export interface AnnouncedAddress {
  /** Undefined: for clients that no network holds. */
  network: IpNetwork | undefined
  address: string
}

/** Whose X-Forwarded-For is believed: everybody's last entry, or that of these proxies. Empty: nobody's. */
export type TrustedProxies = 'any' | IpNetwork[]

export interface ApiKey {
  key: string
  secret: string
}

export interface Config {
  production: boolean
  /** HTTP and WebSocket edge; 0 lets the system choose (tests). */
  port: number
  bind: string
  /** UDP and TCP port of worker 0; worker n has `mediaPort + n`. */
  mediaPort: number
  /** Addresses the media sockets bind. */
  mediaBind: string[]
  /** Addresses told to clients as ICE candidates, preferred first; empty: every address of this machine that `mediaBind` serves. */
  announcedAddresses: AnnouncedAddress[]
  /** Undefined: clients are told of no TURN server. */
  turn: { urls: string[]; secret: string; ttlS: number } | undefined
  workers: number
  /** Never empty. The first pair signs webhooks; every pair is accepted on tokens. */
  keys: [ApiKey, ...ApiKey[]]
  webhookUrls: string[]
  recordingsUrl: string
  dataDir: string
  logLevel: string
  /** Undefined: the worker binary of the mediasoup package. */
  workerBin: string | undefined
  /** Whose X-Forwarded-For tells the client's address. */
  trustedProxies: TrustedProxies
  /** Joining makes a room that is not there. When false only the API's CreateRoom does. */
  autoCreateRooms: boolean
  /** Joins a minute allowed from one address. A hall full of people shares an address. */
  joinsPerMinute: number
  /** Signalling sockets open at once from one address. */
  connectionsPerAddress: number
  /** Largest signalling message or API body, in bytes. */
  maxMessageBytes: number
}

/** Every fault of the environment, one a line; shown to the operator, holds no secret. */
export class ConfigError extends Error {
  readonly faults: string[]
  constructor(faults: string[]) {
    super(faults.join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/**
 * Reads and checks the environment. An empty variable counts as absent, as in `.env` files.
 * @throws ConfigError with all faults at once.
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  )
  const parsed = environment.safeParse(given)
  // Keys are checked on what was given, so that they are reported together with the faults of single variables.
  const { keys, faults } = readKeys(given)
  if (!parsed.success) {
    const single = parsed.error.issues.map(issue => `${String(issue.path[0] ?? '')}: ${issue.message}`)
    throw new ConfigError([...single, ...faults])
  }
  const values = parsed.data
  const lastMediaPort = values.SFU_MEDIA_PORT + values.SFU_WORKERS - 1
  if (lastMediaPort > 65_535)
    faults.push('SFU_MEDIA_PORT: each worker takes the next port, and the last one is over 65535')
  // Media listens on TCP too, so that the same number for both would fail only when the worker starts.
  if (values.SFU_PORT >= values.SFU_MEDIA_PORT && values.SFU_PORT <= lastMediaPort)
    faults.push(
      `SFU_PORT: ${values.SFU_PORT} is also a media port (${values.SFU_MEDIA_PORT} to ${lastMediaPort})`,
    )
  const mediaBind = values.SFU_MEDIA_BIND.length > 0 ? values.SFU_MEDIA_BIND : mediaBindOf(values.SFU_BIND)
  faults.push(...unreachable(values.SFU_ANNOUNCED_ADDRESS, mediaBind), ...turnFaults(values))
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    production: values.NODE_ENV === 'production',
    port: values.SFU_PORT,
    bind: values.SFU_BIND,
    mediaPort: values.SFU_MEDIA_PORT,
    mediaBind,
    announcedAddresses: values.SFU_ANNOUNCED_ADDRESS,
    turn:
      values.TURN_URLS.length > 0
        ? { urls: values.TURN_URLS, secret: values.TURN_SECRET, ttlS: values.TURN_TTL }
        : undefined,
    workers: values.SFU_WORKERS,
    keys,
    webhookUrls: values.WEBHOOK_URLS,
    recordingsUrl: values.RECORDINGS_URL,
    dataDir: values.DATA_DIR,
    logLevel: values.LOG_LEVEL,
    workerBin: values.MEDIASOUP_WORKER_BIN,
    trustedProxies: values.SFU_TRUST_PROXY,
    autoCreateRooms: values.SFU_ROOM_AUTO_CREATE === '1' || values.SFU_ROOM_AUTO_CREATE === 'true',
    joinsPerMinute: values.SFU_JOINS_PER_MINUTE,
    connectionsPerAddress: values.SFU_CONNECTIONS_PER_ADDRESS,
    maxMessageBytes: values.SFU_MAX_MESSAGE_BYTES,
  }
}

/** Node's `::` serves both families; mediasoup wants a socket for each. */
const mediaBindOf = (bind: string): string[] => (bind === '::' ? ['0.0.0.0', '::'] : [bind])

/** Announced addresses of a family that no media socket is bound to: clients would knock at a closed door. */
function unreachable(announcedAddresses: AnnouncedAddress[], mediaBind: string[]): string[] {
  return announcedAddresses
    .filter(({ address }) => !mediaBind.some(bound => isIPv6(bound) === isIPv6(address)))
    .map(
      ({ address }) =>
        `SFU_ANNOUNCED_ADDRESS: ${address} is announced, but media is bound to ${mediaBind.join(', ')} only (SFU_MEDIA_BIND)`,
    )
}

function turnFaults(values: { NODE_ENV: string; TURN_URLS: string[]; TURN_SECRET: string }): string[] {
  const { NODE_ENV, TURN_URLS, TURN_SECRET } = values
  if (TURN_URLS.length > 0 && TURN_SECRET === '')
    return ["TURN_SECRET: needed with TURN_URLS; it is coturn's static-auth-secret"]
  if (TURN_URLS.length === 0 && TURN_SECRET !== '') return ['TURN_URLS: empty although TURN_SECRET is given']
  if (NODE_ENV === 'production' && TURN_SECRET !== '' && TURN_SECRET.length < MIN_TURN_SECRET)
    return [`TURN_SECRET: at least ${MIN_TURN_SECRET} characters with NODE_ENV=production`]
  return []
}

function readKeys(given: Record<string, string | undefined>): {
  keys: [ApiKey, ...ApiKey[]]
  faults: string[]
} {
  const keys: [ApiKey, ...ApiKey[]] = [
    {
      key: given.LIVEKIT_API_KEY ?? DEVELOPMENT_KEY,
      secret: given.LIVEKIT_API_SECRET ?? DEVELOPMENT_SECRET,
    },
  ]
  const faults: string[] = []
  for (const pair of list(given.LIVEKIT_EXTRA_KEYS ?? '')) {
    const [key = '', secret = '', ...rest] = pair.split(':').map(part => part.trim())
    if (key === '' || secret === '' || rest.length > 0)
      faults.push('LIVEKIT_EXTRA_KEYS: expected key:secret pairs separated by commas')
    else if (keys.some(known => known.key === key))
      faults.push(`LIVEKIT_EXTRA_KEYS: key ${key} is given twice`)
    else keys.push({ key, secret })
  }
  const isDevelopmentKey = ({ key, secret }: ApiKey) =>
    key === DEVELOPMENT_KEY || secret === DEVELOPMENT_SECRET
  if (given.NODE_ENV === 'production' && keys.some(isDevelopmentKey))
    faults.push(
      'LIVEKIT_API_KEY, LIVEKIT_API_SECRET: the development pair is refused with NODE_ENV=production',
    )
  return { keys, faults }
}

/** The process's own environment, checked. @throws ConfigError */
export const loadConfig = (): Config => readConfig(process.env)
