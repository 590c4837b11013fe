import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const CLAIM_NAME = /^[1-9]\d{0,8}$/

/** Who has a recording, as its folder tells. */
export interface Claim {
  /** Counts the recorders that had it; the highest one has it. */
  term: number
  /** Another text than before: its recorder lives. */
  beat: string
  /** Its recorder let it go. */
  isReleased: boolean
}

/** The claim that holds; null: nobody has claimed it yet. @throws Node's error when the folder cannot be read. */
export async function readClaim(jobPath: string): Promise<Claim | null> {
  const term = await highestTerm(jobPath)
  if (term === 0) return null
  const beat = await readFile(join(jobPath, 'claims', String(term)), 'utf8')
  return { term, beat, isReleased: beat.startsWith('released') }
}

async function highestTerm(jobPath: string): Promise<number> {
  try {
    const names = await readdir(join(jobPath, 'claims'))
    return Math.max(0, ...names.filter(name => CLAIM_NAME.test(name)).map(Number))
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
}

/**
 * A recorder's right to one recording in a folder that several recorders share (decision 0035): a file `claims/<term>`
 * that only one of them can have made, and in which it shows that it lives. Whoever makes the next one has it from then on.
 */
export class JobLease {
  readonly term: number
  readonly #path: string
  readonly #jobPath: string
  readonly #owner: string
  #beats = 0

  private constructor(jobPath: string, term: number, owner: string) {
    this.term = term
    this.#jobPath = jobPath
    this.#path = join(jobPath, 'claims', String(term))
    this.#owner = owner
  }

  /** Null: another recorder was first, or the recording is gone. `owner` is for who reads the folder. @throws Node's error. */
  static async claim(jobPath: string, term: number, owner: string): Promise<JobLease | null> {
    const lease = new JobLease(jobPath, term, owner)
    try {
      // Not with parents: one that was just deleted must not come back as an empty folder.
      await mkdir(join(jobPath, 'claims')).catch(error => {
        if (codeOf(error) !== 'EEXIST') throw error
      })
      await writeFile(lease.#path, lease.#text('held'), { flag: 'wx' })
      return lease
    } catch (error) {
      if (codeOf(error) === 'EEXIST' || isMissing(error)) return null
      throw error
    }
  }

  /** Shows that we live. False: another one has it by now, or the recording is gone. @throws Node's error: nobody knows. */
  async renew(): Promise<boolean> {
    try {
      if ((await highestTerm(this.#jobPath)) !== this.term) return false
      await this.#write('held')
      return true
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }

  /** Others may take it at once. @throws Node's error. */
  async release(): Promise<void> {
    await this.#write('released').catch(error => {
      if (!isMissing(error)) throw error
    })
  }

  /** In place and of one length: there is room for it on a full disk, and who reads meanwhile sees another text at worst. */
  async #write(word: 'held' | 'released'): Promise<void> {
    const file = await open(this.#path, 'r+')
    try {
      await file.write(this.#text(word), 0)
    } finally {
      await file.close()
    }
  }

  #text(word: 'held' | 'released'): string {
    this.#beats += 1
    return `${word.padEnd(8)} ${String(this.#beats).padStart(12, '0')} ${this.#owner}\n`
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : null)
const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT'
