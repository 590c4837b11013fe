/** Data Channel Establishment Protocol, RFC 8832. mediasoup carries it as payload and does not read it. Pure. */
import type { DataKind } from '../../room/base/ports.ts'

/** SCTP payload protocol identifiers, RFC 8831 §8. */
export const PPID = { dcep: 50, string: 51, binary: 53 } as const

const MESSAGE_ACK = 0x02
const MESSAGE_OPEN = 0x03
const HEADER_BYTES = 12

/** Channel types of RFC 8832 §5.1. */
const TYPE_RELIABLE = 0x00
const TYPE_UNORDERED_LIMITED_RETRANSMITS = 0x81

/** Labels LiveKit clients open and expect. */
export const LABELS: Record<DataKind, string> = {
  reliable: '_reliable',
  lossy: '_lossy',
  data_track: '_data_track',
}

export function kindOfLabel(label: string): DataKind | undefined {
  return (Object.keys(LABELS) as DataKind[]).find(kind => LABELS[kind] === label)
}

export type DcepMessage = { type: 'ack' } | { type: 'open'; label: string }

/** Undefined for anything malformed. */
export function parseDcep(message: Uint8Array): DcepMessage | undefined {
  if (message[0] === MESSAGE_ACK) return { type: 'ack' }
  if (message[0] !== MESSAGE_OPEN || message.byteLength < HEADER_BYTES) return undefined
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  const labelEnd = HEADER_BYTES + view.getUint16(8)
  if (labelEnd + view.getUint16(10) > message.byteLength) return undefined
  return { type: 'open', label: new TextDecoder().decode(message.subarray(HEADER_BYTES, labelEnd)) }
}

export function writeDcepAck(): Buffer {
  return Buffer.from([MESSAGE_ACK])
}

/** OPEN for one of our channels: `reliable` in order, the others unordered and never sent twice. */
export function writeDcepOpen(kind: DataKind): Buffer {
  const label = Buffer.from(LABELS[kind])
  const message = Buffer.alloc(HEADER_BYTES + label.length)
  message[0] = MESSAGE_OPEN
  message[1] = kind === 'reliable' ? TYPE_RELIABLE : TYPE_UNORDERED_LIMITED_RETRANSMITS
  message.writeUInt16BE(label.length, 8)
  label.copy(message, HEADER_BYTES)
  return message
}
