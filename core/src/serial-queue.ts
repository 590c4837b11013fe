/** Runs tasks one after another, in the order they were given; a failing task does not stop the next. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve()
  #size = 0

  /** Tasks that run or wait. */
  get size(): number {
    return this.#size
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task)
    this.#size += 1
    const settled = () => {
      this.#size -= 1
    }
    // The caller has the rejection; the tail only orders.
    this.#tail = result.then(settled, settled)
    return result
  }
}
