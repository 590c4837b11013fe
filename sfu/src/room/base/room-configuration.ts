/** What a room may be asked to be: by CreateRoom, and by the `roomConfig` of a token whose holder makes it. One rule for both. */
import { AppError } from '@diemcau/core/errors.ts'
import type { RoomAgentDispatch, RoomEgress } from '@livekit/protocol'

interface Asked {
  egress?: RoomEgress | undefined
  agents: readonly RoomAgentDispatch[]
  /** Of CreateRoomRequest only. */
  replayEnabled?: boolean
}

/** Refuses what this server would not do, so that nobody waits for it. @throws AppError('unimplemented'), ('invalid_argument'). */
export function assertBuilt({ egress, agents, replayEnabled = false }: Asked, roomPreset: string): void {
  const refuse = (what: string): never => {
    throw new AppError('unimplemented', `${what} is not part of this server`)
  }
  if (egress) refuse('egress started with the room')
  if (agents.length > 0) refuse('agent dispatch')
  if (replayEnabled) refuse('replay')
  if (roomPreset !== '')
    throw new AppError('invalid_argument', `unknown room preset: ${roomPreset.slice(0, 64)}`)
}
