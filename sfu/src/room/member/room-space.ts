import { AppError } from '@diemcau/core/errors.ts'
import type { RoomLimits } from '../base/limits.ts'
import { isCounted, type Member, type RoomView } from './room-view.ts'

/**
 * Recorders, egress and agents serve the others, and a second connection is nobody: for the room's own maximum they are neither
 * counted nor kept out. Throws AppError('resource_exhausted') when the room is full.
 */
export function assertSpace(
  room: RoomView,
  { participantsPerRoom }: RoomLimits,
  newcomer: Pick<Member, 'owner' | 'permission' | 'kind'>,
): void {
  const members = room.members()
  if (members.length >= participantsPerRoom)
    throw new AppError('resource_exhausted', `the room is full (${participantsPerRoom} on this server)`)
  const { maxParticipants } = room.options
  if (maxParticipants === 0 || !isCounted(newcomer)) return
  if (members.filter(isCounted).length >= maxParticipants)
    throw new AppError('resource_exhausted', `the room is full (${maxParticipants} participants)`)
}
