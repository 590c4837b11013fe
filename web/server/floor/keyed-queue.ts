/** Runs tasks of one key one after the other, in the order they were added; different keys run side by side. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>()
  #pending = 0

  /** Settles as the task does; a task that fails does not stop those behind it. */
  run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const result = before.then(task, task)
    this.#pending += 1
    const tail: Promise<void> = result.then(
      () => this.#forget(key, tail),
      () => this.#forget(key, tail),
    )
    this.#tails.set(key, tail)
    return result
  }

  #forget(key: string, tail: Promise<unknown>): void {
    this.#pending -= 1
    if (this.#tails.get(key) === tail) this.#tails.delete(key)
  }

  /** Tasks that run or wait, of all keys. */
  get pending(): number {
    return this.#pending
  }

  /** Keys with work under way; 0 means nothing is held. */
  get size(): number {
    return this.#tails.size
  }
}
