/**
 * The smallest thing React's `useSyncExternalStore` can read: one value, replaced and never changed in place.
 * The meeting's state lives outside React so that it survives a re-mounted component and can be tested without one.
 */
export class Store<T> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor(initial: T) {
    this.#value = initial
  }

  readonly get = (): T => this.#value

  set(next: T): void {
    if (Object.is(next, this.#value)) return
    this.#value = next
    for (const listener of [...this.#listeners]) listener()
  }

  update(change: (current: T) => T): void {
    this.set(change(this.#value))
  }

  /** Returns the function that ends the subscription. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
