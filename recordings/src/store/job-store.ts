import { existsSync } from 'node:fs'
import { appendFile, mkdir, readdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SegmentFact } from '@diemcau/core/recording/align-segments.ts'
import { type JournalEntry, parseJournal } from '@diemcau/core/recording/journal.ts'
import { buildManifest, type Manifest } from '@diemcau/core/recording/manifest.ts'
import { type RecordingState, recordingState } from '@diemcau/core/recording/status.ts'
import { readSegmentFact } from '../matroska/segment-reader.ts'

const EGRESS_ID = /^EG_[A-Za-z0-9]{4,40}$/

/** An id that may be part of a path. */
export const isEgressId = (value: string): boolean => EGRESS_ID.test(value)

/**
 * Folder of one recording: `state.json` (where it stands), `journal.jsonl` (what was seen), `tracks/<trackId>/NNNNN.mkv`
 * (what was captured), `manifest.json` (how it fits together), `work/` (of the composition), `recording.mp4`.
 */
export class JobFolder {
  readonly path: string
  #writes: Promise<void> = Promise.resolve()
  #number = 0

  constructor(root: string, egressId: string) {
    if (!isEgressId(egressId)) throw new TypeError(`not an egress id: ${egressId}`)
    this.path = join(root, egressId)
  }

  get file(): string {
    return join(this.path, 'recording.mp4')
  }
  get work(): string {
    return join(this.path, 'work')
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
    await this.#inOrder(() => this.#replace('state.json', JSON.stringify(state, null, 2)))
  }

  /** Null when there is none, or it is damaged. */
  async readState(): Promise<RecordingState | null> {
    try {
      return recordingState.parse(JSON.parse(await readFile(join(this.path, 'state.json'), 'utf8')))
    } catch {
      // The caller says which folder is no recording; why makes no difference.
      return null
    }
  }

  async appendJournal(entry: JournalEntry): Promise<void> {
    await this.#inOrder(() => appendFile(join(this.path, 'journal.jsonl'), `${JSON.stringify(entry)}\n`))
  }

  /** A line torn by a kill must not swallow the next one. */
  async repairJournal(): Promise<void> {
    const path = join(this.path, 'journal.jsonl')
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
    const path = join(this.path, 'journal.jsonl')
    let text = ''
    // Behind the lines still being written: a recording stopped soon has all of them on their way.
    await this.#inOrder(async () => {
      if (existsSync(path)) text = await readFile(path, 'utf8')
    })
    const journal = parseJournal(text)
    const manifest = buildManifest({
      egressId: state.egressId,
      roomName: state.roomName,
      startedAtMs: state.startedAtMs ?? state.requestedAtMs,
      endedAtMs: state.captureEndedAtMs ?? state.aliveAtMs ?? state.requestedAtMs,
      layout: state.layout,
      journal,
      segments: await this.#readSegments(onUnreadable),
    })
    await this.#inOrder(() => this.#replace('manifest.json', JSON.stringify(manifest, null, 1)))
    return manifest
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
        .sort()
      for (const name of names) {
        const fact = await attempt(join(root, trackId, name), path =>
          readSegmentFact(path, `tracks/${trackId}/${name}`),
        )
        if (fact) facts.push(fact)
      }
      segments.set(trackId, facts)
    }
    return segments
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
