/** What a room is made of: what was asked for it, within the limits and with the defaults filled in. */
import { AppError } from '@diemcau/core/errors.ts'
import type { RoomConfiguration } from '@livekit/protocol'
import { byteLength, type RoomLimits } from './base/limits.ts'
import { assertPlain, assertStorable } from './base/metadata.ts'
import type { RoomOptions } from './member/room-view.ts'

const NAME_LIMIT_BYTES = 256

/** Of a room that is to be made. @throws AppError('invalid_argument') for its name, and as `assertRoomMetadata` */
export function newRoomOptions(name: string, asked: Partial<RoomOptions>, limits: RoomLimits): RoomOptions {
  if (name === '' || byteLength(name) > NAME_LIMIT_BYTES)
    throw new AppError('invalid_argument', `a room name has 1 to ${NAME_LIMIT_BYTES} bytes`)
  assertPlain('a room name', name)
  const metadata = asked.metadata ?? ''
  assertRoomMetadata(metadata, limits)
  return {
    name,
    // 0 is "not given" in the API's messages.
    emptyTimeoutS: asked.emptyTimeoutS || limits.emptyTimeoutS,
    departureTimeoutS: asked.departureTimeoutS || limits.departureTimeoutS,
    maxParticipants: asked.maxParticipants ?? 0,
    metadata,
  }
}

/** @throws AppError('over_limit'), ('invalid_argument') */
export function assertRoomMetadata(metadata: string, { metadataBytes }: RoomLimits): void {
  if (byteLength(metadata) > metadataBytes)
    throw new AppError('over_limit', 'room metadata is over the limit')
  assertStorable('room metadata', metadata)
}

/** RoomConfiguration of a token, for the room its holder makes by joining. 0 and '' mean "not given". */
export function optionsOf(config: RoomConfiguration | undefined): Partial<RoomOptions> {
  if (!config) return {}
  return {
    emptyTimeoutS: config.emptyTimeout,
    departureTimeoutS: config.departureTimeout,
    maxParticipants: config.maxParticipants,
    metadata: config.metadata,
  }
}
