/**
 * A bucket of `burst` tokens refilled at `perS` a second. Times are milliseconds of any clock; one that runs backwards refills
 * nothing.
 */
export class TokenBucket {
  readonly #perS: number
  readonly #burst: number
  #tokens: number
  #at: number

  constructor(perS: number, burst: number, nowMs: number) {
    this.#perS = perS
    this.#burst = burst
    this.#tokens = burst
    this.#at = nowMs
  }

  /** Takes `amount` tokens; false, and nothing is taken, when there are fewer. */
  take(nowMs: number, amount = 1): boolean {
    this.#refill(nowMs)
    if (this.#tokens < amount) return false
    this.#tokens -= amount
    return true
  }

  /** Full again: whoever it belongs to can be forgotten. */
  isFull(nowMs: number): boolean {
    this.#refill(nowMs)
    return this.#tokens >= this.#burst
  }

  #refill(nowMs: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + (Math.max(0, nowMs - this.#at) * this.#perS) / 1000)
    this.#at = nowMs
  }
}
