import { existsSync } from 'node:fs'
import { appendFile, mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SegmentFact } from '@diemcau/core/recording/align-segments.ts'
import { type JournalEntry, joinTerms, parseJournal } from '@diemcau/core/recording/journal.ts'
import { buildManifest, type Manifest } from '@diemcau/core/recording/manifest.ts'
import {
  type RecordingLayout,
  type RecordingState,
  recordingLayout,
  recordingState,
} from '@diemcau/core/recording/status.ts'
import { termOfSegment } from '../capture/segment-names.ts'
import { readSegmentFact } from '../matroska/segment-reader.ts'

const EGRESS_ID = /^EG_[A-Za-z0-9]{4,40}$/

/** An id that may be part of a path. */
export const isEgressId = (value: string): boolean => EGRESS_ID.test(value)

const STATE_NAME = /^state(?:\.([1-9]\d*))?\.json$/
const JOURNAL_NAME = /^journal(?:\.([1-9]\d*))?\.jsonl$/

/** What somebody asked another recorder of, who does not have the recording. */
export interface Wishes {
  isStopWanted: boolean
  layout: RecordingLayout | null
}

/**
 * Folder of one recording: `state.json` (where it stands), `journal.jsonl` (what was seen), `tracks/<trackId>/NNNNN.mkv`
 * (what was captured), `manifest.json` (how it fits together), `work/` (of the composition), `recording.mp4`.
 *
 * Where recorders share it (decision 0035) all that is written has the term of its writer in its name, `state.2.json`, so that
 * one that was taken for dead cannot spoil what its heir writes; `claims/` says whose it is (job-lease.ts), `wish.*` what
 * others want of it. Without sharing the term is that of the last state found, 0 in a new folder.
 */
export class JobFolder {
  readonly path: string
  readonly term: number
  #writes: Promise<void> = Promise.resolve()
  #number = 0

  constructor(root: string, egressId: string, term = 0) {
    if (!isEgressId(egressId)) throw new TypeError(`not an egress id: ${egressId}`)
    this.path = join(root, egressId)
    this.term = term
  }

  /** The folder as the last one left it who wrote a state; null: there is none, or none that can be read. */
  static async find(
    root: string,
    egressId: string,
  ): Promise<{ folder: JobFolder; state: RecordingState } | null> {
    const names = await readdir(join(root, egressId)).catch(() => [])
    for (const term of termsIn(names, STATE_NAME).reverse()) {
      const folder = new JobFolder(root, egressId, term)
      const state = await folder.readState()
      if (state?.egressId === egressId) return { folder, state }
    }
    return null
  }

