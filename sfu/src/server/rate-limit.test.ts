import { describe, expect, it } from 'vitest'
import { RateLimit } from './rate-limit.ts'

describe('rate limit', () => {
  it('lets a burst of a minute through, then one per share of the minute', () => {
    let now = 0
    const limit = new RateLimit(60, () => now)
    for (let n = 0; n < 60; n++) expect(limit.tryTake('a')).toBe(true)
    expect(limit.tryTake('a')).toBe(false)
    expect(limit.tryTake('b')).toBe(true)
    now += 1_000
    expect(limit.tryTake('a')).toBe(true)
    expect(limit.tryTake('a')).toBe(false)
  })

  it('forgets addresses that have been quiet', () => {
    let now = 0
    const limit = new RateLimit(10, () => now)
    for (let n = 0; n < 100; n++) limit.tryTake(`10.0.0.${n}`)
    now += 120_000
    limit.tryTake('new')
    expect(limit.size).toBe(1)
  })
})
