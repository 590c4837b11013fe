import { describe, expect, it } from 'vitest'
import { networkOf, OpenCount, RateLimit } from './rate-limit.ts'

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

describe('open count', () => {
  it('refuses the one too many of a key until another is given back, once', () => {
    const open = new OpenCount(2)
    const first = open.tryOpen('a')
    expect(open.tryOpen('a')).toBeDefined()
    expect(open.tryOpen('a')).toBeUndefined()
    expect(open.tryOpen('b')).toBeDefined()
    first?.()
    first?.()
    expect(open.total).toBe(2)
    expect(open.tryOpen('a')).toBeDefined()
    expect(open.tryOpen('a')).toBeUndefined()
  })
})

it('takes an IPv6 customer for one, however many addresses it uses', () => {
  expect(networkOf('2001:db8:1:2::1')).toBe('2001:db8:1:2::/64')
  expect(networkOf('2001:0db8:0001:0002:ffff:ffff:ffff:ffff')).toBe('2001:db8:1:2::/64')
  expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64')
  expect(networkOf('::1')).toBe('0:0:0:0::/64')
  expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
  expect(networkOf('203.0.113.5')).toBe('203.0.113.5')
  expect(networkOf('::ffff:203.0.113.5')).toBe('::ffff:203.0.113.5')
  expect(networkOf('unknown')).toBe('unknown')
})
