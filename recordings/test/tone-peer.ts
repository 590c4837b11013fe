import {
  AudioFrame,
  AudioSource,
  LocalAudioTrack,
  LocalVideoTrack,
  Room,
  RoomEvent,
  TrackPublishOptions,
  TrackSource,
  VideoBufferType,
  VideoCodec,
  VideoFrame,
  VideoSource,
} from '@livekit/rtc-node'
import type { Sight } from './watch-film.ts'

const WIDTH = 320
const HEIGHT = 180
const FPS = 15
const RATE = 48_000
const AUDIO_FRAME_MS = 10
const TICK_MS = 10
const LOUDNESS = 5000

/**
 * A participant on the stock native SDK whose picture is of one colour and who sounds one tone, so that a film shows at each moment who is in
 * it. Call `leave`.
 */
export class TonePeer {
  readonly room = new Room()
  readonly #sight: Sight
  readonly #video = new VideoSource(WIDTH, HEIGHT)
  readonly #audio = new AudioSource(RATE, 1, 0)
  #timer: NodeJS.Timeout | null = null
  #frames = 0
  #samplesMs = 0
  /** Full reconnects: it is somebody new for the server. */
  restarts = 0

  private constructor(sight: Sight) {
    this.#sight = sight
    this.room.on(RoomEvent.Reconnected, () => this.restarts++)
  }

  static async join(url: string, token: string, sight: Sight): Promise<TonePeer> {
    const peer = new TonePeer(sight)
    await peer.room.connect(url, token, { autoSubscribe: false, dynacast: false })
    const participant = peer.room.localParticipant!
    await participant.publishTrack(
      LocalVideoTrack.createVideoTrack('camera', peer.#video),
      new TrackPublishOptions({
        source: TrackSource.SOURCE_CAMERA,
        videoCodec: VideoCodec.VP8,
        simulcast: false,
      }),
    )
    await participant.publishTrack(
      LocalAudioTrack.createAudioTrack('microphone', peer.#audio),
      new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE, dtx: false }),
    )
    const startMs = performance.now()
    peer.#timer = setInterval(() => peer.#tick(performance.now() - startMs), TICK_MS)
    return peer
  }

  async leave(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    await this.#video.close()
    await this.#audio.close()
    if (this.room.isConnected) await this.room.disconnect()
  }

  #tick(nowMs: number): void {
    if (nowMs >= (this.#frames * 1000) / FPS) {
      // Frames that a busy machine missed are left out, as a camera does.
      this.#frames = Math.floor((nowMs * FPS) / 1000) + 1
      this.#video.captureFrame(picture(this.#sight, this.#frames))
    }
    while (this.#samplesMs + AUDIO_FRAME_MS <= nowMs) {
      this.#audio.captureFrame(sound(this.#sight.hz, this.#samplesMs)).catch(() => undefined)
      this.#samplesMs += AUDIO_FRAME_MS
    }
  }
}

/** The colour, with a shade that wanders: a picture that stands still is hardly sent. */
function picture({ yuv: [y, u, v] }: Sight, count: number): VideoFrame {
  const luma = WIDTH * HEIGHT
  const data = new Uint8Array(luma * 1.5)
  for (let row = 0; row < HEIGHT; row++)
    data.fill(y + ((row + count * 5) % 16) - 8, row * WIDTH, (row + 1) * WIDTH)
  data.fill(u, luma, luma * 1.25)
  data.fill(v, luma * 1.25)
  return new VideoFrame(data, WIDTH, HEIGHT, VideoBufferType.I420)
}

function sound(hz: number, atMs: number): AudioFrame {
  const samples = (RATE * AUDIO_FRAME_MS) / 1000
  const frame = AudioFrame.create(RATE, 1, samples)
  for (let i = 0; i < samples; i++)
    frame.data[i] = LOUDNESS * Math.sin(2 * Math.PI * hz * (atMs / 1000 + i / RATE))
  return frame
}
