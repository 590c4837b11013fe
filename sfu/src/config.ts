import { isIP, isIPv6 } from 'node:net'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { secretValues } from '@diemcau/core/log/redact.ts'
import { IpNetwork, parseTrustedProxies, type TrustedProxies } from '@diemcau/core/net/networks.ts'
import { addressSetting, httpAddress, httpPageAddress } from '@diemcau/core/settings/address-setting.ts'
import { readApiKeys } from '@diemcau/core/settings/api-keys.ts'
import { givenSettings } from '@diemcau/core/settings/given-settings.ts'
import { nodeName } from '@diemcau/core/settings/node-name.ts'
import { defaultBind, listenSetting, nodeEnv, secretFault } from '@diemcau/core/settings/secret-rule.ts'
import { z } from 'zod'
import { type ClusterConfig, clusterVariables, readCluster } from './cluster/cluster-settings.ts'
import { defaultLimits } from './room/base/limits.ts'
import { reachableAddresses } from './server/own-addresses.ts'

/** Environment variables of the SFU node, in one place. Nothing else in `sfu/src` reads `process.env`. */

const port = z.coerce.number().int().min(1).max(65_535)
const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max)

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
  const { proxies, wrong } = parseTrustedProxies(text)
  for (const item of wrong)
    context.addIssue(`"${item}" is no address or network: expected 0, 1 or e.g. 127.0.0.1, 10.0.0.0/8`)
  return proxies
})

const environment = z.object({
  NODE_ENV: nodeEnv,
  LISTEN: listenSetting,
  SFU_PORT: count(0, 65_535).default(7880),
  SFU_BIND: z.string().optional(),
  SFU_MEDIA_PORT: port.default(7882),
  SFU_MEDIA_BIND: z.string().default('').transform(list).pipe(z.array(address)),
  SFU_ANNOUNCED_ADDRESS: z.string().default('').transform(list).pipe(z.array(announced)),
  TURN_URLS: z.string().default('').transform(list).pipe(z.array(turnUrl)),
  TURN_SECRET: z.string().default(''),
  TURN_TTL: count(60, 604_800).default(43_200),
  SFU_WORKERS: count(1, 64).default(Math.max(1, availableParallelism())),
  SFU_WORKER_BUDGET: count(1, 100).default(75),
  SFU_WORKER_KEPT_BUDGET: count(1, 100).default(90),
  SFU_WORKER_PLACEMENT: z.enum(['fill', 'spread']).default('fill'),
  SFU_ADMISSION: z.enum(['on', 'off']).default('on'),
  SFU_EVENT_LOOP_BUDGET_MS: count(0, 60_000).default(1_000),
  SFU_MEMORY_LEFT_MIB: count(0, 1_048_576).default(256),
  SFU_PEOPLE_BUDGET: count(0, 1_000_000).default(0),
  WEBHOOK_URLS: z
    .string()
    .default('http://127.0.0.1:3000/api/webhooks/livekit')
    .transform(list)
    .pipe(z.array(addressSetting(httpPageAddress))),
  /** One recorder, or several separated by commas. */
  RECORDINGS_URL: z
    .string()
    .default('http://127.0.0.1:7980')
    .transform(list)
    .pipe(z.tuple([addressSetting(httpAddress)], addressSetting(httpAddress))),
  DATA_DIR: z
    .string()
    .min(1)
    .default(path.resolve(import.meta.dirname, '../../.data')),
  NODE_NAME: nodeName,
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  MEDIASOUP_WORKER_BIN: z.string().optional(),
  TRUSTED_PROXIES: trustedProxies.default([]),
  SFU_TRUST_PROXY: trustedProxies.optional(),
  METRICS_TOKEN: z.string().optional(),
  SFU_ROOM_AUTO_CREATE: z.enum(['0', '1', 'false', 'true']).default('1'),
  SFU_VOICES: count(1, 10_000).default(8),
  SFU_JOINS_PER_MINUTE: count(1, 1_000_000).default(1200),
  SFU_CONNECTIONS_PER_ADDRESS: count(1, 1_000_000).default(2_000),
  SFU_MAX_MESSAGE_BYTES: count(16_384, 16_777_216).default(2_097_152),
  SFU_AUDIENCE_FROM: count(0, 1_000_000).default(defaultLimits.audienceFrom),
  ...clusterVariables,
})

