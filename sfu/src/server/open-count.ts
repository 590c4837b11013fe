/** How many of something are open by key (an address). A key with none is forgotten. */
export class OpenCount {
  readonly #most: number
  readonly #open = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** Counts one more and returns what gives it back (once, further calls do nothing); undefined when the key has its most. */
  tryOpen(key: string): (() => void) | undefined {
    const count = this.#open.get(key) ?? 0
    if (count >= this.#most) return undefined
    this.#open.set(key, count + 1)
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      const left = (this.#open.get(key) ?? 1) - 1
      if (left === 0) this.#open.delete(key)
      else this.#open.set(key, left)
    }
  }
}
