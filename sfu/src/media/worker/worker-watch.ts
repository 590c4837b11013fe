/** How often a worker is asked for a sign of life, ms. */
const ASK_INTERVAL_MS = 2_000
/** A worker that leaves so many rounds unanswered is hung: 10 s, in which its rooms have been silent. */
const MAX_SILENT_ROUNDS = 5

/**
 * Asks a worker over and over whether it still answers. Rounds are counted and not the clock: when this process was the one
 * that stood still (a paused machine, a long collection), only one round has passed and the answer is read before the next.
 */
export class WorkerWatch {
  readonly #ask: () => Promise<unknown>
  readonly #onHung: (silentMs: number) => void
  readonly #timer: NodeJS.Timeout
  #isWaiting = false
  #silentRounds = 0

  /** `onHung` is called once. Stopped by the worker's owner. */
  constructor(ask: () => Promise<unknown>, onHung: (silentMs: number) => void) {
    this.#ask = ask
    this.#onHung = onHung
    this.#timer = setInterval(() => this.#round(), ASK_INTERVAL_MS)
    // A watch alone must not keep the process alive.
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #round(): void {
    if (this.#isWaiting) {
      this.#silentRounds += 1
      if (this.#silentRounds < MAX_SILENT_ROUNDS) return
      this.stop()
      this.#onHung(this.#silentRounds * ASK_INTERVAL_MS)
      return
    }
    this.#isWaiting = true
    this.#ask().then(
      () => {
        this.#isWaiting = false
        this.#silentRounds = 0
      },
      // It closed or died; whoever owns it knows.
      () => this.stop(),
    )
  }
}
