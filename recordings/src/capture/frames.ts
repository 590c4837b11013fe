import type { Rotation } from '@diemcau/core/recording/rotation.ts'
import { opusSendDelayMs } from './opus-format.ts'
import type { ArrivedPacket } from './reorder-buffer.ts'
import { rotationOf } from './video-orientation.ts'

/**
 * What a picture waits at the sender at the least: encoding and sending its first packet. Measured in a browser: 20 ms
 * on an idle machine, 60 ms on a busy one. Without it the picture is late against the sound by that much.
 */
const PICTURE_SEND_DELAY_MS = 25

/** One coded picture or one block of sound, whole. */
export interface MediaFrame {
  /** RTP timestamp as in the packet, 32 bits. */
  timestamp: number
  /** Arrival of its first packet, less what its codec made it wait at the sender; milliseconds since the epoch. */
  arrivedAtMs: number
  isKey: boolean
  /** How the picture has to be turned to stand upright; 0 for sound. */
  rotation: Rotation
  /** Set on key frames of video only. */
  size?: { width: number; height: number }
  /** Codec private data for the container, on key frames where the codec has some. */
  codecPrivate?: Buffer
  data: Buffer
}

/** Puts the packets of a stream, in order, together to frames. */
export interface Depacketizer {
  /** Complete frames; what cannot be decoded after a loss is left out. */
  push(packet: ArrivedPacket): MediaFrame[]
  /** True while frames are left out because a key frame is needed. */
  readonly needsKeyFrame: boolean
}

/** Opus in RTP: one packet is one frame, and any of them can be decoded by itself (RFC 7587 §4.2). */
export class OpusDepacketizer implements Depacketizer {
  readonly needsKeyFrame = false

  push(packet: ArrivedPacket): MediaFrame[] {
    if (packet.payload.length === 0) return []
    const { timestamp } = packet
    const arrivedAtMs = packet.arrivedAtMs - opusSendDelayMs(packet.payload)
    return [{ timestamp, arrivedAtMs, isKey: true, rotation: 0, data: Buffer.from(packet.payload) }]
  }
}

/** What a video codec adds to the common assembly of frames. */
export interface VideoPayloadFormat {
  /** Takes the payload of one packet into `parts`; false when it cannot be read. */
  add(payload: Buffer, parts: Buffer[]): boolean
  /** Makes the frame of the parts collected under one timestamp; null when there is nothing in them. */
  finish(parts: Buffer[]): Pick<MediaFrame, 'isKey' | 'size' | 'codecPrivate' | 'data'> | null
  reset(): void
}

/**
 * Collects the packets of one timestamp up to the marker bit. After a loss everything up to the next key frame is
 * left out: a picture that stands still for a moment is better than one that falls apart.
 */
export class VideoDepacketizer implements Depacketizer {
  readonly #format: VideoPayloadFormat
  readonly #orientationId: number | undefined
  #rotation: Rotation = 0
  #parts: Buffer[] = []
  #timestamp: number | null = null
  #arrivedAtMs = 0
  #isBroken = false
  #needsKeyFrame = true

  /** `orientationId`: id of the header extension of the video orientation, where it may come. */
  constructor(format: VideoPayloadFormat, orientationId?: number) {
    this.#format = format
    this.#orientationId = orientationId
  }

  get needsKeyFrame(): boolean {
    return this.#needsKeyFrame
  }

  push(packet: ArrivedPacket): MediaFrame[] {
    const frames: MediaFrame[] = []
    if (packet.afterLoss) {
      this.#needsKeyFrame = true
      // What was begun can no longer be completed. If the lost packets began the frame of this one, the codec sees
      // that its first part is not a beginning and the frame is left out as well.
      if (this.#timestamp === packet.timestamp) this.#isBroken = true
      else this.#begin(null)
    } else if (this.#timestamp !== null && this.#timestamp !== packet.timestamp) {
      // The marker bit is only a hint (RFC 3550 §5.1): a new timestamp ends the frame as well.
      this.#end(frames)
    }
    if (this.#timestamp === null) this.#begin(packet)
    this.#rotation = rotationOf(packet, this.#orientationId) ?? this.#rotation
    if (packet.payload.length > 0 && !this.#format.add(packet.payload, this.#parts)) this.#isBroken = true
    if (packet.marker) this.#end(frames)
    return frames
  }

  #begin(packet: ArrivedPacket | null): void {
    this.#parts = []
    this.#format.reset()
    this.#timestamp = packet ? packet.timestamp : null
    this.#arrivedAtMs = packet ? packet.arrivedAtMs : 0
    this.#isBroken = false
  }

  #end(frames: MediaFrame[]): void {
    const isBroken = this.#isBroken
    const timestamp = this.#timestamp!
    const arrivedAtMs = this.#arrivedAtMs - PICTURE_SEND_DELAY_MS
    const frame = isBroken ? null : this.#format.finish(this.#parts)
    this.#begin(null)
    if (isBroken) this.#needsKeyFrame = true
    if (!frame) return
    if (frame.isKey) this.#needsKeyFrame = false
    if (this.#needsKeyFrame) return
    frames.push({ timestamp, arrivedAtMs, rotation: this.#rotation, ...frame })
  }
}
