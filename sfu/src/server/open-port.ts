import { createServer, type Server } from 'node:http'
import { AppError } from '@diemcau/core/errors.ts'
import { answer, refuseUpgrade } from './http-answers.ts'

/** A token carries up to 64 KiB of metadata and as much of attributes, and browsers send it in the address. */
const MAX_HEADER_BYTES = 256 * 1024
const STARTING = 'this node is starting'

/**
 * Opens the node's HTTP port before anything else is built, so that a second node on the same machine stops before it
 * touches the journals of the first. Until the edge takes the server over, every request is answered 503.
 * @throws AppError('port_in_use' | 'port_failed') with a line for the operator.
 */
export async function openPort(port: number, bind: string): Promise<Server> {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (_request, response) =>
    answer(response, 503, STARTING),
  )
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
