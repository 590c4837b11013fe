import { LineReader } from './line-reader.ts'

/** How far ffmpeg is: frames written, and milliseconds of the result. */
export interface FfmpegProgress {
  frames: number
  outTimeMs: number
}

/**
 * Reads what ffmpeg writes with `-progress`: blocks of `key=value` lines, each ended by `progress=continue` or `end`. A
 * value stays until another one comes (`out_time_us=N/A` says nothing new), so a block that is split between two reads,
 * or lacks a value, never reports less than was known before.
 */
export class ProgressReader {
  readonly #lines: LineReader
  #frames = 0
  #outTimeMs = 0

  constructor(onProgress: (progress: FfmpegProgress) => void) {
    this.#lines = new LineReader(line => {
      const at = line.indexOf('=')
      const key = line.slice(0, at).trim()
      const value = Number.parseInt(line.slice(at + 1).trim(), 10)
      if (key === 'frame' && Number.isFinite(value)) this.#frames = value
      if (key === 'out_time_us' && Number.isFinite(value)) this.#outTimeMs = Math.max(0, value / 1000)
      if (key === 'progress') onProgress({ frames: this.#frames, outTimeMs: this.#outTimeMs })
    })
  }

  get frames(): number {
    return this.#frames
  }

  push(chunk: string): void {
    this.#lines.push(chunk)
  }
}
