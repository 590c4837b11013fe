import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How often the event loop is looked at, ms. */
const RESOLUTION_MS = 10
/** Over how long delays are gathered, ms. */
const WINDOW_MS = 10_000

/** How late the event loop runs what is due. Whoever makes it closes it. */
export class EventLoopWatch {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  readonly #timer: NodeJS.Timeout
  #lastMs = 0

  constructor(windowMs = WINDOW_MS) {
    this.#histogram.enable()
    this.#timer = setInterval(() => {
      this.#lastMs = this.#gathered()
      this.#histogram.reset()
    }, windowMs)
    this.#timer.unref()
  }

  /** The 99th percentile of this window and the one before, whichever is worse, ms: however often it is asked, nobody takes it from another. */
  get p99Ms(): number {
    return Math.max(this.#lastMs, this.#gathered())
  }

  close(): void {
    clearInterval(this.#timer)
    this.#histogram.disable()
  }

  /** What is measured is the time between two looks. */
  #gathered(): number {
    const { count } = this.#histogram
    return count === 0 ? 0 : Math.max(0, this.#histogram.percentile(99) / 1e6 - RESOLUTION_MS)
  }
}
