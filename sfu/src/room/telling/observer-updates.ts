/**
 * Participant updates: what concerns publishers goes out at once; of observers (who publish nothing) only the newest
 * state of each is kept and sent with the next batch, which makes a storm of joins linear instead of quadratic.
 */
export interface InfoUpdate {
  identity: string
  encoded: Uint8Array
  /** False: other observers are not told. */
  isForAll: boolean
}

export class ObserverUpdates {
  readonly #intervalMs: number
  readonly #flush: (updates: InfoUpdate[]) => void
  readonly #waiting = new Map<string, InfoUpdate>()
  #timer: NodeJS.Timeout | undefined

  constructor(intervalMs: number, flush: (updates: InfoUpdate[]) => void) {
    this.#intervalMs = intervalMs
    this.#flush = flush
  }

  queue(update: InfoUpdate): void {
    this.#waiting.set(update.identity, update)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const updates = [...this.#waiting.values()]
      this.#waiting.clear()
      if (updates.length > 0) this.#flush(updates)
    }, this.#intervalMs)
  }

  /** A newer state of this identity goes out at once, so the waiting one is void. */
  drop(identity: string): void {
    this.#waiting.delete(identity)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting.clear()
  }
}
