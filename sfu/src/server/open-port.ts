import { createServer, type Server } from 'node:http'
import { AppError } from '@diemcau/core/errors.ts'
import { answer, refuseUpgrade } from './http-answers.ts'

/**
 * A token carries up to 512 KiB of metadata and 64 KiB of attributes, a third more in base64, and browsers send it in the address. As much
 * as Go's HTTP server takes, and hence livekit-server.
 */
const MAX_HEADER_BYTES = 1024 * 1024
/** Limits on callers that have not shown a token yet; docs/limits.md. */
export const HTTP_LIMITS = {
  headerBytes: MAX_HEADER_BYTES,
  /** How long a caller may take to send all headers, and a whole request, ms. A caller that sends byte by byte cannot hold a socket longer. */
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  /** An idle connection is kept for the next request for so long, ms. */
  keepAliveMs: 5_000,
  /** TCP connections of all callers together. */
  connections: 20_000,
}
/** How often Node looks for callers over their time, ms. */
const TIMEOUT_CHECK_MS = 2_000
const STARTING = 'this node is starting'

/**
 * Opens the node's HTTP port before anything else is built, so that a second node on the same machine stops before it
 * touches the journals of the first. Until the edge takes the server over, every request is answered 503.
 * @throws AppError('port_in_use' | 'port_failed') with a line for the operator.
 */
export async function openPort(port: number, bind: string): Promise<Server> {
  const server = createServer(
    {
      maxHeaderSize: HTTP_LIMITS.headerBytes,
      headersTimeout: HTTP_LIMITS.headersTimeoutMs,
      requestTimeout: HTTP_LIMITS.requestTimeoutMs,
      keepAliveTimeout: HTTP_LIMITS.keepAliveMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    (_request, response) => answer(response, 503, STARTING),
  )
  server.maxConnections = HTTP_LIMITS.connections
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => socket.destroy())
    refuseUpgrade(socket, 503, STARTING)
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, bind, () => {
        server.off('error', reject)
        resolve()
      })
    })
    return server
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'EADDRINUSE')
      throw new AppError(
        'port_in_use',
        `port ${port} on ${bind} is in use: stop what holds it or set SFU_PORT`,
        { cause },
      )
    throw new AppError(
      'port_failed',
      `port ${port} on ${bind} cannot be opened (${String(code)}): see SFU_PORT, SFU_BIND`,
      {
        cause,
      },
    )
  }
}