/** An address of this node and the clients that are told of it. */
export interface AnnouncedAddress {
  /** Undefined: for clients that no network holds. */
  network: IpNetwork | undefined
  address: string
}

/** `fill`: a room stays on as few workers as hold it. `spread`: everybody goes to the worker with the fewest people. */
export type WorkerPlacement = 'fill' | 'spread'

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
  /** Percent of a core a worker is filled to before the next one is used. */
  workerBudget: number
  workerPlacement: WorkerPlacement
  /** Past what newcomers are refused. */
  admission: {
    isOn: boolean
    /** Percent of a core, for those whose seats are kept. */
    workerKeptBudget: number
    /** 99th percentile of the event loop's delay; 0: not looked at. */
    eventLoopMs: number
    /** What the machine must have left; 0: not looked at. */
    memoryLeftMiB: number
    /** Connections; 0: not looked at. */
    people: number
  }
  /** Never empty. The first pair signs webhooks; every pair is accepted on tokens. */
  keys: [ApiKey, ...ApiKey[]]
  webhookUrls: string[]
  /** Of each recorder. */
  recordingsUrls: [string, ...string[]]
  dataDir: string
  /** How this process is called in its log and by the administrators' page. */
  nodeName: string
  logLevel: string
  /** Undefined: the worker binary of the mediasoup package. */
  workerBin: string | undefined
  /** Whose X-Forwarded-For tells the client's address. */
  trustedProxies: TrustedProxies
  /** Who shows it may read `/metrics`; undefined: see core/http/metrics-access.ts. */
  metricsToken: string | undefined
  /** Joining makes a room that is not there. When false only the API's CreateRoom does. */
  autoCreateRooms: boolean
  /** Microphones heard at once in a room, beside those of who has the floor. */
  voices: number
  /** Joins a minute allowed from one address. A hall full of people shares an address. */
  joinsPerMinute: number
  /** Signalling sockets open at once from one address. */
  connectionsPerAddress: number
  /** Largest signalling message or API body, in bytes. */
  maxMessageBytes: number
  /** So many in a room who may not publish are not told of one another. */
  audienceFrom: number
  /** Undefined: this node is alone, and opens no port but the clients'. */
  cluster: ClusterConfig | undefined
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
 * Reads and checks the environment.
 * @param machine addresses of this machine that others may reach; asked for only in a cluster
 * @throws ConfigError with all faults at once.
 */
