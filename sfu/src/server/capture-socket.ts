import { type CaptureEvent, captureCommand } from '@diemcau/core/contracts/capture.ts'
import { AppError } from '@diemcau/core/errors.ts'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import type { VerifiedClaims } from '../room/base/claims.ts'
import type { RoomDirectory } from '../room/room-api.ts'

/** The interval of pings to a recorder, ms. One that vanished is noticed within two intervals. */
const PING_INTERVAL_MS = 10_000

/** Close codes of `/internal/capture` (4000-4999 are free for applications, RFC 6455 §7.4.2). */
export const CAPTURE_CLOSE = { badCommand: 4400, notFound: 4404, failed: 4500 } as const

/** What a token must say to capture a room. @throws AppError('permission_denied') */
export function assertMayCapture(claims: VerifiedClaims): string {
  const { room, roomRecord } = claims.video
  if (roomRecord !== true)
    throw new AppError('permission_denied', 'permission denied: the token has no roomRecord grant')
  if (room === undefined || room === '')
    throw new AppError('permission_denied', 'permission denied: the token names no room')
  return room
}

/**
 * Joins a recorder's socket with a room (contract: core/contracts/capture.ts). Commands of one track are handled one after the other, so
 * that a track that is slow to come holds up no other; those that come before the room has answered wait. The socket's end closes the capture, the room's end closes the socket.
 */
export function attachCapture(
  socket: WebSocket,
  roomName: string,
  rooms: Pick<RoomDirectory, 'openCapture'>,
  log: Logger,
): void {
  const send = (event: CaptureEvent) => {
    if (socket.readyState !== socket.OPEN) return
    socket.send(JSON.stringify(event))
    if (event.type === 'closed') socket.close(1000, event.reason.slice(0, 120))
  }

  let isAlive = true
  const heartbeat = setInterval(() => {
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  }, PING_INTERVAL_MS)
  socket.on('pong', () => {
    isAlive = true
  })

  const opening = rooms.openCapture(roomName, send)
  opening.catch((error: unknown) => {
    const code = error instanceof AppError ? error.code : 'internal'
    const isGone = code === 'not_found'
    if (!isGone)
      log[code === 'unavailable' ? 'warn' : 'error'](
        { err: error, roomName },
        'the room could not be captured',
      )
    socket.close(
      isGone ? CAPTURE_CLOSE.notFound : CAPTURE_CLOSE.failed,
      isGone ? 'not_found' : 'capture_failed',
    )
  })

  const queues = new Map<string, Promise<void>>()
  socket.on('message', (data, isBinary) => {
    isAlive = true
    const command = isBinary ? null : parseCommand(String(data))
    if (command === null) {
      log.warn({ roomName }, 'malformed capture command: socket closed')
      socket.close(CAPTURE_CLOSE.badCommand, 'bad_command')
      return
    }
    const { trackId } = command
    const done = (queues.get(trackId) ?? Promise.resolve()).then(async () => {
      try {
        const capture = await opening
        await capture.handle(command)
      } catch (error) {
        // When the room could not be opened, that was logged above and the socket is closing.
        log.debug({ err: error, roomName, command: command.type }, 'capture command failed')
        if (command.type === 'consume')
          send({
            type: 'consume_failed',
            trackId,
            port: command.port,
            reason: error instanceof AppError ? error.code : 'internal',
          })
      }
      if (queues.get(trackId) === done) queues.delete(trackId)
    })
    queues.set(trackId, done)
  })
  socket.on('error', error => log.warn({ err: error, roomName }, 'capture socket failed'))
  socket.on('close', () => {
    clearInterval(heartbeat)
    opening
      .then(capture => capture.close('recorder_gone'))
      .catch((error: unknown) =>
        log.debug({ err: error, roomName }, 'nothing to close of a capture that never opened'),
      )
  })
}

function parseCommand(text: string) {
  try {
    const parsed = captureCommand.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    // Not JSON: the same fault as a wrong shape.
    return null
  }
}
