import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError } from '@diemcau/core/errors.ts'

/** How this edge says things over HTTP: one table from error code to status, and CORS on all of it. */

const STATUS_OF_CODE: Record<string, number> = {
  unauthenticated: 401,
  permission_denied: 403,
  not_found: 404,
  too_large: 413,
  too_many_requests: 429,
  resource_exhausted: 429,
  unavailable: 503,
}

/** Browsers call `/rtc/validate` from the portal's origin. No cookie is ever used here, so any origin may. */
export const CORS_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'authorization, content-type, x-livekit-request-id',
  'access-control-max-age': '86400',
}

/** Status and text for a failure; one that is not an AppError reveals nothing. */
export function describeFailure(error: unknown): { status: number; code: string; text: string } {
  const status = error instanceof AppError ? STATUS_OF_CODE[error.code] : undefined
  if (status === undefined || !(error instanceof AppError))
    return { status: 500, code: 'internal', text: 'internal error' }
  return { status, code: error.code, text: error.message }
}

export function answer(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  contentType = 'text/plain; charset=utf-8',
): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    ...CORS_HEADERS,
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}

/** Who was refused gets this long to read why, ms. */
const REFUSAL_LINGER_MS = 2_000
/** Node reports a broken request again with every piece that still comes of it: one that has its answer is left to its time. */
const lingering = new WeakSet<Duplex>()

/**
 * Refuses an upgrade on the bare socket: with a status, a readable body and the connection closed after it. Node watches such a socket no
 * more, and ends but its own half of it, so a caller that keeps the other half open would hold it for ever.
 */
export function refuseUpgrade(socket: Duplex, status: number, text: string): void {
  if (socket.destroyed || lingering.has(socket)) return
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const headers = {
    ...CORS_HEADERS,
    connection: 'close',
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  lingering.add(socket)
  const cut = setTimeout(() => socket.destroy(), REFUSAL_LINGER_MS)
  cut.unref()
  socket.once('close', () => clearTimeout(cut))
  // What still comes is not kept.
  socket.resume()
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${text}`)
}

/** @throws AppError('too_large') when the body is over `limit` bytes; the rest is not read. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new AppError('too_large', `the body is over ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
