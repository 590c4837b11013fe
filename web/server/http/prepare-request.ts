import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { clientAddress, isFromProxy, isSecure } from '@diemcau/core/net/client-address.ts'
import type { Config } from '../config.ts'
import { codeText } from '../errors.ts'
import { ownHost } from './same-origin.ts'
import { securityHeaders } from './security-headers.ts'

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.at(-1) : header

/** Whether a page of ours sent it; clients that are no browsers send no origin. Sockets ask this, too. */
export function isOwnRequest(request: IncomingMessage, config: Config): boolean {
  return request.headers.origin === undefined || ownHostOf(request, config) !== null
}

function ownHostOf(request: IncomingMessage, config: Config): string | null {
  const isProxied = isFromProxy(request, config.trustedProxies)
  return ownHost(
    {
      origin: request.headers.origin,
      host: request.headers.host,
      forwardedHost: isProxied ? single(request.headers['x-forwarded-host']) : undefined,
      secure: isSecure(request, config.trustedProxies),
    },
    config.publicUrl,
  )
}

/**
 * First look at a request: what a client may not say about itself is overwritten, the answer gets its security headers,
 * and what another site asks for is refused. Resolves to the client's address, or null when the answer has been given.
 */
export function prepareRequest(
  request: IncomingMessage,
  response: ServerResponse,
  config: Config,
  dev: boolean,
): string | null {
  const { headers } = request
  const secure = isSecure(request, config.trustedProxies)
  const ip = clientAddress(request, config.trustedProxies)
  const own = headers.origin === undefined ? null : ownHostOf(request, config)
  headers['x-real-ip'] = ip
  headers['x-forwarded-proto'] = secure ? 'https' : 'http'
  // Next compares the origin with this header, or with the host, letter by letter.
  if (!isFromProxy(request, config.trustedProxies)) delete headers['x-forwarded-host']
  if (own !== null) {
    headers.host = own
    headers['x-forwarded-host'] = own
  }
  const { port } = new URL(config.livekit.url)
  const answer = securityHeaders({
    nonce: randomBytes(16).toString('base64'),
    secure,
    hosts: [headers.host, new URL(config.publicUrl).host],
    mediaUrl: config.livekit.publicUrl,
    mediaPort: port,
    dev,
  })
  for (const [name, value] of Object.entries(answer)) response.setHeader(name, value)
  // From here Next takes the nonce for its own scripts.
  headers['content-security-policy'] = answer['Content-Security-Policy']
  const isReading = request.method === 'GET' || request.method === 'HEAD'
  if (isReading || headers.origin === undefined || own !== null) return ip
  response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
  const detail = { address: config.publicUrl }
  response.end(`${codeText('vi', 'foreign_origin', detail)}\n${codeText('en', 'foreign_origin', detail)}\n`)
  return null
}
