import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const SEGMENT_NAME = /^(\d+)\.mkv$/
/** Names of one recorder's term; ten seconds each, eleven days. */
const PER_TERM = 100_000

/** Whose file it is, see JobFolder. */
export const termOfSegment = (name: string): number =>
  Math.floor(Number(SEGMENT_NAME.exec(name)?.[1] ?? 0) / PER_TERM)

/**
 * Names the files of a recording's tracks, rising in each folder, after those of an earlier run in the same term. While a recorder moves
 * from one node to another a track is written twice, and no name is given twice.
 */
export class SegmentNames {
  readonly #term: number
  readonly #next = new Map<string, number>()

  constructor(term = 0) {
    this.#term = term
  }

  /** Of the next file in a folder that exists. */
  path(folder: string): string {
    const number = this.#next.get(folder) ?? this.#first(folder)
    this.#next.set(folder, number + 1)
    return join(folder, `${String(number).padStart(5, '0')}.mkv`)
  }

  #first(folder: string): number {
    const numbers = readdirSync(folder)
      .filter(name => termOfSegment(name) === this.#term)
      .map(name => Number(SEGMENT_NAME.exec(name)?.[1] ?? 0))
    return Math.max(this.#term * PER_TERM, ...numbers) + 1
  }
}
