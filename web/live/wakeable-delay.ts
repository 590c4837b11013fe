/** A pause before the next attempt that ends early when the browser says that the network is back. */
export class WakeableDelay {
  #wake: (() => void) | null = null
  #isClosed = false
  readonly #handleOnline = () => this.#wake?.()

  constructor() {
    if (typeof window !== 'undefined') window.addEventListener('online', this.#handleOnline)
  }

  /** Resolves after `delayMs`, when the network comes back, or at once after `close`. */
  wait(delayMs: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise(resolve => {
      const end = () => {
        clearTimeout(timer)
        this.#wake = null
        resolve()
      }
      const timer = setTimeout(end, delayMs)
      this.#wake = end
    })
  }

  close(): void {
    this.#isClosed = true
    if (typeof window !== 'undefined') window.removeEventListener('online', this.#handleOnline)
    this.#wake?.()
  }
}
