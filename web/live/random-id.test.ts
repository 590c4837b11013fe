import { describe, expect, it } from 'vitest'
import { randomId } from './random-id.ts'

describe('ids', () => {
  it('are version 4 UUIDs even without crypto.randomUUID', () => {
    const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    expect(randomId()).toMatch(shape)
    const original = crypto.randomUUID
    Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true })
    try {
      expect(randomId()).toMatch(shape)
      expect(randomId()).not.toBe(randomId())
    } finally {
      Object.defineProperty(crypto, 'randomUUID', { value: original, configurable: true })
    }
  })
})
