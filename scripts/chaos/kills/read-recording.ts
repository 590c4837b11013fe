/** What is there of a recording: the rows of the portal, and the files of the recorder as they lie on the disk. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { parseJournal } from '@diemcau/core/recording/journal.ts'
import { readSegmentFact } from '../../../recordings/src/matroska/segment-reader.ts'
import type { Part } from './compare-recording.ts'

const execute = promisify(execFile)
/** A file that was not written to for so long is finished. */
const FINISHED_MS = 15_000
const PROBE_MS = 30_000
/** Of Opus. */
const FRAME_MS = 20

export interface Captured {
  parts: Part[]
  files: number
  /** Begun less than half a second before a kill: nothing whole is in them, and nothing is made of them. */
  empty: number
  /** Finished ones that a player cannot read, with what it said. */
  unplayable: string[]
}

/** Reads a recording's folder while it grows. Finished files are read and probed once. */
export class CapturedFiles {
  readonly #folder: string
  readonly #ffprobe: string
  readonly #known = new Map<string, Part[]>()
  readonly #unplayable: string[] = []

  /** @param folder of one egress id, in the recorder's data */
  constructor(folder: string, ffprobe: string) {
    this.#folder = folder
    this.#ffprobe = ffprobe
  }

  /** @param isOver nothing is written any more */
  async read(isOver: boolean): Promise<Captured> {
    const owners = await this.#owners()
    const root = path.join(this.#folder, 'tracks')
    const parts: Part[] = []
    let files = 0
    let empty = 0
    for (const trackId of existsSync(root) ? await readdir(root) : [])
      for (const name of (await readdir(path.join(root, trackId))).filter(one => one.endsWith('.mkv'))) {
        const found = await this.#readFile(
          path.join(root, trackId, name),
          owners.get(trackId) ?? trackId,
          isOver,
        )
        files += 1
        if (found.length === 0) empty += 1
        parts.push(...found)
      }
    return { parts, files, empty, unplayable: this.#unplayable }
  }

  async #readFile(file: string, identity: string, isOver: boolean): Promise<Part[]> {
    const known = this.#known.get(file)
    if (known) return known
    const isFinished = isOver || Date.now() - (await stat(file)).mtimeMs > FINISHED_MS
    const fact = await readSegmentFact(file, path.basename(file))
    // Arrival on the recorder's clock, which is this machine's.
    const parts = (fact?.clusters ?? []).map(({ clockMs, relMs, lastMs }) => ({
      identity,
      from: clockMs + relMs,
      to: clockMs + lastMs + FRAME_MS,
    }))
    if (!isFinished) return parts
    this.#known.set(file, parts)
    if (parts.length > 0) await this.#probe(file)
    return parts
  }

  async #probe(file: string): Promise<void> {
    const name = path.relative(this.#folder, file)
    try {
      const { stdout } = await execute(
        this.#ffprobe,
        [
          '-v',
          'error',
          '-count_packets',
          '-show_entries',
          'stream=codec_name,nb_read_packets',
          '-of',
          'json',
          file,
        ],
        { timeout: PROBE_MS },
      )
      const { streams = [] } = JSON.parse(stdout) as { streams?: { nb_read_packets?: string }[] }
      if (!streams.some(({ nb_read_packets }) => Number(nb_read_packets) > 0))
        this.#unplayable.push(`recording: ${name} has nothing to play`)
    } catch (error) {
      this.#unplayable.push(
        `recording: ${name} cannot be played: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }

  async #owners(): Promise<Map<string, string>> {
    const file = path.join(this.#folder, 'journal.jsonl')
    const entries = existsSync(file) ? parseJournal(await readFile(file, 'utf8')) : []
    const tracks = entries.flatMap(entry =>
      entry.type === 'attached' ? entry.tracks : entry.type === 'track_published' ? [entry.track] : [],
    )
    return new Map(tracks.map(({ trackId, identity }) => [trackId, identity]))
  }
}

/** Length of a film, ms, as ffprobe says it. @throws Error when it cannot be played or lacks sound */
export async function filmLengthMs(file: string, ffprobe: string): Promise<number> {
  const { stdout } = await execute(
    ffprobe,
    ['-v', 'error', '-show_entries', 'format=duration:stream=codec_type', '-of', 'json', file],
    { timeout: PROBE_MS },
  )
  const { format, streams } = JSON.parse(stdout) as {
    format: { duration: string }
    streams: { codec_type: string }[]
  }
  if (!streams.some(({ codec_type }) => codec_type === 'audio')) throw new Error('the film has no sound')
  return Number(format.duration) * 1_000
}
