/**
 * What the nodes of a cluster keep of a room in its record (`RoomDraft.body`), beside what the record itself looks at. Its webhooks are made
 * of it, too, by whoever delivers them.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { RoomId } from '@diemcau/core/ids.ts'
import { Room as RoomMessage } from '@livekit/protocol'
import { z } from 'zod'
import type { RoomOptions } from '../../room/member/room-view.ts'
import type { RoomDraft, RoomFacts } from '../record/record-types.ts'

/** Of this form. A node that meets another one is older or newer and cannot share rooms with its writer. */
const FORMAT = 1

const schema = z.object({
  format: z.literal(FORMAT),
  /** Milliseconds since the epoch on the record's clock, as far as its maker knew. */
  createdAtMs: z.number().int().nonnegative(),
  name: z.string(),
  emptyTimeoutS: z.number().nonnegative(),
  departureTimeoutS: z.number().nonnegative(),
  maxParticipants: z.number().int().nonnegative(),
  metadata: z.string(),
})

export interface RoomBody {
  options: RoomOptions
  createdAtMs: number
}

export const encodeRoomBody = ({ options, createdAtMs }: RoomBody): string =>
  JSON.stringify({ format: FORMAT, createdAtMs, ...options } satisfies z.input<typeof schema>)

/** @throws AppError('invalid_argument') for what a node of another version wrote */
export function decodeRoomBody(body: string): RoomBody {
  try {
    const { format: _, createdAtMs, ...options } = schema.parse(JSON.parse(body))
    return { options, createdAtMs }
  } catch (error) {
    throw new AppError('invalid_argument', 'what another node wrote of a room cannot be read', {
      cause: error,
    })
  }
}

/** The fields a change of the room writes (`Change.to`). */
export const changeOf = (
  room: RoomBody,
): Pick<RoomDraft, 'maxParticipants' | 'emptyTimeoutMs' | 'departureTimeoutMs' | 'body'> => ({
  maxParticipants: room.options.maxParticipants,
  emptyTimeoutMs: room.options.emptyTimeoutS * 1000,
  departureTimeoutMs: room.options.departureTimeoutS * 1000,
  body: encodeRoomBody(room),
})

export const draftOf = (sid: RoomId, room: RoomBody): RoomDraft => ({
  sid,
  name: room.options.name,
  ...changeOf(room),
})

/** The Room message of a room that nobody of this node is in, without what only its members' nodes know. */
export function messageOfBody(sid: RoomId, { options, createdAtMs }: RoomBody): RoomMessage {
  return new RoomMessage({
    sid,
    name: options.name,
    emptyTimeout: options.emptyTimeoutS,
    departureTimeout: options.departureTimeoutS,
    maxParticipants: options.maxParticipants,
    creationTime: BigInt(Math.floor(createdAtMs / 1000)),
    creationTimeMs: BigInt(createdAtMs),
    metadata: options.metadata,
  })
}

export const messageOfFacts = ({ sid, body }: Pick<RoomFacts, 'sid' | 'body'>): RoomMessage =>
  messageOfBody(sid, decodeRoomBody(body))
