/**
 * RoomService.MoveParticipant. Signalling here has no way to carry media connections from one room to another, so the
 * client is given a token for the other room and told to connect anew: every SDK does that by itself and publishes its
 * tracks again. `roomMoved` goes before it, for SDKs that tell their application.
 */
import { AppError } from '@diemcau/core/errors.ts'
import { RoomMovedResponse } from '@livekit/protocol'
import type { Participant } from './member/participant.ts'
import { assertSpace } from './member/room-space.ts'
import type { Room } from './room.ts'

/** @throws AppError 'unavailable' (its signalling is cut just now), 'failed_precondition' (a second connection), 'resource_exhausted'. */
export function assertMovable(participant: Participant, to: Room): void {
  if (!participant.backlog.isLinked)
    throw new AppError('unavailable', 'the participant is reconnecting just now, try again')
  if (participant.owner !== undefined)
    throw new AppError('failed_precondition', 'a second connection cannot be moved without its owner')
  // Whoever has that identity there makes room for it.
  const isThere = to.members().some(({ identity }) => identity === participant.identity)
  if (!isThere) assertSpace(to, participant.budget.limits, participant)
}

/** Of whom `assertMovable` said so. @throws AppError 'not_found' (it left meanwhile). */
export async function moveParticipant(from: Room, participant: Participant, to: Room): Promise<void> {
  const token = await participant.token.mint(to.name)
  if (from.participants.get(participant.identity) !== participant)
    throw new AppError('not_found', 'the participant does not exist')
  participant.send({ case: 'refreshToken', value: token })
  participant.send({
    case: 'roomMoved',
    // Clients written in Go read room and participant without asking whether they are there.
    value: new RoomMovedResponse({ room: to.message(), token, participant: participant.info() }),
  })
  from.leave(participant, 'moved')
}
