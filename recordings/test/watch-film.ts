import { spawn } from 'node:child_process'

/** How somebody looks and sounds in a film. */
export interface Sight {
  /** Brightness and both colour differences of its picture, ITU-R BT.601. */
  yuv: readonly [number, number, number]
  hz: number
}

/** Far from each other, and from the grey of an empty film; tones that are no overtones of each other. */
export const SIGHTS = {
  red: { yuv: [81, 90, 240], hz: 500 },
  green: { yuv: [145, 54, 34], hz: 800 },
  blue: { yuv: [61, 230, 112], hz: 1300 },
} as const satisfies Record<string, Sight>
export type SightName = keyof typeof SIGHTS

const STEP_MS = 100
const [WIDTH, HEIGHT] = [64, 36]
const RATE = 8000
/** Of the picture's area. The smallest tile has some ninth of it. */
const SHOWN_SHARE = 0.05
const COLOUR_DISTANCE = 50
/** Of full scale; one of three tones has some 0.1. */
const HEARD_LEVEL = 0.03

/** Whether each is to be seen, and to be heard, in each step of `STEP_MS` of a film. */
type Watched = Record<SightName, { seen: boolean[]; heard: boolean[] }>

export async function watchFilm(ffmpegPath: string, file: string): Promise<Film> {
  const [pictures, sound] = await Promise.all([
    output(ffmpegPath, [
      ...['-i', file, '-vf', `fps=${1000 / STEP_MS},scale=${WIDTH}:${HEIGHT},format=yuv444p`],
      ...['-f', 'rawvideo', '-'],
    ]),
    output(ffmpegPath, ['-i', file, '-ac', '1', '-ar', String(RATE), '-f', 's16le', '-']),
  ])
  const watched: Watched = {
    red: { seen: [], heard: [] },
    green: { seen: [], heard: [] },
    blue: { seen: [], heard: [] },
  }
  const names = Object.keys(SIGHTS) as SightName[]
  const area = WIDTH * HEIGHT
  for (let at = 0; at + area * 3 <= pictures.length; at += area * 3)
    for (const name of names) watched[name].seen.push(share(pictures, at, area, SIGHTS[name]) > SHOWN_SHARE)
  const window = (RATE * STEP_MS) / 1000
  for (let at = 0; at + window * 2 <= sound.length; at += window * 2)
    for (const name of names)
      watched[name].heard.push(level(sound, at, window, SIGHTS[name].hz) > HEARD_LEVEL)
  return new Film(watched)
}

export class Film {
  readonly #watched: Watched

  constructor(watched: Watched) {
    this.#watched = watched
  }

  get lengthMs(): number {
    return Math.min(this.#watched.red.seen.length, this.#watched.red.heard.length) * STEP_MS
  }

  /** When somebody is not to be seen (or heard) between two moments, ms of the film; longest first. */
  absences(name: SightName, sense: 'seen' | 'heard', fromMs: number, toMs: number) {
    const found: { fromMs: number; lengthMs: number }[] = []
    let start: number | null = null
    const last = Math.floor(Math.min(toMs, this.lengthMs) / STEP_MS)
    for (let step = Math.ceil(fromMs / STEP_MS); step <= last; step++) {
      const isThere = step >= last || this.#watched[name][sense][step] === true
      if (!isThere) start ??= step
      else if (start !== null) {
        found.push({ fromMs: start * STEP_MS, lengthMs: (step - start) * STEP_MS })
        start = null
      }
    }
    return found.sort((a, b) => b.lengthMs - a.lengthMs)
  }

  /** The longest of them, ms; 0: none. */
  longest(name: SightName, sense: 'seen' | 'heard', fromMs = 0, toMs = this.lengthMs): number {
    return this.absences(name, sense, fromMs, toMs)[0]?.lengthMs ?? 0
  }

  /** For people: each tenth of a second, big letters seen, small ones heard. */
  toString(): string {
    const row = (name: SightName, sense: 'seen' | 'heard') =>
      this.#watched[name][sense]
        .map(is => {
          const letter = name[0]!
          return is ? (sense === 'seen' ? letter.toUpperCase() : letter) : '.'
        })
        .join('')
    const names = Object.keys(SIGHTS) as SightName[]
    return names.flatMap(name => [row(name, 'seen'), row(name, 'heard')]).join('\n')
  }
}

function share(pictures: Buffer, at: number, area: number, { yuv: [, u, v] }: Sight): number {
  let count = 0
  for (let i = at; i < at + area; i++) {
    const [du, dv] = [pictures[i + area]! - u, pictures[i + 2 * area]! - v]
    if (Math.hypot(du, dv) < COLOUR_DISTANCE) count += 1
  }
  return count / area
}

/** Amplitude of one tone in a stretch of samples (Goertzel), of full scale. */
function level(sound: Buffer, at: number, samples: number, hz: number): number {
  const factor = 2 * Math.cos((2 * Math.PI * hz) / RATE)
  let [last, before] = [0, 0]
  for (let i = 0; i < samples; i++) {
    const next = sound.readInt16LE(at + i * 2) / 32_768 + factor * last - before
    before = last
    last = next
  }
  return (2 * Math.sqrt(Math.max(0, last * last + before * before - factor * last * before))) / samples
}

async function output(ffmpegPath: string, args: string[]): Promise<Buffer> {
  const child = spawn(ffmpegPath, ['-nostdin', '-v', 'error', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
