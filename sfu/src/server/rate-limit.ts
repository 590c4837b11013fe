import { isIPv6 } from 'node:net'

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

/** How many of something are open by key (an address). A key with none is forgotten. */
export class OpenCount {
  readonly #most: number
  readonly #open = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** Counts one more and returns what gives it back (once, further calls do nothing); undefined when the key has its most. */
  tryOpen(key: string): (() => void) | undefined {
    const count = this.#open.get(key) ?? 0
    if (count >= this.#most) return undefined
    this.#open.set(key, count + 1)
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      const left = (this.#open.get(key) ?? 1) - 1
      if (left === 0) this.#open.delete(key)
      else this.#open.set(key, left)
    }
  }

  /** Of all keys together. */
  get total(): number {
    let sum = 0
    for (const count of this.#open.values()) sum += count
    return sum
  }
}

/**
 * What limits by address count by: an IPv4 address, or the /64 of an IPv6 address, as one customer has at least that many
 * addresses (RFC 6177) and would otherwise have no limit at all.
 */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const groups = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - groups.length - last.length
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...last]
  return `${all
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
