/** An offer without an answer is made anew after this, ms; each further wait is twice as long, up to the longest. */
const ANSWER_TIMEOUT_MS = 5_000
const LONGEST_ANSWER_TIMEOUT_MS = 60_000

/**
 * Watches one outstanding offer. A client that could not take it says nothing, and without another offer it would get
 * nothing new for ever.
 */
export class AnswerWait {
  readonly #handleOverdue: () => void
  #timer: NodeJS.Timeout | undefined
  #repeats = 0

  /** `handleOverdue` makes the offer anew; `start` is called with that one. */
  constructor(handleOverdue: () => void) {
    this.#handleOverdue = handleOverdue
  }

  /** Whether the offer that waits now was made before and not answered. */
  get isRepeated(): boolean {
    return this.#repeats > 0
  }

  start(): void {
    clearTimeout(this.#timer)
    const waitMs = Math.min(ANSWER_TIMEOUT_MS * 2 ** this.#repeats, LONGEST_ANSWER_TIMEOUT_MS)
    this.#timer = setTimeout(() => {
      this.#repeats += 1
      this.#handleOverdue()
    }, waitMs)
  }

  handleAnswered(): void {
    this.#repeats = 0
    this.stop()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
