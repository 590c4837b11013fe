import type { IncomingMessage } from 'node:http'

/**
 * Address of the browser and whether it came over https. Behind a trusted proxy the last entry of X-Forwarded-For is
 * the one the proxy wrote itself; what stands before it the client may have invented.
 */
export function clientAddress(
  request: Pick<IncomingMessage, 'headers'> & { socket: { remoteAddress?: string | undefined } },
  trustProxy: boolean,
): { ip: string; secure: boolean } {
  const direct = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  if (!trustProxy) return { ip: direct, secure: false }
  const forwarded = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .at(-1)
    ?.trim()
  return { ip: forwarded || direct, secure: request.headers['x-forwarded-proto'] === 'https' }
}