export function readConfig(
  env: Record<string, string | undefined>,
  machine: () => readonly string[] = reachableAddresses,
): Config {
  const given = givenSettings(env)
  const parsed = environment.safeParse(given)
  // Keys are checked on what was given, so that they are reported together with the faults of single variables.
  const place = placeOf(given)
  const { keys, faults } = readApiKeys(given, place)
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
  const mediaBind = values.SFU_MEDIA_BIND.length > 0 ? values.SFU_MEDIA_BIND : mediaBindOf(place.bind)
  faults.push(...unreachable(values.SFU_ANNOUNCED_ADDRESS, mediaBind), ...turnFaults(values, place))
  const tokenFault = values.METRICS_TOKEN === undefined ? null : secretFault(values.METRICS_TOKEN, place)
  if (tokenFault !== null) faults.push(`METRICS_TOKEN: ${tokenFault}`)
  const { cluster, faults: clusterFaults } = readCluster(values, {
    ...place,
    httpPort: values.SFU_PORT,
    firstMediaPort: values.SFU_MEDIA_PORT,
    lastMediaPort,
    machine,
  })
  faults.push(...clusterFaults)
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    production: values.NODE_ENV === 'production',
    port: values.SFU_PORT,
    bind: place.bind,
    mediaPort: values.SFU_MEDIA_PORT,
    mediaBind,
    announcedAddresses: values.SFU_ANNOUNCED_ADDRESS,
    turn:
      values.TURN_URLS.length > 0
        ? { urls: values.TURN_URLS, secret: values.TURN_SECRET, ttlS: values.TURN_TTL }
        : undefined,
    workers: values.SFU_WORKERS,
    workerBudget: values.SFU_WORKER_BUDGET,
    workerPlacement: values.SFU_WORKER_PLACEMENT,
    admission: {
      isOn: values.SFU_ADMISSION === 'on',
      workerKeptBudget: values.SFU_WORKER_KEPT_BUDGET,
      eventLoopMs: values.SFU_EVENT_LOOP_BUDGET_MS,
      memoryLeftMiB: values.SFU_MEMORY_LEFT_MIB,
      people: values.SFU_PEOPLE_BUDGET,
    },
    keys,
    webhookUrls: values.WEBHOOK_URLS,
    recordingsUrls: values.RECORDINGS_URL,
    dataDir: values.DATA_DIR,
    nodeName: values.NODE_NAME,
    logLevel: values.LOG_LEVEL,
    workerBin: values.MEDIASOUP_WORKER_BIN,
    trustedProxies: values.SFU_TRUST_PROXY ?? values.TRUSTED_PROXIES,
    metricsToken: values.METRICS_TOKEN,
    autoCreateRooms: values.SFU_ROOM_AUTO_CREATE === '1' || values.SFU_ROOM_AUTO_CREATE === 'true',
    voices: values.SFU_VOICES,
    joinsPerMinute: values.SFU_JOINS_PER_MINUTE,
    connectionsPerAddress: values.SFU_CONNECTIONS_PER_ADDRESS,
    maxMessageBytes: values.SFU_MAX_MESSAGE_BYTES,
    audienceFrom: values.SFU_AUDIENCE_FROM,
    cluster,
  }
}

/** Where the process runs and listens, as far as the rules for secrets ask; faults of these settings are told elsewhere. */
interface KeyPlace {
  NODE_ENV: string
  bind: string
}

function placeOf(given: Record<string, string | undefined>): KeyPlace {
  const environmentName = nodeEnv.safeParse(given.NODE_ENV).data ?? 'production'
  const listen = listenSetting.safeParse(given.LISTEN).data
  const bind = given.SFU_BIND ?? defaultBind({ NODE_ENV: environmentName, LISTEN: listen })
  return { NODE_ENV: environmentName, bind }
}

/** Node's `::` serves both families; mediasoup wants a socket for each, and no names. */
function mediaBindOf(bind: string): string[] {
  if (bind === '::') return ['0.0.0.0', '::']
  return [bind === 'localhost' ? '127.0.0.1' : bind]
}

/** Announced addresses of a family that no media socket is bound to: clients would knock at a closed door. */
function unreachable(announcedAddresses: AnnouncedAddress[], mediaBind: string[]): string[] {
  return announcedAddresses
    .filter(({ address }) => !mediaBind.some(bound => isIPv6(bound) === isIPv6(address)))
    .map(
      ({ address }) =>
        `SFU_ANNOUNCED_ADDRESS: ${address} is announced, but media is bound to ${mediaBind.join(', ')} only (SFU_MEDIA_BIND)`,
    )
}

function turnFaults(values: { TURN_URLS: string[]; TURN_SECRET: string }, place: KeyPlace): string[] {
  const { TURN_URLS, TURN_SECRET } = values
  if (TURN_URLS.length > 0 && TURN_SECRET === '')
    return ["TURN_SECRET: needed with TURN_URLS; it is coturn's static-auth-secret"]
  if (TURN_URLS.length === 0 && TURN_SECRET !== '') return ['TURN_URLS: empty although TURN_SECRET is given']
  const fault = TURN_SECRET === '' ? null : secretFault(TURN_SECRET, place)
  return fault === null ? [] : [`TURN_SECRET: ${fault}`]
}

/** The values of this process that no line may hold. */
export const loadSecrets = (): string[] => secretValues(process.env)

/** The process's own environment, checked. @throws ConfigError */
export const loadConfig = (): Config => readConfig(process.env)
