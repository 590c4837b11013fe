import { spawn } from 'node:child_process'

const FPS = 50
const RATE = 8000
const WINDOW = RATE / 200
const CLAP_MS = 200
const CLAP_TOLERANCE_MS = 45

/** Times in milliseconds at which a flash or a beep begins in a file. */
export async function measureClaps(
  ffmpegPath: string,
  file: string,
): Promise<{ flashes: number[]; beeps: number[] }> {
  const [video, audio] = await Promise.all([
    output(ffmpegPath, ['-i', file, '-vf', `fps=${FPS},scale=16:9,format=gray`, '-f', 'rawvideo', '-']),
    output(ffmpegPath, ['-i', file, '-ac', '1', '-ar', String(RATE), '-f', 's16le', '-']),
  ])
  const luma: number[] = []
  for (let at = 0; at + 144 <= video.length; at += 144) luma.push(mean(video.subarray(at, at + 144)))
  const levels: number[] = []
  for (let at = 0; at + WINDOW * 2 <= audio.length; at += WINDOW * 2) {
    let peak = 0
    for (let i = 0; i < WINDOW; i += 1) peak = Math.max(peak, Math.abs(audio.readInt16LE(at + i * 2)))
    levels.push(peak)
  }
  return {
    flashes: onsets(luma, 150, FPS),
    beeps: onsets(levels, 4000, RATE / WINDOW),
  }
}

/** Distance of each flash to the beep nearest to it; positive: the sound is late. */
export function soundDelays({ flashes, beeps }: { flashes: number[]; beeps: number[] }): number[] {
  return flashes.map(flash => {
    let best = Number.POSITIVE_INFINITY
    for (const beep of beeps) if (Math.abs(beep - flash) < Math.abs(best)) best = beep - flash
    return best
  })
}

/** Where values come over the threshold for about as long as a clap lasts; one that is cut off at an end is left out. */
function onsets(values: number[], threshold: number, perSecond: number): number[] {
  const found: number[] = []
  let start: number | null = null
  for (const [index, value] of [...values, 0].entries()) {
    if (value >= threshold) start ??= index
    else if (start !== null) {
      const lengthMs = ((index - start) * 1000) / perSecond
      if (Math.abs(lengthMs - CLAP_MS) <= CLAP_TOLERANCE_MS) found.push((start * 1000) / perSecond)
      start = null
    }
  }
  return found
}

const mean = (bytes: Buffer): number => bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length

async function output(ffmpegPath: string, args: string[]): Promise<Buffer> {
  const child = spawn(ffmpegPath, ['-nostdin', '-v', 'error', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
