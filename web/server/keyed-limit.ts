import { TokenBucket } from './floor/token-bucket.ts'

const SWEEP_MS = 60_000

/** A token bucket for each key (a network, a person). Full buckets are forgotten, so that memory stays bounded. */
export class KeyedLimit {
  readonly #burst: number
  readonly #perSecond: number
  readonly #now: () => number
  readonly #buckets = new Map<string, TokenBucket>()
  #sweptAt: number

  /** `now` in milliseconds, injectable for tests. */
  constructor(burst: number, perSecond: number, now: () => number = () => performance.now()) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#now = now
    this.#sweptAt = now()
  }

  /** False when this key has used up its share. */
  take(key: string): boolean {
    this.#sweep()
    let bucket = this.#buckets.get(key)
    if (!bucket) {
      bucket = new TokenBucket(this.#burst, this.#perSecond, this.#now)
      this.#buckets.set(key, bucket)
    }
    return bucket.take()
  }

  /** Keys remembered. */
  get size(): number {
    return this.#buckets.size
  }

  #sweep(): void {
    if (this.#now() - this.#sweptAt < SWEEP_MS) return
    this.#sweptAt = this.#now()
    for (const [key, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(key)
  }
}
