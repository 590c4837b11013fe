import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { eventually } from './eventually.ts'

const MODULE = path.join(import.meta.dirname, 'shifted-clock.ts')

/** The wall clock of a Node process that a test starts with `nodeOptions`, wrong by as much as the test likes. `close` removes its folder. */
export class ProcessClock {
  readonly #folder: string
  readonly #file: string

  private constructor(folder: string) {
    this.#folder = folder
    this.#file = path.join(folder, 'offset')
  }

  /** `offsetMs`: by how much it is ahead from the start of the process on; negative: behind. */
  static async create(offsetMs: number): Promise<ProcessClock> {
    const clock = new ProcessClock(await mkdtemp(path.join(tmpdir(), 'diemcau-clock-')))
    await writeFile(clock.#file, String(offsetMs))
    return clock
  }

  /** For NODE_OPTIONS of the process. */
  get nodeOptions(): string {
    return `--import=${pathToFileURL(MODULE)}?offset=${encodeURIComponent(this.#file)}`
  }

  /** The clock of the running process leaps; resolves when it has. */
  async leap(pid: number, offsetMs: number): Promise<void> {
    await writeFile(this.#file, String(offsetMs))
    process.kill(pid, 'SIGUSR2')
    await eventually(async () =>
      (await readFile(`${this.#file}.taken`, 'utf8')) === String(offsetMs) ? null : 'it has not leapt',
    )
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}
