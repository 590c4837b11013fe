/** Runs tasks one after another, in the order they were given; a failing task does not stop the next. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve()

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task)
    this.#tail = result.catch(() => {
      // The caller has the rejection; the tail only orders.
    })
    return result
  }
}
