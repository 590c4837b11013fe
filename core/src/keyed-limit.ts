import { TokenBucket } from './token-bucket.ts'

const SWEEP_MS = 60_000

/** A token bucket for each key (a network, a person): `burst` at once, `perS` a second in the long run. Full buckets are forgotten, so that memory stays bounded. */
export class KeyedLimit {
  readonly #burst: number
  readonly #perS: number
  readonly #now: () => number
  readonly #buckets = new Map<string, TokenBucket>()
  #sweptAt: number

  /** `now` in milliseconds, injectable for tests. */
  constructor(burst: number, perS: number, now: () => number = () => performance.now()) {
    this.#burst = burst
    this.#perS = perS
    this.#now = now
    this.#sweptAt = now()
  }

  /** False when this key has used up its share. */
  take(key: string): boolean {
    const now = this.#now()
    this.#sweep(now)
    let bucket = this.#buckets.get(key)
    if (!bucket) {
      bucket = new TokenBucket(this.#perS, this.#burst, now)
      this.#buckets.set(key, bucket)
    }
    return bucket.take(now)
  }

  /** Keys remembered. */
  get size(): number {
    return this.#buckets.size
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_MS) return
    this.#sweptAt = now
    for (const [key, bucket] of this.#buckets) if (bucket.isFull(now)) this.#buckets.delete(key)
  }
}
