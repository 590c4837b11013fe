import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type AppErrorCode, codeOf, messageFor } from '@diemcau/core/errors.ts'
import { statusOf } from '@diemcau/core/http/status.ts'

/** How this edge says things over HTTP: with CORS on all of it. */

/**
 * Browsers call `/rtc/validate` from the portal's origin. No cookie is ever used here, so any origin may, and is named in the answer, as by
 * livekit-server.
 */
function corsHeaders(request: Pick<IncomingMessage, 'headers'> | undefined): Record<string, string> {
  const origin = request?.headers.origin
  return origin === undefined
    ? { vary: 'Origin' }
    : { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-expose-headers': '*' }
}

const ALLOWED_METHODS = new Set(['OPTIONS', 'HEAD', 'GET', 'POST', 'PATCH', 'DELETE'])

/** Answers OPTIONS: a browser that asks whether it may is allowed the method and the headers it names, for a day. */
export function answerOptions(request: IncomingMessage, response: ServerResponse): void {
  const { 'access-control-request-method': method, 'access-control-request-headers': headers } =
    request.headers
  response.writeHead(204, {
    ...corsHeaders(request),
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    ...(method !== undefined && ALLOWED_METHODS.has(method)
      ? { 'access-control-allow-methods': method }
      : {}),
    ...(headers === undefined ? {} : { 'access-control-allow-headers': headers }),
    'access-control-max-age': '86400',
  })
  response.end()
}

/** Status and text for a failure; one that is not ours reveals nothing. */
export const describeFailure = (error: unknown): { status: number; code: AppErrorCode; text: string } => ({
  status: statusOf(error),
  code: codeOf(error),
  text: messageFor(error),
})

export function answer(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  contentType = 'text/plain; charset=utf-8',
): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    ...corsHeaders(response.req),
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}

/** How long a refused caller has to read the reason, ms. */
const REFUSAL_LINGER_MS = 2_000
/** Sockets that have been answered. Node reports a broken request again with every further piece of it, and such a socket is only waited for. */
const lingering = new WeakSet<Duplex>()

/**
 * Refuses an upgrade on the bare socket: with a status, a readable body and the connection closed after it. Node watches such a socket no
 * more, and ends but its own half of it, so a caller that keeps the other half open would hold it for ever. `request` is absent when it
 * could not be read.
 */
export function refuseUpgrade(
  socket: Duplex,
  status: number,
  text: string,
  request?: Pick<IncomingMessage, 'headers'>,
): void {
  if (socket.destroyed || lingering.has(socket)) return
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const headers = {
    ...corsHeaders(request),
    connection: 'close',
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  lingering.add(socket)
  const cut = setTimeout(() => socket.destroy(), REFUSAL_LINGER_MS)
  cut.unref()
  socket.once('close', () => clearTimeout(cut))
  // Data that still arrives is read and thrown away.
  socket.resume()
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${text}`)
}
