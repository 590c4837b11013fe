import {
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'

/**
 * An append-only file of JSON lines. `append` returns when the line is with the operating system, so that it survives
 * `kill -9` of this process; a power cut may cost what was written since the last flush (at most `FLUSH_EVERY_MS`). A last line torn
 * by a crash is cut off on opening. The owner calls `close`.
 */

const FLUSH_EVERY_MS = 500

export class Journal<Entry> {
  readonly #file: string
  #fd: number
  #entries: number
  /** Set when a write failed half-way: the next line starts on a line of its own. */
  #mayBeTorn = false
  #flushTimer: NodeJS.Timeout | undefined
  #isFlushing = false
  #isClosed = false

  private constructor(file: string, fd: number, entries: number) {
    this.#file = file
    this.#fd = fd
    this.#entries = entries
  }

  /**
   * Opens or creates the file (and its folder) and reads what it holds, oldest first. Lines that `parse` refuses (it returns
   * null) are skipped and counted, so that one bad line does not cost the rest.
   */
  static open<Entry>(
    file: string,
    parse: (value: unknown) => Entry | null,
  ): { journal: Journal<Entry>; entries: Entry[]; skipped: number } {
    mkdirSync(path.dirname(file), { recursive: true })
    // A crash while compacting leaves this; the journal itself was not touched by then.
    rmSync(`${file}.new`, { force: true })
    const fd = openSync(file, 'a+')
    const bytes = readFileSync(fd)
    const end = bytes.lastIndexOf(0x0a) + 1
    if (end < bytes.length) ftruncateSync(fd, end)
    const entries: Entry[] = []
    let skipped = 0
    for (const line of bytes.toString('utf8', 0, end).split('\n')) {
      if (line === '') continue
      const entry = parseLine(line, parse)
      if (entry === null) skipped += 1
      else entries.push(entry)
    }
    return { journal: new Journal<Entry>(file, fd, entries.length + skipped), entries, skipped }
  }

  /** Lines in the file, for deciding when to compact. */
  get length(): number {
    return this.#entries
  }

  /** @throws Node's error when the disk refuses (full, read-only). The journal stays usable. */
  append(entry: Entry): void {
    if (this.#isClosed) throw new Error('journal is closed')
    const line = Buffer.from(`${this.#mayBeTorn ? '\n' : ''}${JSON.stringify(entry)}\n`)
    this.#mayBeTorn = true
    if (writeSync(this.#fd, line) !== line.length) throw new Error('short write to the journal')
    this.#mayBeTorn = false
    this.#entries += 1
    this.#flushTimer ??= setTimeout(() => this.#flush(), FLUSH_EVERY_MS).unref()
  }

  /**
   * Replaces the content in one step: after a crash either the old file or the new one is there. @throws Node's error when the
   * disk refuses; the old file then stays, and so does its content.
   */
  compact(entries: readonly Entry[]): void {
    if (this.#isClosed) throw new Error('journal is closed')
    const fresh = `${this.#file}.new`
    // The descriptor it is written with stays the journal's: to open the file once more after the renaming could fail.
    const fd = openSync(fresh, 'a+')
    try {
      ftruncateSync(fd)
      const bytes = Buffer.from(entries.map(entry => `${JSON.stringify(entry)}\n`).join(''))
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
      fsyncSync(fd)
      renameSync(fresh, this.#file)
    } catch (error) {
      closeSync(fd)
      rmSync(fresh, { force: true })
      throw error
    }
    const old = this.#fd
    this.#fd = fd
    this.#entries = entries.length
    this.#mayBeTorn = false
    closeSync(old)
  }

  /** Flushes to the disk and closes the file. Safe to call twice. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#flushTimer)
    try {
      fsyncSync(this.#fd)
    } finally {
      closeSync(this.#fd)
    }
  }

  #flush(): void {
    this.#flushTimer = undefined
    if (this.#isFlushing || this.#isClosed) return
    this.#isFlushing = true
    // The result is of no use here: a failing disk shows itself on the next append.
    fdatasync(this.#fd, () => {
      this.#isFlushing = false
    })
  }
}

function parseLine<Entry>(line: string, parse: (value: unknown) => Entry | null): Entry | null {
  try {
    return parse(JSON.parse(line))
  } catch {
    // Not JSON: counted as skipped by the caller.
    return null
  }
}
