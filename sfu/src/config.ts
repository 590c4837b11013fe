import { availableParallelism } from 'node:os'
import path from 'node:path'
import { z } from 'zod'

/** Environment variables of the SFU node, in one place. Nothing else in `sfu/src` reads `process.env`. */

const DEVELOPMENT_KEY = 'devkey'
const DEVELOPMENT_SECRET = 'secret'

const port = z.coerce.number().int().min(1).max(65_535)
const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' })

/** A comma separated list; blanks are dropped, so that an empty value means an empty list. */
const list = (text: string) =>
  text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')

const environment = z.object({
  NODE_ENV: z.string().default('development'),
  SFU_PORT: count(0, 65_535).default(7880),
  SFU_BIND: z.string().default('0.0.0.0'),
  SFU_MEDIA_PORT: port.default(7882),
  SFU_ANNOUNCED_ADDRESS: z.string().default('').transform(list),
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
  SFU_TRUST_PROXY: z.enum(['0', '1', 'false', 'true']).default('0'),
  SFU_JOINS_PER_MINUTE: count(1, 1_000_000).default(1200),
  SFU_MAX_MESSAGE_BYTES: count(16_384, 16_777_216).default(1_048_576),
})

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
  /** Addresses told to clients as ICE candidates; empty: every non-internal IPv4 address and 127.0.0.1. */
  announcedAddresses: string[]
  workers: number
  /** Never empty. The first pair signs webhooks; every pair is accepted on tokens. */
  keys: [ApiKey, ...ApiKey[]]
  webhookUrls: string[]
  recordingsUrl: string
  dataDir: string
  logLevel: string
  /** Undefined: the worker binary of the mediasoup package. */
  workerBin: string | undefined
  /** Read the client's address from X-Forwarded-For; only right behind a proxy that sets it. */
  trustProxy: boolean
  /** Joins a minute allowed from one address. A hall full of people shares an address. */
  joinsPerMinute: number
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
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    production: values.NODE_ENV === 'production',
    port: values.SFU_PORT,
    bind: values.SFU_BIND,
    mediaPort: values.SFU_MEDIA_PORT,
    announcedAddresses: values.SFU_ANNOUNCED_ADDRESS,
    workers: values.SFU_WORKERS,
    keys,
    webhookUrls: values.WEBHOOK_URLS,
    recordingsUrl: values.RECORDINGS_URL,
    dataDir: values.DATA_DIR,
    logLevel: values.LOG_LEVEL,
    workerBin: values.MEDIASOUP_WORKER_BIN,
    trustProxy: values.SFU_TRUST_PROXY === '1' || values.SFU_TRUST_PROXY === 'true',
    joinsPerMinute: values.SFU_JOINS_PER_MINUTE,
    maxMessageBytes: values.SFU_MAX_MESSAGE_BYTES,
  }
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
