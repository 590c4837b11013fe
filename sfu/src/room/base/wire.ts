/**
 * Encoding of messages that go to many. A ParticipantInfo is encoded once a version and spliced into the messages that
 * carry it: protobuf's encoding of a repeated field is the concatenation of its elements, so a join reply over a
 * thousand participants costs a copy, not a thousand encodings.
 */
import {
  DataPacket,
  type JoinResponse,
  type ParticipantInfo,
  SignalResponse,
  UserPacket,
} from '@livekit/protocol'

/** Field numbers of livekit_rtc.proto. */
const SIGNAL_RESPONSE_JOIN = 1
const SIGNAL_RESPONSE_UPDATE = 5
const JOIN_PARTICIPANT = 2
const JOIN_OTHER_PARTICIPANTS = 3
const UPDATE_PARTICIPANTS = 1

export const encodeSignal = (message: SignalResponse['message']): Uint8Array =>
  new SignalResponse({ message }).toBinary()

/** A DataPacket of what came on a channel that has no packets of its own. */
export const encodeUserPacket = (payload: Uint8Array): Uint8Array =>
  new DataPacket({ value: { case: 'user', value: new UserPacket({ payload }) } }).toBinary()

export const encodeInfo = (info: ParticipantInfo): Uint8Array => info.toBinary()

/** Join reply of `join` with `own` (an encoded info) as its participant and `others` as its otherParticipants. */
export function encodeJoin(join: JoinResponse, own: Uint8Array, others: Uint8Array[]): Uint8Array {
  const parts = [join.toBinary(), header(JOIN_PARTICIPANT, own.length), own]
  for (const info of others) parts.push(header(JOIN_OTHER_PARTICIPANTS, info.length), info)
  return wrap(SIGNAL_RESPONSE_JOIN, parts)
}

/** One or more ParticipantUpdate messages over `infos` (encoded), each of about `chunkBytes` at most. */
export function encodeUpdates(infos: Iterable<Uint8Array>, chunkBytes: number): Uint8Array[] {
  const messages: Uint8Array[] = []
  let parts: Uint8Array[] = []
  let size = 0
  for (const info of infos) {
    if (size > 0 && size + info.length > chunkBytes) {
      messages.push(wrap(SIGNAL_RESPONSE_UPDATE, parts))
      parts = []
      size = 0
    }
    parts.push(header(UPDATE_PARTICIPANTS, info.length), info)
    size += info.length
  }
  if (parts.length > 0) messages.push(wrap(SIGNAL_RESPONSE_UPDATE, parts))
  return messages
}

function wrap(field: number, parts: Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  return Buffer.concat([header(field, length), ...parts])
}

/** Tag of a length-delimited field and its length. */
function header(field: number, length: number): Uint8Array {
  const bytes = [(field << 3) | 2]
  let rest = length
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
