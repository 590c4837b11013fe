/**
 * A clapperboard in place of a camera and microphone: every `periodMs` the picture turns white and at the same moment a
 * tone sounds, both for 200 ms. Installed before the page's own scripts; getUserMedia then returns it. Test-only.
 */
import type { BrowserContext } from '@playwright/test'

export async function installClapper(context: BrowserContext, periodMs = 2000): Promise<void> {
  await context.addInitScript(period => {
    const FLASH_MS = 200
    const open = async (constraints?: MediaStreamConstraints): Promise<MediaStream> => {
      const stream = new MediaStream()
      const audio = new AudioContext({ sampleRate: 48_000 })
      await audio.resume()
      if (constraints?.audio) {
        const tone = audio.createOscillator()
        tone.frequency.value = 880
        const gate = audio.createGain()
        gate.gain.value = 0
        const out = audio.createMediaStreamDestination()
        tone.connect(gate).connect(out)
        tone.start()
        // The tone is scheduled on the audio clock; the page clock and it are tied together once a period.
        let next = Math.ceil(performance.now() / period) * period
        setInterval(() => {
          if (performance.now() < next - 300) return
          const at = audio.currentTime + (next - performance.now()) / 1000
          gate.gain.setValueAtTime(0.6, at)
          gate.gain.setValueAtTime(0, at + FLASH_MS / 1000)
          next += period
        }, 50)
        stream.addTrack(out.stream.getAudioTracks()[0]!)
      }
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
