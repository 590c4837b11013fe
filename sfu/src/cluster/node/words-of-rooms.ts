/** What another node says of its members in a room, and what it asks: read, and given to the room's part that it is for. */
import { AppError } from '@diemcau/core/errors.ts'
import type { TrackId } from '@diemcau/core/ids.ts'
import { z } from 'zod'
import { decodeDataWord } from '../../room/data/data-word.ts'
import { decodeMemberRecord } from '../../room/member/member-record.ts'
import type { SharedRoom } from '../../room/room-deps.ts'
import type { QualityFacts } from '../../room/telling/connection-quality.ts'
import type { Audible } from '../../room/telling/room-speakers.ts'
import type { MessageKind } from '../links/message-kinds.ts'
import type { Incarnation } from '../record/record-types.ts'
import { goneSchema, packJson, unpackJson } from './room-words.ts'

const audibleSchema = z.array(z.object({ participantId: z.string(), level: z.number() }))
const qualitySchema = z.object({ participantId: z.string(), quality: z.number().int(), score: z.number() })
const recordersSchema = z.object({ count: z.number().int().nonnegative() })
const subscribedSchema = z.object({ trackId: z.string() })

/** Kinds that are not of a room's inside are passed over. @throws AppError('invalid_argument') */
export function takeWord(room: SharedRoom, node: Incarnation, kind: MessageKind, word: Uint8Array): void {
  switch (kind) {
    case 'member':
      room.remote.apply(node, decodeMemberRecord(word))
      break
    case 'gone':
      room.remote.gone(unpackJson(goneSchema, word))
      break
    case 'data':
    case 'lossy':
      room.data.remote.take(decodeDataWord(word))
      break
    case 'datatrack':
      room.nodes.takeDataTrack(node, word)
      break
    case 'datatrack.want':
      room.nodes.takeDataTrackWant(node, unpackJson(z.unknown(), word))
      break
    case 'speakers':
      room.speakers.hearNode(node, unpackJson(audibleSchema, word) as Audible[])
      break
    case 'quality':
      room.qualities([unpackJson(qualitySchema, word) as QualityFacts])
      break
    case 'recorders':
      room.nodes.takeRecorders(node, unpackJson(recordersSchema, word).count)
      break
    case 'pipe.want':
      room.nodeMedia?.handleWant(node, unpackJson(z.unknown(), word))
      break
    case 'pipe.state':
      room.nodeMedia?.handleState(node, unpackJson(z.unknown(), word))
      break
    default:
      break
  }
}

const ROOM_CALLS = ['pipe.open', 'track.subscribed', 'blob'] as const
type RoomCall = (typeof ROOM_CALLS)[number]

export const isRoomCall = (method: string): method is RoomCall => ROOM_CALLS.some(call => call === method)

/** @throws AppError, which goes back to the node that asks */
export async function answerCall(
  room: SharedRoom,
  node: Incarnation,
  method: RoomCall,
  word: Uint8Array,
): Promise<Uint8Array> {
  switch (method) {
    case 'blob':
      return await room.nodes.answerBlob(word)
    case 'pipe.open': {
      if (!room.nodeMedia) throw new AppError('unavailable', 'this node has no media in that room')
      return packJson(await room.nodeMedia.handleOpen(node, unpackJson(z.unknown(), word)))
    }
    case 'track.subscribed':
      room.nodes.subscribedElsewhere(unpackJson(subscribedSchema, word).trackId as TrackId)
      return new Uint8Array(0)
  }
}
