/** Which secrets are good enough for where a process can be reached from. One rule for every process. */
import { isIP } from 'node:net'
import { z } from 'zod'

/** What `livekit-server --dev` has too: known to everybody, so good on this very machine only. */
export const DEVELOPMENT_KEY = 'devkey'
export const DEVELOPMENT_SECRET = 'secret'
export const DEVELOPMENT_AUTH_SECRET = 'development-only-secret-of-the-portal-0001'
const DEVELOPMENT = new Set([DEVELOPMENT_KEY, DEVELOPMENT_SECRET, DEVELOPMENT_AUTH_SECRET])

/** Characters; 128 bits written in hexadecimal. A token in the open lets anybody guess a shorter one offline. */
export const MIN_SECRET = 32
const MIN_DIFFERENT = 8

export const nodeEnv = z
  .enum(['development', 'production', 'test'], { error: 'must be development, production or test' })
  .default('development')

/** Who may reach the processes: `loopback`, this machine only; `network`, everybody who has a way to it. */
export const listenSetting = z
  .enum(['loopback', 'network'], { error: 'must be loopback or network' })
  .optional()

export interface Place {
  NODE_ENV: z.infer<typeof nodeEnv>
  LISTEN?: z.infer<typeof listenSetting> | undefined
}

/** The address to listen on that follows from where a process runs: production serves the network, all else this machine. */
export const defaultBind = ({ NODE_ENV, LISTEN }: Place): string =>
  (LISTEN ?? (NODE_ENV === 'production' ? 'network' : 'loopback')) === 'network' ? '0.0.0.0' : '127.0.0.1'

/** True for an address that only this machine can reach (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(address: string): boolean {
  const bare = address.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  if (bare === 'localhost' || bare.endsWith('.localhost')) return true
  const v4 = bare.replace(/^::ffff:(?=\d+\.)/, '')
  if (isIP(v4) === 4) return v4.startsWith('127.')
  return isIP(bare) === 6 && /^(0*:)*:?0*1$/.test(bare)
}

/**
 * What is wrong with a secret where the process runs; null when it may be used. Never holds the secret.
 *
 * @param bind the address the process listens on
 */
export function secretFault(secret: string, place: { NODE_ENV: string; bind: string }): string | null {
  const isProduction = place.NODE_ENV === 'production'
  if (!isProduction && isLoopback(place.bind)) return null
  if (DEVELOPMENT.has(secret)) {
    const where = isProduction ? 'in production' : `where ${place.bind} can be reached from the network`
    const remedy = isProduction
      ? 'make one with openssl rand -hex 32'
      : 'start with npm start -- --open, which makes its own'
    return `the development value is refused ${where}: ${remedy}`
  }
  const isWeak = secret.trim().length < MIN_SECRET || new Set(secret).size < MIN_DIFFERENT
  return isWeak ? `needs at least ${MIN_SECRET} random characters: openssl rand -hex 32` : null
}

/** The same for the name of a key pair, which is no secret but tells which pair it is. */
export const isDevelopmentKey = (key: string, place: { NODE_ENV: string; bind: string }): boolean =>
  DEVELOPMENT.has(key) && (place.NODE_ENV === 'production' || !isLoopback(place.bind))
