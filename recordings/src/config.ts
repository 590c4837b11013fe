import { chmodSync, mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MetricsAccess } from '@diemcau/core/http/metrics-access.ts'
import type { ApiKey } from '@diemcau/core/livekit/access-token.ts'
import { secretValues } from '@diemcau/core/log/redact.ts'
import {
  addressFault,
  addressSetting,
  httpAddress,
  httpPageAddress,
} from '@diemcau/core/settings/address-setting.ts'
import { readApiKeys } from '@diemcau/core/settings/api-keys.ts'
import { givenSettings } from '@diemcau/core/settings/given-settings.ts'
import { nodeName } from '@diemcau/core/settings/node-name.ts'
import { nodeEnv, secretFault } from '@diemcau/core/settings/secret-rule.ts'
import { z } from 'zod'

const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const port = z.coerce.number().int().min(0).max(65_535)
const withoutSlash = (url: string): string => url.replace(/\/+$/, '')
const httpUrl = addressSetting(httpAddress).transform(withoutSlash)
const parts = (list: string): string[] =>
  list
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '')

const schema = z.object({
  NODE_ENV: nodeEnv,
  NODE_NAME: nodeName,
  /** Who shows it may read `/metrics`. */
  METRICS_TOKEN: z.string().optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  RECORDINGS_PORT: port.default(7980),
  RECORDINGS_BIND: z.string().min(1).default('127.0.0.1'),
  /** Address at which the SFU reaches this process with RTP; also the address the UDP ports are bound to. */
  RECORDINGS_RTP_ADDRESS: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'),
  /** Where rooms are captured: one address, or those of several nodes of a cluster in the order in which they are tried. */
  SFU_URL: z
    .string()
    .default('http://127.0.0.1:7880')
    .transform(parts)
    .superRefine(assertAddresses)
    .transform(urls => urls.map(withoutSlash)),
  WEBHOOK_URLS: z
    .string()
    .default('http://127.0.0.1:3000/api/webhooks/livekit')
    .transform(parts)
    .pipe(z.array(addressSetting(httpPageAddress))),
  DATA_DIR: z.string().min(1).default(join(REPOSITORY, '.data')),
  /** Folder of recordings that several recorders share; empty: that in DATA_DIR, of this process alone. */
  RECORDINGS_SHARED_DIR: z.string().min(1).optional(),
  /** Of a shared folder: how many recordings this process works on at a time. */
  RECORDINGS_PLACES: z.coerce.number().int().min(1).max(1000).default(8),
  FFMPEG_PATH: z.string().optional(),
  FFPROBE_PATH: z.string().optional(),
  /** Where others reach this process's files; default: at RECORDINGS_BIND and RECORDINGS_PORT. */
  PUBLIC_RECORDINGS_URL: httpUrl.optional(),
  /** Threads of each ffmpeg of a composition. */
  RECORDINGS_THREADS: z.coerce.number().int().min(1).max(64).default(2),
  /** Niceness of a composition, which gives way to live media on the same machine. */
  RECORDINGS_NICE: z.coerce.number().int().min(0).max(19).default(10),
  /** A recording is refused, and a running one ended, when less than this is free. Bytes. */
  RECORDINGS_MIN_FREE_BYTES: z.coerce.number().int().nonnegative().default(300_000_000),
  /** How long a recording waits for a room that is not there (any more) before it ends. Milliseconds. */
  RECORDINGS_ROOM_WAIT_MS: z.coerce.number().int().min(0).default(120_000),
})

