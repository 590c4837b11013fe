/** The only reader of the environment in the portal. */
import { resolve } from 'node:path'
import type { MetricsAccess } from '@diemcau/core/http/metrics-access.ts'
import { secretValues } from '@diemcau/core/log/redact.ts'
import { parseTrustedProxies, type TrustedProxies } from '@diemcau/core/net/networks.ts'
import {
  type AddressRule,
  addressSetting,
  httpAddress,
  postgresAddress,
  smtpAddress,
  socketAddress,
} from '@diemcau/core/settings/address-setting.ts'
import { givenSettings } from '@diemcau/core/settings/given-settings.ts'
import { nodeName } from '@diemcau/core/settings/node-name.ts'
import {
  DEVELOPMENT_AUTH_SECRET,
  DEVELOPMENT_KEY,
  DEVELOPMENT_SECRET,
  defaultBind,
  isDevelopmentKey,
  isLoopback,
  listenSetting,
  nodeEnv,
  secretFault,
} from '@diemcau/core/settings/secret-rule.ts'
import { z } from 'zod'

/** `redis://user:password@host:6379/0`. */
const redisAddress: AddressRule = { schemes: ['redis', 'rediss'], credentials: true, rest: 'path' }

const trustedProxies = z.string().transform((text, context): TrustedProxies => {
  const { proxies, wrong } = parseTrustedProxies(text)
  for (const item of wrong)
    context.addIssue(`"${item}" is no address or network: expected e.g. 127.0.0.1, 10.0.0.0/8`)
  return proxies
})

const schema = z.object({
  NODE_ENV: nodeEnv,
  NODE_NAME: nodeName,
  /** Who shows it may read `/metrics`. */
  METRICS_TOKEN: z.string().optional(),
  LISTEN: listenSetting,
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  BIND: z.string().optional(),
  DATABASE_URL: addressSetting(postgresAddress),
  /** By which several portals over one database tell one another at once; one alone needs none. */
  PORTAL_REDIS_URL: addressSetting(redisAddress).optional(),
  LIVEKIT_URL: addressSetting(httpAddress).default('http://127.0.0.1:7880'),
  LIVEKIT_PUBLIC_URL: addressSetting(socketAddress).optional(),
  LIVEKIT_API_KEY: z.string().min(1).default(DEVELOPMENT_KEY),
  LIVEKIT_API_SECRET: z.string().min(1).default(DEVELOPMENT_SECRET),
  AUTH_SECRET: z.string().min(32, 'must have at least 32 characters').default(DEVELOPMENT_AUTH_SECRET),
  /** The portal stands at the root of its host: no path. */
  PUBLIC_URL: addressSetting(httpAddress).optional(),
  SMTP_URL: addressSetting(smtpAddress).optional(),
  /** Telephone of the technical support, as invitations print it. */
  SUPPORT_PHONE: z.string().trim().max(60).optional(),
  MAIL_FROM: z.string().default('Điểm Cầu <no-reply@diemcau.local>'),
  TIME_ZONE: z.string().refine(isTimeZone, 'must be an IANA time zone').default('Asia/Ho_Chi_Minh'),
  // Worked out when asked for: inside Next's bundle, which never reads the settings itself, there is no dirname.
  DATA_DIR: z.string().default(() => resolve(import.meta.dirname, '../../.data')),
  LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
  /** Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: their addresses and networks. */
  TRUSTED_PROXIES: trustedProxies.optional(),
  /** The former name; `1` believes whoever connects. */
  TRUST_PROXY: trustedProxies.optional(),
})

export interface Config {
  production: boolean
  port: number
  bind: string
  /** Listens where others than this machine can reach it. */
  exposed: boolean
  databaseUrl: string
  redisUrl: string | null
  livekit: { url: string; publicUrl: string | null; apiKey: string; apiSecret: string }
  authSecret: string
  publicUrl: string
  smtpUrl: string | null
  mailFrom: string
  supportPhone: string | null
  timeZone: string
  dataDir: string
  logLevel: string
  /** How this process is called in its log. */
  nodeName: string
  /** Who may read `/metrics`: core/http/metrics-access.ts. */
  metricsAccess: MetricsAccess
  trustedProxies: TrustedProxies
}

