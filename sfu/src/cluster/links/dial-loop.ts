export interface DialLoopOptions {
  /** Makes a connection, or throws. */
  dial(): Promise<void>
  /** Whether there is none. */
  isNeeded(): boolean
  onFailed(error: unknown, failures: number): void
}

/** Wait after the first failure, doubled with each further one up to the longest, ms. */
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 2_000

/**
 * Dials one peer until there is a connection: at once, then less and less often. A connection that does not last counts as a failure.
 */
export class DialLoop {
  readonly #options: DialLoopOptions
  #isBusy = false
  #isStopped = false
  #failures = 0
  #connectedMs: number | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(options: DialLoopOptions) {
    this.#options = options
  }

  /** To be called when there may be no connection; does nothing while one is being made. */
  wake(): void {
    if (this.#isBusy || this.#isStopped || !this.#options.isNeeded()) return
    this.#isBusy = true
    if (this.#connectedMs !== null) {
      this.#failures = performance.now() - this.#connectedMs < LONGEST_WAIT_MS ? this.#failures + 1 : 0
      this.#connectedMs = null
    }
    // Two nodes that failed together do not come again together.
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.#failures - 1))
    const waitMs = this.#failures === 0 ? 0 : longest * (0.5 + Math.random() / 2)
    this.#timer = setTimeout(() => void this.#dial(), waitMs)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  async #dial(): Promise<void> {
    try {
      await this.#options.dial()
      this.#connectedMs = performance.now()
    } catch (error) {
      this.#failures += 1
      if (!this.#isStopped) this.#options.onFailed(error, this.#failures)
    }
    this.#isBusy = false
    this.wake()
  }
}