/** At least one, each a service of ours, none of them twice. */
function assertAddresses(urls: string[], context: z.RefinementCtx): void {
  const complain = (message: string, path: number[] = []) =>
    context.addIssue({ code: 'custom', message, path })
  if (urls.length === 0) complain('names no address: expected http://host')
  for (const [index, url] of urls.entries()) {
    const fault = addressFault(url, httpAddress)
    if (fault !== null) complain(fault, urls.length > 1 ? [index] : [])
  }
  const hosts = urls.flatMap(url => URL.parse(url)?.host ?? [])
  if (new Set(hosts).size < hosts.length) complain('names an address twice')
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || host === '::1' || host.startsWith('127.')

/** Nodes of several machines all send to the one address: the loopback would be another machine's own. */
function rtpFault(urls: readonly string[], rtpAddress: string): string[] {
  const hosts = new Set(urls.map(url => new URL(url).hostname))
  if (!isLoopback(rtpAddress) || hosts.size < 2 || [...hosts].every(isLoopback)) return []
  return [
    'RECORDINGS_RTP_ADDRESS: must be an address of this machine that the nodes of SFU_URL reach, as they are on several machines; it is the loopback',
  ]
}

/** All settings of the process; every time in milliseconds, every size in bytes. */
export interface Config {
  logLevel: string
  /** How this process is called in its log. */
  nodeName: string
  /** Who may read `/metrics`: core/http/metrics-access.ts. */
  metricsAccess: MetricsAccess
  /** Key pairs whose tokens are taken; the first one signs. */
  keys: [ApiKey, ...ApiKey[]]
  port: number
  bind: string
  rtpAddress: string
  /** In the order in which they are tried. */
  sfuUrls: [string, ...string[]]
  webhookUrls: string[]
  /** Folder of this process's data. */
  dataDir: string
  recordingsDir: string
  /** The folder of recordings is that of several recorders; `places` is how many recordings this one works on at a time. */
  sharing: { places: number } | null
  ffmpegPath: string | undefined
  ffprobePath: string | undefined
  publicUrl: string | undefined
  threads: number
  nice: number
  minFreeBytes: number
  roomWaitMs: number
}

/** Reads the settings. Returns every fault at once, one line each, instead of a half-made configuration. */
export function parseConfig(
  env: Record<string, string | undefined>,
): { config: Config; faults: null } | { config: null; faults: string[] } {
  const given = givenSettings(env)
  const parsed = schema.safeParse(given)
  const { keys, faults } = readApiKeys(given, {
    NODE_ENV: parsed.data?.NODE_ENV ?? given.NODE_ENV ?? 'development',
    bind: parsed.data?.RECORDINGS_BIND ?? given.RECORDINGS_BIND ?? '127.0.0.1',
  })
  if (!parsed.success || faults.length > 0)
    return {
      config: null,
      faults: [
        ...faults,
        ...(parsed.error?.issues ?? []).map(issue => `${issue.path.join('.')}: ${issue.message}`),
      ],
    }
  const value = parsed.data
  const [firstUrl = '', ...otherUrls] = value.SFU_URL
  const addressFaults = rtpFault(value.SFU_URL, value.RECORDINGS_RTP_ADDRESS)
  const tokenFault = value.METRICS_TOKEN
    ? secretFault(value.METRICS_TOKEN, { NODE_ENV: value.NODE_ENV, bind: value.RECORDINGS_BIND })
    : null
  if (tokenFault !== null) addressFaults.push(`METRICS_TOKEN: ${tokenFault}`)
  if (addressFaults.length > 0) return { config: null, faults: addressFaults }
  const dataDir = resolve(value.DATA_DIR)
  return {
    faults: null,
    config: {
      logLevel: value.LOG_LEVEL,
      nodeName: value.NODE_NAME,
      metricsAccess: { token: value.METRICS_TOKEN, production: value.NODE_ENV === 'production' },
      keys,
      port: value.RECORDINGS_PORT,
      bind: value.RECORDINGS_BIND,
      rtpAddress: value.RECORDINGS_RTP_ADDRESS,
      sfuUrls: [firstUrl, ...otherUrls],
      webhookUrls: value.WEBHOOK_URLS,
      dataDir,
      recordingsDir: value.RECORDINGS_SHARED_DIR
        ? resolve(value.RECORDINGS_SHARED_DIR)
        : join(dataDir, 'recordings'),
      sharing: value.RECORDINGS_SHARED_DIR ? { places: value.RECORDINGS_PLACES } : null,
      ffmpegPath: value.FFMPEG_PATH,
      ffprobePath: value.FFPROBE_PATH,
      publicUrl: value.PUBLIC_RECORDINGS_URL,
      threads: value.RECORDINGS_THREADS,
      nice: value.RECORDINGS_NICE,
      minFreeBytes: value.RECORDINGS_MIN_FREE_BYTES,
      roomWaitMs: value.RECORDINGS_ROOM_WAIT_MS,
    },
  }
}

/** The values of this process that no line may hold. */
export const loadSecrets = (): string[] => secretValues(process.env)

/** Settings from the environment; faults are printed and end the process with 78 (EX_CONFIG of sysexits.h). */
export function loadConfig(): Config {
  const { config, faults } = parseConfig(process.env)
  const problems = faults ?? []
  if (config) {
    try {
      mkdirSync(config.recordingsDir, { recursive: true, mode: 0o700 })
      // One made by an older version may be open to all; closing it closes everything below.
      chmodSync(config.recordingsDir, 0o700)
      return config
    } catch (error) {
      problems.push(
        `${config.sharing ? 'RECORDINGS_SHARED_DIR' : 'DATA_DIR'}: ${error instanceof Error ? error.message : error}`,
      )
    }
  }
  for (const problem of problems) console.error(`recordings: ${problem}`)
  process.exit(78)
}
