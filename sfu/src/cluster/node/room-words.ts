/**
 * What nodes say to each other of one room: its sid, then the word itself. A node's word is still input: what cannot be read is refused
 * as a whole.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import { z } from 'zod'

/** Length of the sid (one byte), sid, word. */
export function packRoomWord(sid: RoomId, word: Uint8Array): Uint8Array {
  const head = Buffer.from(sid)
  return Buffer.concat([Buffer.from([head.length]), head, word])
}

/** The word is a view of `bytes`. @throws AppError('invalid_argument') */
export function unpackRoomWord(bytes: Uint8Array): { sid: RoomId; word: Uint8Array } {
  const end = 1 + (bytes[0] ?? 0)
  if (bytes.length < end || end === 1)
    throw new AppError('invalid_argument', 'what another node said is of no room')
  const sid = Buffer.from(bytes.buffer, bytes.byteOffset + 1, end - 1).toString() as RoomId
  return { sid, word: bytes.subarray(end) }
}

export const packJson = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

/** @throws AppError('invalid_argument') */
export function unpackJson<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString()))
  } catch (error) {
    throw new AppError('invalid_argument', 'what another node said cannot be read', { cause: error })
  }
}

/** A part of `room.full` (RoomNodes.full); null: nobody of the sender is in the room, and it wants to hear nothing of it. */
export const packFull = (part: Uint8Array | null): Uint8Array =>
  part ? Buffer.concat([Buffer.from([1]), part]) : Buffer.from([0])

export const unpackFull = (bytes: Uint8Array): Uint8Array | null =>
  bytes[0] === 1 ? bytes.subarray(1) : null

export const goneSchema = z.object({
  participantId: z.string().transform(sid => sid as ParticipantId),
  identity: z.string(),
  epoch: z.number(),
  version: z.number(),
  reason: z.number().int(),
})
