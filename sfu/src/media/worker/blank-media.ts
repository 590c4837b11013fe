/**
 * Silence and black pictures for clients that hear of a track by its first packet only (pion): a muted track sends none. Each
 * router has one source a codec, made when it is first needed, that sends only while somebody waits for it.
 */
import type { Producer, Router, RtpCodecParameters } from 'mediasoup/types'

/** What a source sends: complete frames, as the payload of one packet. */
interface BlankFrame {
  codec: RtpCodecParameters
  payload: Buffer
  /** RTP timestamp units from one frame to the next, at FRAME_INTERVAL_MS. */
  step: number
}

/** A client's connection may need a moment after its answer before packets arrive; LiveKit's server sends for as long. */
const SEND_FOR_MS = 5_000
const FRAME_INTERVAL_MS = 100
const SSRC = 1

const video = (mimeType: string, parameters: Record<string, unknown>, payload: string): BlankFrame => ({
  codec: { mimeType, payloadType: 96, clockRate: 90_000, parameters, rtcpFeedback: [] },
  payload: Buffer.from(payload, 'hex'),
  step: 9_000,
})

/** A black key frame of 16 by 16 pixels, encoded once by ffmpeg, behind the header of its payload format. */
const FRAMES: Record<string, BlankFrame> = {
  // 20 ms of silence (RFC 6716): more than one says nothing else.
  'audio/opus': {
    codec: {
      mimeType: 'audio/opus',
      payloadType: 111,
      clockRate: 48_000,
      channels: 2,
      parameters: {},
      rtcpFeedback: [],
    },
    payload: Buffer.from('f8fffe', 'hex'),
    step: 4_800,
  },
  // RFC 7741 §4.2: first packet of a frame.
  'video/VP8': video('video/VP8', {}, '101002009d012a100010000047088585889984880202000c0d6000feffab5080'),
  // RFC 6184 §5.7.1: sequence, picture and slice in one STAP-A.
  'video/H264': video(
    'video/H264',
    { 'packetization-mode': 1, 'profile-level-id': '42e01f' },
    '7800166742c00ad91ec044000003000400000300083c489920' +
      '000568cb83cb20' +
      '000e658884057fffff0f45000142df80',
  ),
  // RFC 9628 §4.2: the frame begins and ends in the packet.
  'video/VP9': video(
    'video/VP9',
    { 'profile-id': 0 },
    '0c824983420000f000f60038241c184200003060000010bffffd8b2a0000',
  ),
}

interface Source {
  producer: Promise<Producer>
  /** Until when it sends, on this process's clock. */
  until: number
  timer: NodeJS.Timeout | undefined
  sequence: number
  timestamp: number
}

export class BlankMedia {
  readonly #router: Router
  readonly #sources = new Map<string, Source>()

  constructor(router: Router) {
    this.#router = router
    router.observer.on('close', () => {
      for (const { timer } of this.#sources.values()) clearInterval(timer)
    })
  }

  /** Id of the producer to consume, or undefined for AV1, whose key frames the worker finds by a header extension alone. */
  async producerId(mimeType: string): Promise<string | undefined> {
    const frame = FRAMES[mimeType]
    if (!frame) return undefined
    let source = this.#sources.get(mimeType)
    if (!source) {
      source = { producer: this.#open(frame), until: 0, timer: undefined, sequence: 0, timestamp: 0 }
      this.#sources.set(mimeType, source)
      source.producer.catch(() => this.#sources.delete(mimeType))
    }
    return (await source.producer).id
  }

  /** Sends for the next five seconds, to all who consume it. */
  send(mimeType: string): void {
    const source = this.#sources.get(mimeType)
    const frame = FRAMES[mimeType]
    if (!source || !frame || this.#router.closed) return
    source.until = performance.now() + SEND_FOR_MS
    source.timer ??= setInterval(() => void this.#tick(source, frame), FRAME_INTERVAL_MS)
  }

  async #open({ codec }: BlankFrame): Promise<Producer> {
    const transport = await this.#router.createDirectTransport()
    const kind = codec.mimeType.startsWith('audio/') ? 'audio' : 'video'
    return await transport.produce({
      kind,
      rtpParameters: { codecs: [codec], encodings: [{ ssrc: SSRC }], rtcp: { cname: 'blank' } },
    })
  }

  async #tick(source: Source, frame: BlankFrame): Promise<void> {
    const producer = await source.producer
    if (performance.now() > source.until || producer.closed) {
      clearInterval(source.timer)
      source.timer = undefined
      return
    }
    source.sequence = (source.sequence + 1) & 0xffff
    source.timestamp = (source.timestamp + frame.step) >>> 0
    producer.send(rtpPacket(frame, source))
  }
}

/** RFC 3550 §5.1, marker set. */
function rtpPacket({ codec, payload }: BlankFrame, { sequence, timestamp }: Source): Buffer {
  const header = Buffer.alloc(12)
  header[0] = 0x80
  header[1] = 0x80 | codec.payloadType
  header.writeUInt16BE(sequence, 2)
  header.writeUInt32BE(timestamp, 4)
  header.writeUInt32BE(SSRC, 8)
  return Buffer.concat([header, payload])
}