/** All faults at once, one a line; the process ends with 78 (EX_CONFIG) before it listens. */
export class ConfigError extends Error {
  readonly faults: string[]
  constructor(faults: string[]) {
    super(`Configuration:\n${faults.map(f => `  ${f}`).join('\n')}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    // The constructor's RangeError is the answer.
    return false
  }
}

/** @throws ConfigError */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const parsed = schema.safeParse(givenSettings(env))
  if (!parsed.success)
    throw new ConfigError(
      parsed.error.issues.map(
        i => `${i.path.join('.')}: ${i.code === 'invalid_type' ? 'is missing' : i.message}`,
      ),
    )
  const e = parsed.data
  const production = e.NODE_ENV === 'production'
  const bind = e.BIND ?? defaultBind(e)
  const faults = placeFaults(e, bind)
  if (e.TRUSTED_PROXIES !== undefined && e.TRUST_PROXY !== undefined)
    faults.push('TRUST_PROXY: is the former name of TRUSTED_PROXIES; give only one of them')
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    production,
    port: e.PORT,
    bind,
    exposed: !isLoopback(bind),
    databaseUrl: e.DATABASE_URL,
    redisUrl: e.PORTAL_REDIS_URL ?? null,
    livekit: {
      url: e.LIVEKIT_URL,
      publicUrl: e.LIVEKIT_PUBLIC_URL ?? null,
      apiKey: e.LIVEKIT_API_KEY,
      apiSecret: e.LIVEKIT_API_SECRET,
    },
    authSecret: e.AUTH_SECRET,
    publicUrl: new URL(e.PUBLIC_URL ?? `http://localhost:${e.PORT}`).origin,
    smtpUrl: e.SMTP_URL ?? null,
    mailFrom: e.MAIL_FROM,
    supportPhone: e.SUPPORT_PHONE ?? null,
    timeZone: e.TIME_ZONE,
    dataDir: e.DATA_DIR,
    logLevel: e.LOG_LEVEL,
    nodeName: e.NODE_NAME,
    metricsAccess: { token: e.METRICS_TOKEN, production },
    trustedProxies: e.TRUSTED_PROXIES ?? e.TRUST_PROXY ?? [],
  }
}

/** What is refused because of where the process runs: known or short secrets, addresses without encryption. */
function placeFaults(e: z.infer<typeof schema>, bind: string): string[] {
  const place = { NODE_ENV: e.NODE_ENV, bind }
  const faults: string[] = []
  for (const name of ['AUTH_SECRET', 'LIVEKIT_API_SECRET'] as const) {
    const fault = secretFault(e[name], place)
    if (fault !== null) faults.push(`${name}: ${fault}`)
  }
  const tokenFault = e.METRICS_TOKEN === undefined ? null : secretFault(e.METRICS_TOKEN, place)
  if (tokenFault !== null) faults.push(`METRICS_TOKEN: ${tokenFault}`)
  if (isDevelopmentKey(e.LIVEKIT_API_KEY, place))
    faults.push('LIVEKIT_API_KEY: the development key is refused here; its secret is known to everybody')
  if (e.NODE_ENV !== 'production') return faults
  if (!e.PUBLIC_URL) faults.push('PUBLIC_URL: is missing (links in mails need it)')
  else if (!/^https:/i.test(e.PUBLIC_URL))
    faults.push('PUBLIC_URL: must begin with https:// in production (cameras and sign-in need it)')
  if (e.LIVEKIT_PUBLIC_URL && !/^wss:/i.test(e.LIVEKIT_PUBLIC_URL))
    faults.push(
      'LIVEKIT_PUBLIC_URL: must begin with wss:// in production (an https page opens no other socket)',
    )
  return faults
}

/** The values of this process that no line may hold. */
export const loadSecrets = (): string[] => secretValues(process.env)

/** Time zone of the pages; needs no other setting, because pages are also rendered while building. */
export function readTimeZone(env: Record<string, string | undefined> = process.env): string {
  return env.TIME_ZONE && isTimeZone(env.TIME_ZONE) ? env.TIME_ZONE : 'Asia/Ho_Chi_Minh'
}

/**
 * Next and React choose their production builds by NODE_ENV. Called after the settings are read, so that a demo with
 * development secrets may still serve the built pages.
 */
export function serveBuiltPages(): void {
  Object.assign(process.env, { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' })
}
