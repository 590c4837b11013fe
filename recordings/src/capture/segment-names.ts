import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const SEGMENT_NAME = /^(\d+)\.mkv$/

/**
 * Names the files of a recording's tracks, rising in each folder, after those of an earlier run. While a recorder moves from one node to
 * another a track is written twice, and no name is given twice.
 */
export class SegmentNames {
  readonly #next = new Map<string, number>()

  /** Of the next file in a folder that exists. */
  path(folder: string): string {
    const number = this.#next.get(folder) ?? this.#first(folder)
    this.#next.set(folder, number + 1)
    return join(folder, `${String(number).padStart(5, '0')}.mkv`)
  }

  #first(folder: string): number {
    const numbers = readdirSync(folder).map(name => Number(SEGMENT_NAME.exec(name)?.[1] ?? 0))
    return Math.max(0, ...numbers) + 1
  }
}
