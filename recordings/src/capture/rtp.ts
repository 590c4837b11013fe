/** The parts of an RTP packet (RFC 3550 §5.1) a recorder needs. `payload` is a view into the datagram. */
export interface RtpPacket {
  payloadType: number
  marker: boolean
  sequence: number
  timestamp: number
  ssrc: number
  payload: Buffer
  /** The header extension as it stands there (RFC 8285): its profile and its content. */
  extension?: { profile: number; data: Buffer } | undefined
}

/**
 * Reads an RTP packet, without extension, CSRCs and padding. Null for what is not RTP: too short, another version, or
 * RTCP muxed on the same port (RFC 5761 §4: packet types 192-223).
 */
export function parseRtp(datagram: Buffer): RtpPacket | null {
  if (datagram.length < 12) return null
  const first = datagram[0]!
  if (first >> 6 !== 2) return null
  const second = datagram[1]!
  if (second >= 192 && second <= 223) return null
  let offset = 12 + (first & 0x0f) * 4
  let extension: RtpPacket['extension']
  if (first & 0x10) {
    if (datagram.length < offset + 4) return null
    const end = offset + 4 + datagram.readUInt16BE(offset + 2) * 4
    extension = { profile: datagram.readUInt16BE(offset), data: datagram.subarray(offset + 4, end) }
    offset = end
  }
  let end = datagram.length
  if (first & 0x20) end -= datagram[datagram.length - 1]!
  if (offset > end) return null
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequence: datagram.readUInt16BE(2),
    timestamp: datagram.readUInt32BE(4),
    ssrc: datagram.readUInt32BE(8),
    payload: datagram.subarray(offset, end),
    extension,
  }
}

const ONE_BYTE_PROFILE = 0xbede
/** The four bits after these are the application's. */
const TWO_BYTE_PROFILE = 0x100

/** The value of a header extension element, or null: RFC 8285 §4.2 (one-byte form) and §4.3 (two-byte form). */
export function headerExtension(packet: RtpPacket, id: number): Buffer | null {
  if (!packet.extension) return null
  const { profile, data } = packet.extension
  const isOneByte = profile === ONE_BYTE_PROFILE
  if (!isOneByte && profile >> 4 !== TWO_BYTE_PROFILE) return null
  let offset = 0
  while (offset < data.length) {
    const first = data[offset]!
    if (first === 0) {
      offset += 1
      continue
    }
    const element = isOneByte ? first >> 4 : first
    // 15 ends the one-byte form, whatever follows.
    if (isOneByte && element === 15) return null
    const start = offset + (isOneByte ? 1 : 2)
    const length = isOneByte ? (first & 0x0f) + 1 : (data[offset + 1] ?? 0)
    if (start + length > data.length) return null
    if (element === id) return data.subarray(start, start + length)
    offset = start + length
  }
  return null
}

/** Extends a counter of `bits` bits that wraps around to one that does not, following the shorter way round. */
export class Unwrapper {
  readonly #size: number
  #last: number | null = null

  constructor(bits: 16 | 32) {
    this.#size = 2 ** bits
  }

  unwrap(value: number): number {
    if (this.#last === null) {
      this.#last = value
      return value
    }
    const lastLow = ((this.#last % this.#size) + this.#size) % this.#size
    let step = value - lastLow
    if (step > this.#size / 2) step -= this.#size
    else if (step < -this.#size / 2) step += this.#size
    this.#last += step
    return this.#last
  }
}
