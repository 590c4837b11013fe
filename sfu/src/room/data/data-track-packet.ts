/**
 * The header of a data track's packet, as LiveKit's clients write it on the `_data_track` channel. The server reads it
 * to find the track and writes another handle; extensions (user timestamp, encryption) and payload stay as they are. Pure.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |  V  |S|F|X|     reserved      |            handle             |
 *     |        sequence number        |         frame number          |
 *     |                           timestamp                           |
 *     | if X: words of extensions - 1 |  id, length, content, ... pad |
 */

const HEADER_BYTES = 12
const HANDLE_OFFSET = 2
const FRAME_OFFSET = 6
const VERSION = 0
const EXTENSION_PADDING = 0
export const MAX_HANDLE = 0xffff

export interface DataTrackHeader {
  /** 1 to 65535, the publisher's or the subscriber's name for the track. */
  handle: number
  frameNumber: number
  isStartOfFrame: boolean
  isEndOfFrame: boolean
  /** Where the payload begins. */
  payloadOffset: number
}

/** Undefined for anything malformed or of another version. Never throws. */
export function parseDataTrackHeader(packet: Uint8Array): DataTrackHeader | undefined {
  if (packet.byteLength < HEADER_BYTES) return undefined
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  const flags = view.getUint8(0)
  if (flags >> 5 !== VERSION) return undefined
  const handle = view.getUint16(HANDLE_OFFSET)
  if (handle === 0) return undefined
  const hasExtensions = (flags & 0b100) !== 0
  const payloadOffset = hasExtensions ? endOfExtensions(view) : HEADER_BYTES
  if (payloadOffset === undefined) return undefined
  return {
    handle,
    frameNumber: view.getUint16(FRAME_OFFSET),
    isStartOfFrame: (flags & 0b1_0000) !== 0,
    isEndOfFrame: (flags & 0b1000) !== 0,
    payloadOffset,
  }
}

/** The length counts 32-bit words from the length field on, less one. */
function endOfExtensions(view: DataView): number | undefined {
  if (view.byteLength < HEADER_BYTES + 2) return undefined
  const end = HEADER_BYTES + 4 * (view.getUint16(HEADER_BYTES) + 1)
  if (end > view.byteLength) return undefined
  let at = HEADER_BYTES + 2
  while (at < end && view.getUint8(at) !== EXTENSION_PADDING) {
    if (at + 2 > end) return undefined
    at += 2 + view.getUint8(at + 1)
  }
  return at > end ? undefined : end
}

/** A copy of a packet that `parseDataTrackHeader` has read, with another handle. */
export function withHandle(packet: Uint8Array, handle: number): Uint8Array {
  const copy = Uint8Array.from(packet)
  new DataView(copy.buffer).setUint16(HANDLE_OFFSET, handle)
  return copy
}

/** Lets whole frames through, so many a second (DataTrackSubscriptionOptions.target_fps); 0 or nothing: all of them. */
export class FramePace {
  readonly #intervalMs: number
  #nextAtMs = 0
  #passing: number | undefined

  constructor(targetFps: number | undefined) {
    this.#intervalMs = targetFps ? 1000 / targetFps : 0
  }

  passes(header: DataTrackHeader, nowMs: number): boolean {
    if (this.#intervalMs === 0) return true
    if (header.isStartOfFrame) {
      const isDue = nowMs >= this.#nextAtMs
      // A frame a little late does not put off the next one; after a pause there is nothing to catch up with.
      if (isDue)
        this.#nextAtMs =
          (nowMs - this.#nextAtMs < this.#intervalMs ? this.#nextAtMs : nowMs) + this.#intervalMs
      this.#passing = isDue ? header.frameNumber : undefined
    }
    return this.#passing === header.frameNumber
  }
}
