/**
 * A clapperboard in place of a camera and microphone: every `periodMs` the picture turns white and at the same moment a
 * tone sounds, both for 200 ms. Installed before the page's own scripts; getUserMedia then returns it. Test-only.
 */
import type { BrowserContext } from '@playwright/test'

export async function installClapper(context: BrowserContext, periodMs = 2000): Promise<void> {
  await context.addInitScript(period => {
    const FLASH_MS = 200
    /**
     * Sound whose samples are tied to the page's clock. Web Audio will not do: without a sound card its clock leaps
     * against the page's by some hundred milliseconds.
     */
    const makeTone = (): MediaStreamTrack => {
      const RATE = 48_000
      const FRAMES = 480
      const Generator = (
        window as unknown as {
          MediaStreamTrackGenerator: new (init: {
            kind: string
          }) => MediaStreamTrack & { writable: WritableStream<AudioData> }
        }
      ).MediaStreamTrackGenerator
      const track = new Generator({ kind: 'audio' })
      const writer = track.writable.getWriter()
      const startMs = performance.now()
      let written = 0
      setInterval(() => {
        while (startMs + (written / RATE) * 1000 < performance.now()) {
          const data = new Float32Array(FRAMES)
          for (let index = 0; index < FRAMES; index++) {
            const atMs = startMs + ((written + index) / RATE) * 1000
            if (atMs % period < FLASH_MS)
              data[index] = 0.6 * Math.sin((2 * Math.PI * 880 * (written + index)) / RATE)
          }
          const timestamp = Math.round((written / RATE) * 1e6)
          void writer.write(
            new AudioData({
              format: 'f32-planar',
              sampleRate: RATE,
              numberOfFrames: FRAMES,
              numberOfChannels: 1,
              timestamp,
              data,
            }),
          )
          written += FRAMES
        }
      }, 10)
      return track
    }
    const open = async (constraints?: MediaStreamConstraints): Promise<MediaStream> => {
      const stream = new MediaStream()
      if (constraints?.audio) stream.addTrack(makeTone())
      if (constraints?.video) {
        const canvas = document.createElement('canvas')
        canvas.width = 640
        canvas.height = 360
        const pen = canvas.getContext('2d')!
        const paint = () => {
          const phase = performance.now() % period
          pen.fillStyle = phase < FLASH_MS ? '#ffffff' : '#101418'
          pen.fillRect(0, 0, 640, 360)
          // Something that moves, so that the picture is never frozen.
          pen.fillStyle = '#3070c0'
          pen.fillRect((performance.now() / 8) % 600, 300, 40, 40)
        }
        setInterval(paint, 20)
        stream.addTrack(canvas.captureStream(25).getVideoTracks()[0]!)
      }
      return stream
    }
    navigator.mediaDevices.getUserMedia = open
  }, periodMs)
}
