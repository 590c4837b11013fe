import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../settings/secret-rule.ts'

export interface MetricsAccess {
  /** METRICS_TOKEN; undefined where none is set. */
  token: string | undefined
  production: boolean
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
/** What proxies add: the request is then somebody else's, although it comes from this machine. */
const FORWARDED = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'forwarded',
  'x-real-ip',
  'via',
]

/**
 * Whether this request may read a process's figures, which tell of rooms, load and failures. With a token: who shows it
 * (`Authorization: Bearer …`, as Prometheus sends it). Without one: this machine itself, and in production nobody, because a
 * proxy beside the process asks from this machine, too, in the name of anybody.
 */
export function mayReadMetrics(
  request: Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } },
  { token, production }: MetricsAccess,
): boolean {
  if (token !== undefined) {
    const shown = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    return shown !== undefined && timingSafeEqual(digest(shown), digest(token))
  }
  if (production || FORWARDED.some(name => request.headers[name] !== undefined)) return false
  return isLoopback(request.socket.remoteAddress ?? '')
}
