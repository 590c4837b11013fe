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
/** Chrome's way to the frames of a track; not in the type library. Firefox has none: there what is played is looked at. */
const insertable = window as unknown as {
  MediaStreamTrackProcessor?: new <T>(init: { track: MediaStreamTrack }) => Processor<T>
}
const LOOK_EVERY_MS = 5

/** When claps were seen and heard, ms of this page's clock. */
export interface ClapMarks {
  flashes: number[]
  beeps: number[]
}

export type ClapperKind = 'camera' | 'screen'

export class Clapper {
  readonly #marks = new Map<string, ClapMarks>()
  readonly #watched = new Set<MediaStreamTrack>()

  /** A clap every `periodMs`, as camera and microphone or as a shared screen with its sound. */
  async publish(periodMs: number, as: ClapperKind): Promise<void> {
    const [picture, sound] =
      as === 'camera'
        ? [Track.Source.Camera, Track.Source.Microphone]
        : [Track.Source.ScreenShare, Track.Source.ScreenShareAudio]
    const room = window.roomClient.room!
    const canvas = document.createElement('canvas')
    canvas.width = WIDTH
    canvas.height = HEIGHT
    const pen = canvas.getContext('2d')!
    const drawing = canvas.captureStream(0).getVideoTracks()[0] as CanvasCaptureMediaStreamTrack
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
      drawing.requestFrame()
    }, 33)
    const tones = output.stream.getAudioTracks()[0] as MediaStreamTrack
    await room.localParticipant.publishTrack(new LocalAudioTrack(tones, undefined, true), {
      source: sound,
      dtx: false,
    })
    await room.localParticipant.publishTrack(new LocalVideoTrack(drawing, undefined, true), {
      source: picture,
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
          const isPlayed = insertable.MediaStreamTrackProcessor === undefined
          const [video, audio] = isPlayed
            ? ([watchPlayed, hearPlayed] as const)
            : ([watchFrames, hearFrames] as const)
          if (track.kind === 'video') void video(track.mediaStreamTrack, marks.flashes)
          else void audio(track.mediaStreamTrack, marks.beeps, track.receiver!)
        }
    }
    room.on(RoomEvent.TrackSubscribed, watchAll)
    watchAll()
  }

  marks(key: string): ClapMarks {
    return this.#marks.get(key) ?? { flashes: [], beeps: [] }
  }
}

async function watchFrames(track: MediaStreamTrack, flashes: number[]): Promise<void> {
  await read<VideoFrame>(track, flashDetector(flashes))
}

async function hearFrames(track: MediaStreamTrack, beeps: number[]): Promise<void> {
  const isBeep = beepDetector(beeps)
  await read<AudioData>(track, data => {
    const samples = new Float32Array(data.numberOfFrames)
    data.copyTo(samples, { planeIndex: 0, format: 'f32-planar' })
    const isLoud = samples.some(sample => Math.abs(sample) > 0.1)
    isBeep(isLoud, (data.numberOfFrames / data.sampleRate) * 1000)
  })
}

async function watchPlayed(track: MediaStreamTrack, flashes: number[]): Promise<void> {
  const video = document.createElement('video')
  video.muted = true
  video.srcObject = new MediaStream([track])
  document.body.append(video)
  await video.play()
  const look = flashDetector(flashes)
  window.setInterval(() => look(video), LOOK_EVERY_MS)
}

/** By what the receiver says it has played: without a sound card Firefox runs no AudioContext. */
async function hearPlayed(track: MediaStreamTrack, beeps: number[], receiver: RTCRtpReceiver): Promise<void> {
  const isBeep = beepDetector(beeps)
  let last = { energy: 0, seconds: 0 }
  while (track.readyState === 'live') {
    for (const stats of (await receiver.getStats()).values()) {
      if (stats.type !== 'inbound-rtp') continue
      const { totalAudioEnergy: energy, totalSamplesDuration: seconds } = stats as RTCInboundRtpStreamStats
      if (energy === undefined || seconds === undefined || seconds <= last.seconds) continue
      const lasted = seconds - last.seconds
      isBeep(Math.sqrt(Math.max(0, energy - last.energy) / lasted) > 0.1, lasted * 1000)
      last = { energy, seconds }
    }
    await new Promise(resolve => window.setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** Marks when the picture turns white. */
function flashDetector(flashes: number[]): (picture: CanvasImageSource) => void {
  const pen = new OffscreenCanvas(4, 4).getContext('2d', { willReadFrequently: true })!
  let wasWhite = true
  return picture => {
    pen.drawImage(picture, 0, 0, 4, 4)
    const isWhite = pen.getImageData(1, 1, 1, 1).data[1]! > 128
    if (isWhite && !wasWhite) flashes.push(performance.now())
    wasWhite = isWhite
  }
}

/** Marks when sound begins; it is told whether what was heard last was loud and how long it was, ms. */
function beepDetector(beeps: number[]): (isLoud: boolean, lastedMs: number) => void {
  let quietMs = 0
  return (isLoud, lastedMs) => {
    // The tone's own zero crossings and concealed packets are no new beep.
    if (isLoud && quietMs >= 300) beeps.push(performance.now())
    quietMs = isLoud ? 0 : quietMs + lastedMs
  }
}

async function read<T extends { close(): void }>(
  track: MediaStreamTrack,
  look: (value: T) => void,
): Promise<void> {
  const reader = new insertable.MediaStreamTrackProcessor!<T>({ track }).readable.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    look(value)
    value.close()
  }
}

declare global {
  interface Window {
    clapper: Clapper
  }
}
window.clapper = new Clapper()