  get file(): string {
    return join(this.path, this.#named('recording', '.mp4'))
  }
  get work(): string {
    return join(this.path, this.#named('work', ''))
  }
  trackFolder(trackId: string): string {
    // Track ids come from the SFU; what is not a plain id would become a path.
    return join(this.path, 'tracks', trackId.replace(/[^A-Za-z0-9_-]/g, '_'))
  }

  async create(): Promise<void> {
    await mkdir(join(this.path, 'tracks'), { recursive: true })
  }

  /** Replaces the state in one step; calls are kept in order. */
  async writeState(state: RecordingState): Promise<void> {
    await this.#inOrder(() => this.#replace(this.#named('state', '.json'), JSON.stringify(state, null, 2)))
  }

  /** Null when there is none, or it is damaged. */
  async readState(): Promise<RecordingState | null> {
    try {
      return recordingState.parse(
        JSON.parse(await readFile(join(this.path, this.#named('state', '.json')), 'utf8')),
      )
    } catch {
      // The caller says which folder is no recording; why makes no difference.
      return null
    }
  }

  async appendJournal(entry: JournalEntry): Promise<void> {
    await this.#inOrder(() => appendFile(this.#journal, `${JSON.stringify(entry)}\n`))
  }

  /** A line torn by a kill must not swallow the next one. */
  async repairJournal(): Promise<void> {
    const path = this.#journal
    if (!existsSync(path)) return
    const text = await readFile(path, 'utf8')
    if (text !== '' && !text.endsWith('\n')) await this.#inOrder(() => appendFile(path, '\n'))
  }

  /**
   * Reads journal and captured files and writes `manifest.json`. A captured file that cannot be read costs its own ten
   * seconds of its own track; `onUnreadable` is told of it.
   */
  async writeManifest(
    state: RecordingState,
    onUnreadable: (path: string, error: unknown) => void,
  ): Promise<Manifest> {
    const terms: { term: number; entries: JournalEntry[] }[] = []
    // Behind the lines still being written: a recording stopped soon has all of them on their way.
    await this.#inOrder(async () => {
      for (const term of termsIn(await readdir(this.path), JOURNAL_NAME)) {
        const path = join(this.path, named('journal', term, '.jsonl'))
        terms.push({ term, entries: parseJournal(await readFile(path, 'utf8')) })
      }
    })
    const { journal, endOf } = joinTerms(terms)
    const manifest = buildManifest({
      egressId: state.egressId,
      roomName: state.roomName,
      startedAtMs: state.startedAtMs ?? state.requestedAtMs,
      endedAtMs: state.captureEndedAtMs ?? state.aliveAtMs ?? state.requestedAtMs,
      layout: state.layout,
      journal,
      segments: await this.#readSegments(onUnreadable, endOf),
    })
    await this.#inOrder(() => this.#replace('manifest.json', JSON.stringify(manifest, null, 1)))
    return manifest
  }

  /** Asks whoever has the recording to end it; it looks once a second. Idempotent. */
  async wishStop(): Promise<void> {
    await this.#inOrder(() => writeFile(join(this.path, 'wish.stop'), ''))
  }

  async wishLayout(layout: RecordingLayout): Promise<void> {
    await this.#inOrder(() => this.#replace('wish.layout', layout))
  }

  async readWishes(): Promise<Wishes> {
    const layout = await readFile(join(this.path, 'wish.layout'), 'utf8').catch(() => null)
    return {
      isStopWanted: existsSync(join(this.path, 'wish.stop')),
      layout: recordingLayout.safeParse(layout).data ?? null,
    }
  }

  /** Removes what recorders before us left of their compositions. */
  async removeLeftWork(): Promise<void> {
    for (const name of await readdir(this.path))
      if (/^work(\.\d+)?$/.test(name)) await rm(join(this.path, name), { recursive: true, force: true })
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.path)
    return bavail * bsize
  }

  async remove(): Promise<void> {
    await this.#inOrder(() => rm(this.path, { recursive: true, force: true }))
  }

  async #readSegments(
    onUnreadable: (path: string, error: unknown) => void,
    endOf: (term: number) => number,
  ): Promise<Map<string, SegmentFact[]>> {
    const segments = new Map<string, SegmentFact[]>()
    const root = join(this.path, 'tracks')
    const attempt = async <T>(path: string, read: (path: string) => Promise<T>): Promise<T | null> => {
      try {
        return await read(path)
      } catch (error) {
        onUnreadable(path, error)
        return null
      }
    }
    for (const trackId of existsSync(root) ? await readdir(root) : []) {
      const facts: SegmentFact[] = []
      const names = ((await attempt(join(root, trackId), path => readdir(path))) ?? [])
        .filter(name => name.endsWith('.mkv'))
        .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
      for (const name of names) {
        const fact = await attempt(join(root, trackId, name), path =>
          readSegmentFact(path, `tracks/${trackId}/${name}`),
        )
        if (fact) facts.push(...cutFact(fact, endOf(termOfSegment(name))))
      }
      segments.set(trackId, facts)
    }
    return segments
  }

  get #journal(): string {
    return join(this.path, this.#named('journal', '.jsonl'))
  }

  #named(base: string, ending: string): string {
    return named(base, this.term, ending)
  }

  async #replace(name: string, text: string): Promise<void> {
    const draft = join(this.path, `${name}.${process.pid}.${++this.#number}.tmp`)
    try {
      await writeFile(draft, text)
      await rename(draft, join(this.path, name))
    } catch (error) {
      // A full disk would otherwise get one more draft with each try.
      await rm(draft, { force: true }).catch(() => undefined)
      throw error
    }
  }

  #inOrder(task: () => Promise<void>): Promise<void> {
    const done = this.#writes.then(task)
    // The next write is tried although this one failed; the caller of this one learns of it.
    this.#writes = done.catch(() => undefined)
    return done
  }
}

/** Egress ids of all recordings below `root`, oldest first is not promised. */
export async function listJobFolders(root: string): Promise<string[]> {
  if (!existsSync(root)) return []
  return (await readdir(root)).filter(isEgressId)
}

const named = (base: string, term: number, ending: string): string =>
  term === 0 ? `${base}${ending}` : `${base}.${term}${ending}`

/** The terms of the files whose names match, lowest first. */
const termsIn = (names: readonly string[], pattern: RegExp): number[] =>
  names
    .flatMap(name => {
      const match = pattern.exec(name)
      return match ? [Number(match[1] ?? 0)] : []
    })
    .sort((a, b) => a - b)

/** What arrived before `endMs`; nothing of a file that began later. */
function cutFact(fact: SegmentFact, endMs: number): SegmentFact[] {
  const clusters = fact.clusters.filter(({ clockMs, lastMs }) => clockMs + lastMs < endMs)
  return clusters.length > 0 ? [{ ...fact, clusters }] : []
}
