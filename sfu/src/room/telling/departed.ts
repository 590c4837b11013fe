import type { InfoUpdate } from './observer-updates.ts'

/** The most that are remembered. When more leave at once the meeting is over, and a client that resumes gets a room without them anyway. */
const MAX_DEPARTED = 1_000

/** The last infos of those who left, for as long as somebody may come back who has not heard of it. */
export class Departed {
  readonly #keepMs: number
  readonly #now: () => number
  /** In the order of leaving. */
  readonly #infos = new Map<string, { info: InfoUpdate; atMs: number }>()

  constructor(keepMs: number, now: () => number = () => performance.now()) {
    this.#keepMs = keepMs
    this.#now = now
  }

  add(info: InfoUpdate): void {
    this.#infos.delete(info.identity)
    this.#infos.set(info.identity, { info, atMs: this.#now() })
    this.#forget()
  }

  list(): InfoUpdate[] {
    this.#forget()
    return [...this.#infos.values()].map(({ info }) => info)
  }

  #forget(): void {
    for (const [identity, { atMs }] of this.#infos) {
      if (this.#now() - atMs <= this.#keepMs && this.#infos.size <= MAX_DEPARTED) return
      this.#infos.delete(identity)
    }
  }
}
