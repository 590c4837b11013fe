import { describe, expect, it } from 'vitest'
import { TokenBucket } from './token-bucket.ts'

describe('token bucket', () => {
  it('allows a burst, then the rate, and never more than the burst again', () => {
    let now = 0
    const bucket = new TokenBucket(2, 3, now)
    const take = (n: number) => Array.from({ length: n }, () => bucket.take(now))
    expect(take(4)).toEqual([true, true, true, false])
    now += 500
    expect(take(2)).toEqual([true, false])
    now += 60_000
    expect(take(4)).toEqual([true, true, true, false])
  })

  it('takes several at once or none, and refills nothing when the clock runs backwards', () => {
    const bucket = new TokenBucket(10, 100, 0)
    expect(bucket.take(0, 101)).toBe(false)
    expect(bucket.take(0, 100)).toBe(true)
    expect(bucket.take(-60_000)).toBe(false)
    expect(bucket.isFull(-60_000)).toBe(false)
    expect(bucket.isFull(0)).toBe(true)
  })
})
