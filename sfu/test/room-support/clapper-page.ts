/// <reference lib="dom" />
/**
 * Runs in the browser beside page.ts: a clapperboard that flashes and beeps at the same moment, and a look and an ear for
 * it on the receiving side. `window.clapper`; sync-lab.ts drives it from Node and pairs the claps.
 */
import { LocalAudioTrack, LocalVideoTrack, RoomEvent, Track } from 'livekit-client'

const FLASH_MS = 200
const WIDTH = 320
const HEIGHT = 180

interface Processor<T> {
  readonly readable: ReadableStream<T>
}
/** Chrome's way to the frames of a track; not in the type library. */
const insertable = window as unknown as {
  MediaStreamTrackProcessor: new <T>(init: { track: MediaStreamTrack }) => Processor<T>
}

/** When claps were seen and heard, ms of this page's clock. */
export interface ClapMarks {
  flashes: number[]
  beeps: number[]
}

export class Clapper {
  readonly #marks = new Map<string, ClapMarks>()
  readonly #watched = new Set<MediaStreamTrack>()

  /** A clap every `periodMs`, as camera and microphone. */
  async publish(periodMs: number): Promise<void> {
    const room = window.roomClient.room!
    const canvas = document.createElement('canvas')
    canvas.width = WIDTH
    canvas.height = HEIGHT
    const pen = canvas.getContext('2d')!
    const picture = canvas.captureStream(0).getVideoTracks()[0] as CanvasCaptureMediaStreamTrack
    // Not samples made here (MediaStreamTrackGenerator): Chrome's sender reports then place them seconds off.
    const audio = new AudioContext()
    const tone = new OscillatorNode(audio, { frequency: 880 })
    const gain = new GainNode(audio, { gain: 0 })
    const output = new MediaStreamAudioDestinationNode(audio)
    tone.connect(gain).connect(output)
    tone.start()
    let wasWhite = false
    window.setInterval(() => {
      const now = performance.now()
      const isWhite = now % periodMs < FLASH_MS
      // The paint starts the tone, so that one clock rules both.
      if (isWhite !== wasWhite) gain.gain.setValueAtTime(isWhite ? 0.6 : 0, audio.currentTime)
      wasWhite = isWhite
      pen.fillStyle = isWhite ? '#fff' : '#101418'
      pen.fillRect(0, 0, WIDTH, HEIGHT)
      pen.fillStyle = '#3070c0'
      pen.fillRect((now / 8) % (WIDTH - 30), HEIGHT - 30, 20, 20)
      picture.requestFrame()
    }, 33)
    const sound = output.stream.getAudioTracks()[0] as MediaStreamTrack
    await room.localParticipant.publishTrack(new LocalAudioTrack(sound, undefined, true), {
      source: Track.Source.Microphone,
      dtx: false,
    })
    await room.localParticipant.publishTrack(new LocalVideoTrack(picture, undefined, true), {
      source: Track.Source.Camera,
      videoCodec: 'vp8',
      simulcast: false,
      backupCodec: false,
      videoEncoding: { maxBitrate: 500_000, maxFramerate: 30 },
    })
  }

  /** Marks claps of everyone's tracks, now and later. */
  watch(): void {
    const room = window.roomClient.room!
    const watchAll = () => {
      for (const p of room.remoteParticipants.values())
        for (const { track, source } of p.trackPublications.values()) {
          if (!track || this.#watched.has(track.mediaStreamTrack)) continue
          this.#watched.add(track.mediaStreamTrack)
          const key = `${p.identity}/${source === 'camera' || source === 'microphone' ? 'camera' : 'screen'}`
          const marks = this.#marks.get(key) ?? { flashes: [], beeps: [] }
          this.#marks.set(key, marks)
          if (track.kind === 'video') void this.#look(track.mediaStreamTrack, marks.flashes)
          else void this.#listen(track.mediaStreamTrack, marks.beeps)
        }
    }
    room.on(RoomEvent.TrackSubscribed, watchAll)
    watchAll()
  }

  marks(key: string): ClapMarks {
    return this.#marks.get(key) ?? { flashes: [], beeps: [] }
  }

  async #look(track: MediaStreamTrack, flashes: number[]): Promise<void> {
    const pen = new OffscreenCanvas(4, 4).getContext('2d', { willReadFrequently: true })!
    let wasWhite = true
    await this.#read<VideoFrame>(track, frame => {
      pen.drawImage(frame, 0, 0, 4, 4)
      const isWhite = pen.getImageData(1, 1, 1, 1).data[1]! > 128
      if (isWhite && !wasWhite) flashes.push(performance.now())
      wasWhite = isWhite
    })
  }

  async #listen(track: MediaStreamTrack, beeps: number[]): Promise<void> {
    let quietMs = 0
    await this.#read<AudioData>(track, data => {
      const samples = new Float32Array(data.numberOfFrames)
      data.copyTo(samples, { planeIndex: 0, format: 'f32-planar' })
      const isLoud = samples.some(sample => Math.abs(sample) > 0.1)
      // The tone's own zero crossings and concealed packets are no new beep.
      if (isLoud && quietMs >= 300) beeps.push(performance.now())
      quietMs = isLoud ? 0 : quietMs + (data.numberOfFrames / data.sampleRate) * 1000
    })
  }

  async #read<T extends { close(): void }>(track: MediaStreamTrack, look: (value: T) => void): Promise<void> {
    const reader = new insertable.MediaStreamTrackProcessor<T>({ track }).readable.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      look(value)
      value.close()
    }
  }
}

declare global {
  interface Window {
    clapper: Clapper
  }
}
window.clapper = new Clapper()
