import {
  AudioFrame,
  AudioSource,
  LocalAudioTrack,
  LocalVideoTrack,
  Room,
  TrackPublishOptions,
  TrackSource,
  VideoBufferType,
  VideoCodec,
  VideoFrame,
  VideoRotation,
  VideoSource,
} from '@livekit/rtc-node'
import { CLAP_EVERY_MS } from './clapper.ts'

const WIDTH = 640
const HEIGHT = 360
const FPS = 25
const RATE = 48_000
const AUDIO_FRAME_MS = 10
const CLAP_MS = 200
const TICK_MS = 10

/**
 * A participant on the stock native SDK that claps: both picture and sound follow the wall clock, so that what they are
 * apart in a recording was added by the way there. Call `leave`.
 */
export class NativeClapper {
  readonly room = new Room()
  /** How the telephone is held: each picture says by how much it has to be turned. */
  rotation = VideoRotation.VIDEO_ROTATION_0
  readonly #video = new VideoSource(WIDTH, HEIGHT)
  /** Without a queue: what is handed over is sent, and does not wait longer the busier the machine was. */
  readonly #audio = new AudioSource(RATE, 1, 0)
  #timer: NodeJS.Timeout | null = null
  #frames = 0
  #samplesMs = 0

  static async join(url: string, token: string): Promise<NativeClapper> {
    const clapper = new NativeClapper()
    await clapper.room.connect(url, token, { autoSubscribe: false, dynacast: false })
    return clapper
  }

  async publish(): Promise<void> {
    const camera = LocalVideoTrack.createVideoTrack('camera', this.#video)
    const microphone = LocalAudioTrack.createAudioTrack('microphone', this.#audio)
    const participant = this.room.localParticipant!
    const video = { source: TrackSource.SOURCE_CAMERA, videoCodec: VideoCodec.VP8, simulcast: true }
    await participant.publishTrack(camera, new TrackPublishOptions(video))
    await participant.publishTrack(
      microphone,
      new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE, dtx: false }),
    )
    const startMs = performance.now()
    this.#timer = setInterval(() => this.#tick(performance.now() - startMs), TICK_MS)
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
      this.#video.captureFrame(picture(nowMs, this.#frames), 0n, this.rotation)
    }
    while (this.#samplesMs + AUDIO_FRAME_MS <= nowMs) {
      this.#audio.captureFrame(sound(this.#samplesMs)).catch(() => undefined)
      this.#samplesMs += AUDIO_FRAME_MS
    }
  }
}

const isClap = (atMs: number): boolean => atMs % CLAP_EVERY_MS < CLAP_MS

function picture(atMs: number, count: number): VideoFrame {
  const luma = WIDTH * HEIGHT
  const data = new Uint8Array(luma * 1.5).fill(128, luma)
  if (isClap(atMs)) data.fill(235, 0, luma)
  else for (let y = 0; y < HEIGHT; y += 1) data.fill(40 + ((y + count * 3) % 80), y * WIDTH, (y + 1) * WIDTH)
  return new VideoFrame(data, WIDTH, HEIGHT, VideoBufferType.I420)
}

function sound(atMs: number): AudioFrame {
  const samples = (RATE * AUDIO_FRAME_MS) / 1000
  const frame = AudioFrame.create(RATE, 1, samples)
  // Between claps it hums, so that the SFU takes it for a speaker.
  const loudness = isClap(atMs) ? 16_000 : 1500
  for (let i = 0; i < samples; i += 1) frame.data[i] = loudness * Math.sin((2 * Math.PI * 1000 * i) / RATE)
  return frame
}
