import type { VideoPayloadFormat } from './frames.ts'
import { readSpsSize } from './h264-sps.ts'

const NAL_IDR = 5
const NAL_SPS = 7
const NAL_PPS = 8
const NAL_ACCESS_UNIT_DELIMITER = 9
const STAP_A = 24
const FU_A = 28

/**
 * H.264 (RFC 6184, packetization modes 0 and 1): frames in the form Matroska and MP4 want, each NAL unit after its
 * length in four bytes. SPS and PPS stay in the stream and also make the codec private data of ISO/IEC 14496-15.
 */
export class H264Format implements VideoPayloadFormat {
  #sps: Buffer | null = null
  #pps: Buffer | null = null
  #fragments: Buffer[] | null = null

  add(payload: Buffer, parts: Buffer[]): boolean {
    const type = payload[0]! & 0x1f
    if (type >= 1 && type <= 23) {
      parts.push(payload)
      return true
    }
    if (type === STAP_A) {
      let offset = 1
      while (offset + 2 <= payload.length) {
        const length = payload.readUInt16BE(offset)
        offset += 2
        if (length === 0 || offset + length > payload.length) return false
        parts.push(payload.subarray(offset, offset + length))
        offset += length
      }
      return offset === payload.length
    }
    if (type === FU_A && payload.length > 2) {
      const header = payload[1]!
      if (header & 0x80) this.#fragments = [Buffer.from([(payload[0]! & 0xe0) | (header & 0x1f)])]
      if (!this.#fragments) return false
      this.#fragments.push(payload.subarray(2))
      if (header & 0x40) {
        parts.push(Buffer.concat(this.#fragments))
        this.#fragments = null
      }
      return true
    }
    return false
  }

  finish(parts: Buffer[]) {
    if (this.#fragments) return null
    const units = parts.filter(nal => (nal[0]! & 0x1f) !== NAL_ACCESS_UNIT_DELIMITER)
    for (const nal of units) {
      const type = nal[0]! & 0x1f
      if (type === NAL_SPS) this.#sps = Buffer.from(nal)
      if (type === NAL_PPS) this.#pps = Buffer.from(nal)
    }
    const data = Buffer.concat(units.flatMap(nal => [lengthOf(nal), nal]))
    const isIdr = units.some(nal => (nal[0]! & 0x1f) === NAL_IDR)
    // Parameter sets may come as a frame of their own, before the picture: they are kept, there is nothing to show.
    if (!units.some(nal => (nal[0]! & 0x1f) <= NAL_IDR)) return null
    if (!isIdr) return { isKey: false, data }
    if (!this.#sps || !this.#pps) return null
    const size = readSpsSize(this.#sps)
    if (!size) return null
    return { isKey: true, size, codecPrivate: decoderConfiguration(this.#sps, this.#pps), data }
  }

  reset(): void {
    this.#fragments = null
  }
}

function lengthOf(nal: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(nal.length)
  return length
}

/** AVCDecoderConfigurationRecord, ISO/IEC 14496-15 §5.3.3.1. */
function decoderConfiguration(sps: Buffer, pps: Buffer): Buffer {
  const head = Buffer.from([1, sps[1]!, sps[2]!, sps[3]!, 0xff, 0xe1, sps.length >> 8, sps.length & 0xff])
  return Buffer.concat([head, sps, Buffer.from([1, pps.length >> 8, pps.length & 0xff]), pps])
}
