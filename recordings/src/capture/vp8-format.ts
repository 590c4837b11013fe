import type { VideoPayloadFormat } from './frames.ts'

/** Length of the VP8 payload descriptor (RFC 7741 §4.2), or -1 when the payload is too short for it. */
export function vp8DescriptorLength(payload: Buffer): number {
  if (payload.length < 1) return -1
  let length = 1
  if (payload[0]! & 0x80) {
    const extension = payload[1]
    if (extension === undefined) return -1
    length = 2
    if (extension & 0x80) {
      const pictureId = payload[length]
      if (pictureId === undefined) return -1
      length += pictureId & 0x80 ? 2 : 1
    }
    if (extension & 0x40) length += 1
    if (extension & 0x30) length += 1
  }
  return length <= payload.length ? length : -1
}

/** VP8 (RFC 7741): the payloads of a frame after their descriptors, one after the other, are the frame (RFC 6386 §9.1). */
export class Vp8Format implements VideoPayloadFormat {
  #beginsWithStart = false

  add(payload: Buffer, parts: Buffer[]): boolean {
    const length = vp8DescriptorLength(payload)
    if (length < 0 || length === payload.length) return false
    // S bit with partition 0: this packet begins a frame.
    if (parts.length === 0) this.#beginsWithStart = (payload[0]! & 0x1f) === 0x10
    parts.push(payload.subarray(length))
    return this.#beginsWithStart
  }

  finish(parts: Buffer[]) {
    const data = Buffer.concat(parts)
    if (data.length < 3) return null
    const isKey = (data[0]! & 1) === 0
    if (!isKey) return { isKey, data }
    if (data.length < 10 || data[3] !== 0x9d || data[4] !== 0x01 || data[5] !== 0x2a) return null
    const size = { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff }
    return size.width > 0 && size.height > 0 ? { isKey, size, data } : null
  }

  reset(): void {
    this.#beginsWithStart = false
  }
}
