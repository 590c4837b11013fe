/**
 * The record's time on this node: an offset to the monotonic clock, measured with each answer that holds the time. No wall clock of
 * ours goes into it. All values are milliseconds.
 */
export class RecordClock {
  readonly #now: () => number
  #sample: { recordMs: number; askedAt: number; answeredAt: number } | undefined

  /** @param now the monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** The record said it was `recordMs` somewhere between the asking (a moment of the monotonic clock) and now. */
  measure(recordMs: number, askedAt: number): void {
    this.#sample = { recordMs, askedAt, answeredAt: this.#now() }
  }

  /** The best guess of the record's time. Undefined before the first answer. */
  now(): number | undefined {
    if (!this.#sample) return undefined
    const { recordMs, askedAt, answeredAt } = this.#sample
    return recordMs + this.#now() - (askedAt + answeredAt) / 2
  }

  /**
   * The deadline for a script whose caller gives up in `timeoutMs`: never after that moment, however long the way of the
   * measured answer was, so that the record refuses what nobody waits for any more.
   */
  deadline(timeoutMs: number): number {
    if (!this.#sample) throw new Error('the time of the record is not known yet')
    const { recordMs, answeredAt } = this.#sample
    return Math.floor(recordMs + this.#now() + timeoutMs - answeredAt)
  }
}
