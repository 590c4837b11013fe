import { SegmentWriter } from '../matroska/segment-writer.ts'
import { type Depacketizer, type MediaFrame, OpusDepacketizer, VideoDepacketizer } from './frames.ts'
import { H264Format } from './h264-format.ts'
import { type ArrivedPacket, ReorderBuffer } from './reorder-buffer.ts'
import { parseRtp, Unwrapper } from './rtp.ts'
import { Vp8Format } from './vp8-format.ts'

/** What arrives on a track's port, as the SFU announced it. */
export interface StreamDescription {
  kind: 'audio' | 'video'
  mimeType: string
  payloadType: number
  ssrc: number
  clockRate: number
  channels: number
  /** Id of the header extension that tells how a picture is turned, where it may come. */
  videoOrientationId?: number | undefined
}

const SEGMENT_MS = 10_000
/** After a loss a key frame is asked for at most this often. */
const KEY_FRAME_RETRY_MS = 1000
/** RTP time that leaps by more than this against the time of arrival belongs to a restarted clock. */
const LEAP_MS = 60_000

/**
 * RTP of one track in, Matroska files out. Holds no socket, so that tests feed it packets. Files are cut every ten
 * seconds (video: at the key frame it then asks for), when the picture's size changes and when the RTP clock leaps, so
 * that a file has one size and one clock.
 */
export class TrackPipeline {
  readonly #stream: StreamDescription
  readonly #nextPath: () => string
  readonly #onKeyFrameWanted: () => void
  readonly #onError: (error: Error) => void
  readonly #reorder = new ReorderBuffer()
  readonly #depacketizer: Depacketizer
  #timestamps = new Unwrapper(32)
  #writer: SegmentWriter | null = null
  readonly #closing = new Set<Promise<void>>()
  #epoch: { name: string; rtpMs: number } | null = null
  #last: { rtpMs: number; arrivedAtMs: number } | null = null
  #keyFrameAskedAtMs = 0
  #isRetired = false
  #isClosed = false

  /** `nextPath` names a file that does not exist yet; `onError` tells of a disk that does not take what is written. */
  constructor(options: {
    stream: StreamDescription
    nextPath: () => string
    onKeyFrameWanted: () => void
    onError: (error: Error) => void
  }) {
    this.#stream = options.stream
    this.#nextPath = options.nextPath
    this.#onKeyFrameWanted = options.onKeyFrameWanted
    this.#onError = options.onError
    const mimeType = options.stream.mimeType.toLowerCase()
    this.#depacketizer =
      mimeType === 'audio/opus'
        ? new OpusDepacketizer()
        : new VideoDepacketizer(
            mimeType === 'video/vp8' ? new Vp8Format() : new H264Format(),
            options.stream.videoOrientationId,
          )
  }

  /** `arrivedAtMs` is milliseconds since the epoch. Foreign packets and RTCP are passed over. */
  handleDatagram(datagram: Buffer, arrivedAtMs: number): void {
    if (this.#isClosed) return
    const packet = parseRtp(datagram)
    // The port is open to anybody who can reach it: only the announced stream is taken.
    if (packet?.payloadType !== this.#stream.payloadType || packet.ssrc !== this.#stream.ssrc) return
    this.#handlePackets(this.#reorder.push(packet, arrivedAtMs))
    this.#askForKeyFrame(arrivedAtMs)
  }

  /** To be called a few times a second: gives up on lost packets and writes what lies about. */
  tick(nowMs: number): void {
    if (this.#isClosed) return
    this.#handlePackets(this.#reorder.flush(nowMs))
    this.#writer?.tick(nowMs)
  }

  /** The same comes another way from now on: the file goes on until it would be cut, and no other is begun. */
  retire(): void {
    this.#isRetired = true
  }

  /** Writes what is held and ends the file. Idempotent; resolves when all is on the disk. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#handlePackets(this.#reorder.drain())
      this.#isClosed = true
      this.#endSegment()
    }
    await Promise.all(this.#closing)
  }

  #handlePackets(packets: ArrivedPacket[]): void {
    for (const packet of packets)
      for (const frame of this.#depacketizer.push(packet)) this.#handleFrame(frame)
  }

  #handleFrame(frame: MediaFrame): void {
    let rtpMs = this.#rtpMs(frame)
    if (this.#last) {
      const stepMs = rtpMs - this.#last.rtpMs
      const arrivalStepMs = frame.arrivedAtMs - this.#last.arrivedAtMs
      if (stepMs < 0 || Math.abs(stepMs - arrivalStepMs) > LEAP_MS) {
        this.#endSegment()
        this.#epoch = null
        this.#timestamps = new Unwrapper(32)
        rtpMs = this.#rtpMs(frame)
      }
    }
    this.#last = { rtpMs, arrivedAtMs: frame.arrivedAtMs }
    this.#epoch ??= { name: `${Math.round(frame.arrivedAtMs)}`, rtpMs }
    if (this.#mustCut(frame)) this.#endSegment()
    if (!this.#writer && frame.isKey && !this.#isRetired) this.#beginSegment(frame, rtpMs)
    this.#writer?.append(frame, rtpMs)
  }

  #rtpMs(frame: MediaFrame): number {
    return (this.#timestamps.unwrap(frame.timestamp) / this.#stream.clockRate) * 1000
  }

  #mustCut(frame: MediaFrame): boolean {
    const writer = this.#writer
    if (!writer || !frame.isKey) return false
    if (frame.arrivedAtMs - writer.openedAtMs >= SEGMENT_MS) return true
    if (!frame.size) return false
    const { width, height, codecPrivate } = writer.format
    return (
      frame.size.width !== width ||
      frame.size.height !== height ||
      (codecPrivate !== null && frame.codecPrivate !== undefined && !codecPrivate.equals(frame.codecPrivate))
    )
  }

  #beginSegment(frame: MediaFrame, rtpMs: number): void {
    this.#writer = new SegmentWriter({
      path: this.#nextPath(),
      format: {
        kind: this.#stream.kind,
        mimeType: this.#stream.mimeType,
        channels: this.#stream.channels,
        width: frame.size?.width ?? 0,
        height: frame.size?.height ?? 0,
        codecPrivate: frame.codecPrivate ?? null,
      },
      epoch: this.#epoch!.name,
      epochRtpMs: this.#epoch!.rtpMs,
      startRtpMs: rtpMs,
      openedAtMs: frame.arrivedAtMs,
      onError: this.#onError,
    })
  }

  #endSegment(): void {
    const writer = this.#writer
    this.#writer = null
    if (!writer) return
    const closing = writer.close().finally(() => this.#closing.delete(closing))
    this.#closing.add(closing)
  }

  #askForKeyFrame(nowMs: number): void {
    if (this.#stream.kind !== 'video' || this.#isRetired) return
    const isOld = this.#writer !== null && nowMs - this.#writer.openedAtMs >= SEGMENT_MS
    const isNeeded = this.#depacketizer.needsKeyFrame || this.#writer === null
    // The flow itself began with a request.
    if (this.#keyFrameAskedAtMs === 0) this.#keyFrameAskedAtMs = nowMs
    // A key frame costs every viewer a moment of quality: for a cut one request in a while is enough.
    const pauseMs = isNeeded ? KEY_FRAME_RETRY_MS : isOld ? SEGMENT_MS / 2 : Number.POSITIVE_INFINITY
    if (nowMs - this.#keyFrameAskedAtMs < pauseMs) return
    this.#keyFrameAskedAtMs = nowMs
    this.#onKeyFrameWanted()
  }
}
