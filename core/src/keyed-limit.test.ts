import { describe, expect, it } from 'vitest'
import { KeyedLimit } from './keyed-limit.ts'

describe('limits by key', () => {
  it('are counted for each network, and come back with time', () => {
    let now = 0
    const limit = new KeyedLimit(60, 1, () => now)
    const answers = Array.from({ length: 61 }, () => limit.take('10.0.0.1'))
    expect(answers.filter(Boolean)).toHaveLength(60)
    expect(answers.at(-1)).toBe(false)
    expect(limit.take('10.0.0.2')).toBe(true)
    now = 2_000
    expect([limit.take('10.0.0.1'), limit.take('10.0.0.1'), limit.take('10.0.0.1')]).toEqual([
      true,
      true,
      false,
    ])
  })

  it('let a whole burst through and then one per share of the time', () => {
    let now = 0
    const limit = new KeyedLimit(60, 1, () => now)
    for (let n = 0; n < 60; n++) expect(limit.take('a')).toBe(true)
    expect(limit.take('a')).toBe(false)
    expect(limit.take('b')).toBe(true)
    now += 1_000
    expect(limit.take('a')).toBe(true)
    expect(limit.take('a')).toBe(false)
  })

  it('forget networks that have been quiet', () => {
    let now = 0
    const limit = new KeyedLimit(60, 1, () => now)
    for (let i = 0; i < 500; i++) limit.take(`10.0.${i >> 8}.${i & 255}`)
    expect(limit.size).toBe(500)
    now = 120_000
    limit.take('10.9.9.9')
    expect(limit.size).toBe(1)
  })
})
