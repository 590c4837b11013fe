/**
 * RoomService.MoveParticipant. Signalling here has no way to carry media connections from one room to another, so the
 * client is given a token for the other room and told to connect anew: every SDK does that by itself and publishes its
 * tracks again. `roomMoved` goes before it, for SDKs that tell their application.
 */
import { AppError } from '@diemcau/core/errors.ts'
import { RoomMovedResponse } from '@livekit/protocol'
import type { Participant } from './participant.ts'
import type { Room } from './room.ts'

/** @throws AppError 'unavailable' (its signalling is cut just now), 'not_found' (it left meanwhile), 'resource_exhausted'. */
export async function moveParticipant(from: Room, participant: Participant, to: Room): Promise<void> {
  if (!participant.outbox.isLinked)
    throw new AppError('unavailable', 'the participant is reconnecting just now, try again')
  to.assertSpaceFor(participant.permission, participant.kind)
  const token = await participant.token.mint(to.name)
  if (from.participants.get(participant.identity) !== participant)
    throw new AppError('not_found', 'the participant does not exist')
  participant.send({ case: 'refreshToken', value: token })
  participant.send({ case: 'roomMoved', value: new RoomMovedResponse({ room: to.message(), token }) })
  from.leave(participant, 'moved')
}
