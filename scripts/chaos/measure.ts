/** Arithmetic of the chaos tool: gaps in what should come without a break, and percentiles over them. Pure. */

/** The longest time without a sign, from `start` on. Times in ms on one clock. */
export class GapMeter {
  #last = 0
  #longest = 0

  start(now: number): void {
    this.#last = now
    this.#longest = 0
  }

  note(now: number): void {
    this.#longest = Math.max(this.#longest, now - this.#last)
    this.#last = now
  }

  /** The one that still lasts included. */
  longest(now: number): number {
    return Math.max(this.#longest, now - this.#last)
  }

  /** Since the last sign. */
  silence(now: number): number {
    return now - this.#last
  }
}

/**
 * Order of reliable data of one sender at one receiver. Each packet has a number, and the highest one before it that the sender's SDK had taken.
 * Between two connections (`sid` is the sender's) nothing taken may be missing, come twice or change places; a connection of either end that was
 * made anew may miss what was sent between.
 */
export class OrderCheck {
  readonly #last = new Map<string, number>()
  missing = 0
  /** Or out of order. */
  repeated = 0

  /** @param isNew the receiver's connection was made anew since its last packet */
  note(sid: string, number: number, taken: number, isNew: boolean): void {
    const last = this.#last.get(sid)
    if (last !== undefined && number <= last) {
      this.repeated += 1
      return
    }
    if (last !== undefined && !isNew && taken > last) this.missing += 1
    this.#last.set(sid, number)
  }
}

/** The smallest value that so many of a hundred do not exceed; undefined of none. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const ordered = values.toSorted((a, b) => a - b)
  return ordered[Math.max(0, Math.ceil((share / 100) * ordered.length) - 1)]
}
