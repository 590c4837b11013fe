import { describe, expect, it } from 'vitest'
import { TokenBucket } from './token-bucket.ts'

describe('token bucket', () => {
  it('allows a burst, then the rate, and never more than the burst again', () => {
    let now = 0
    const bucket = new TokenBucket(3, 2, () => now)
    const take = (n: number) => Array.from({ length: n }, () => bucket.take())
    expect(take(4)).toEqual([true, true, true, false])
    now += 500
    expect(take(2)).toEqual([true, false])
    now += 60_000
    expect(take(4)).toEqual([true, true, true, false])
  })
})
