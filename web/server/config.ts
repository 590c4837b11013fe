/** The only reader of the environment in the portal. */
import { resolve } from 'node:path'
import { z } from 'zod'

const devAuthSecret = 'development-only-secret-of-the-portal-0001'

const schema = z.object({
  NODE_ENV: z.enum(['development', 'production', 'test']).default('development'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  BIND: z.string().default('0.0.0.0'),
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgresql:// address'),
  LIVEKIT_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:7880'),
  LIVEKIT_PUBLIC_URL: z.url({ protocol: /^wss?$/ }).optional(),
  LIVEKIT_API_KEY: z.string().min(1).default('devkey'),
  LIVEKIT_API_SECRET: z.string().min(1).default('secret'),
  AUTH_SECRET: z.string().min(32, 'must have at least 32 characters').default(devAuthSecret),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//, 'must be an smtp:// address')
    .optional(),
  MAIL_FROM: z.string().default('Điểm Cầu <no-reply@diemcau.local>'),
  TIME_ZONE: z.string().refine(isTimeZone, 'must be an IANA time zone').default('Asia/Ho_Chi_Minh'),
  // Worked out when asked for: inside Next's bundle, which never reads the settings itself, there is no dirname.
  DATA_DIR: z.string().default(() => resolve(import.meta.dirname, '../../.data')),
  LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
  /** Requests pass a proxy that sets X-Forwarded-For and X-Forwarded-Proto. */
  TRUST_PROXY: z.enum(['0', '1']).default('0'),
})

export interface Config {
  production: boolean
  port: number
  bind: string
  databaseUrl: string
  livekit: { url: string; publicUrl: string | null; apiKey: string; apiSecret: string }
  authSecret: string
  publicUrl: string
  smtpUrl: string | null
  mailFrom: string
  timeZone: string
  dataDir: string
  logLevel: string
  trustProxy: boolean
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
  // An empty variable means "not set", as in a copied .env.example.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = schema.safeParse(given)
  if (!parsed.success)
    throw new ConfigError(
      parsed.error.issues.map(
        i => `${i.path.join('.')}: ${i.code === 'invalid_type' ? 'is missing' : i.message}`,
      ),
    )
  const e = parsed.data
  const production = e.NODE_ENV === 'production'
  const faults: string[] = []
  if (production && e.AUTH_SECRET === devAuthSecret)
    faults.push('AUTH_SECRET: the development secret is refused in production')
  if (production && (e.LIVEKIT_API_KEY === 'devkey' || e.LIVEKIT_API_SECRET === 'secret'))
    faults.push('LIVEKIT_API_KEY, LIVEKIT_API_SECRET: the development pair is refused in production')
  if (production && !e.PUBLIC_URL) faults.push('PUBLIC_URL: is missing (links in mails need it)')
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    production,
    port: e.PORT,
    bind: e.BIND,
    databaseUrl: e.DATABASE_URL,
    livekit: {
      url: e.LIVEKIT_URL,
      publicUrl: e.LIVEKIT_PUBLIC_URL ?? null,
      apiKey: e.LIVEKIT_API_KEY,
      apiSecret: e.LIVEKIT_API_SECRET,
    },
    authSecret: e.AUTH_SECRET,
    publicUrl: (e.PUBLIC_URL ?? `http://localhost:${e.PORT}`).replace(/\/$/, ''),
    smtpUrl: e.SMTP_URL ?? null,
    mailFrom: e.MAIL_FROM,
    timeZone: e.TIME_ZONE,
    dataDir: e.DATA_DIR,
    logLevel: e.LOG_LEVEL,
    trustProxy: e.TRUST_PROXY === '1',
  }
}

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
