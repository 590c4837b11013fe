/**
 * Events a minute by key (an address), as a token bucket: a burst of a whole minute's worth is fine, since a hall may
 * arrive at once. Memory is bounded: full buckets are forgotten on a sweep.
 */
export class RateLimit {
  readonly #perMinute: number
  readonly #now: () => number
  readonly #buckets = new Map<string, { tokens: number; at: number }>()
  #sweptAt = 0

  /** `now` in milliseconds, injectable for tests. */
  constructor(perMinute: number, now: () => number = Date.now) {
    this.#perMinute = perMinute
    this.#now = now
    this.#sweptAt = now()
  }

  /** Takes one; false when the key has used up its minute. */
  tryTake(key: string): boolean {
    const now = this.#now()
    this.#maySweep(now)
    const bucket = this.#buckets.get(key) ?? { tokens: this.#perMinute, at: now }
    bucket.tokens = this.#refilled(bucket, now)
    bucket.at = now
    this.#buckets.set(key, bucket)
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }

  /** Keys remembered, for tests. */
  get size(): number {
    return this.#buckets.size
  }

  #refilled(bucket: { tokens: number; at: number }, now: number): number {
    return Math.min(this.#perMinute, bucket.tokens + ((now - bucket.at) / 60_000) * this.#perMinute)
  }

  #maySweep(now: number): void {
    if (now - this.#sweptAt < 60_000) return
    this.#sweptAt = now
    for (const [key, bucket] of this.#buckets)
      if (this.#refilled(bucket, now) >= this.#perMinute) this.#buckets.delete(key)
  }
}
