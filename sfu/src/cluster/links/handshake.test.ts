import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { deriveLinkKeys, type Hello, type LinkKeys, openHello, sealHello } from './handshake.ts'
import type { Incarnation } from './node-links.ts'

const a = 'ND_a' as Incarnation
const b = 'ND_b' as Incarnation
const channel = randomBytes(32)
const hello: Hello = { from: a, to: b, had: { generation: 2 ** 48 - 1, facts: 1, data: 2 }, refused: null }
let keys: LinkKeys
beforeAll(async () => {
  keys = await deriveLinkKeys('the secret of this cluster, 32 and more')
})
const whyNot = (
  bytes: Buffer,
  role: 'dialler' | 'acceptor' = 'dialler',
  over = channel,
  by = keys,
): string => {
  try {
    openHello(by, over, role, bytes)
  } catch (error) {
    return String((error as { why?: unknown }).why)
  }
  return 'it was let in'
}

describe('hellos', () => {
  test('say who speaks to whom and what it has had', () => {
    expect(openHello(keys, channel, 'dialler', sealHello(keys, channel, 'dialler', hello))).toEqual(hello)
  })

  test('hold in no other channel, so that nobody can stand in the middle', () => {
    const sealed = sealHello(keys, channel, 'dialler', hello)
    expect(whyNot(sealed, 'dialler', randomBytes(32))).toBe('stranger')
  })

  test('hold in no other direction, so that nothing can be sent back', () => {
    expect(whyNot(sealHello(keys, channel, 'dialler', hello), 'acceptor')).toBe('stranger')
    expect(whyNot(sealHello(keys, channel, 'acceptor', hello), 'dialler')).toBe('stranger')
  })

  test('hold with no other secret', async () => {
    const other = await deriveLinkKeys('the secret of this cluster, 32 and mora')
    expect(whyNot(sealHello(other, channel, 'dialler', hello))).toBe('stranger')
    expect(other.psk.equals(keys.psk)).toBe(false)
    expect(keys.psk.equals(keys.proof)).toBe(false)
  })

  test('hold with no bit changed or missing', () => {
    const sealed = sealHello(keys, channel, 'dialler', hello)
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      expect(whyNot(changed)).toBe('stranger')
      expect(whyNot(sealed.subarray(0, at))).toBe('stranger')
    }
  })

  test('of another version or shape are told apart from a stranger, as they are from the cluster', () => {
    const seal = (over: object) =>
      sealHello(keys, channel, 'dialler', { ...hello, ...over } as unknown as Hello)
    expect(whyNot(seal({ version: 2 }))).toBe('version')
    expect(whyNot(seal({ had: { generation: -1, facts: 0, data: 0 } }))).toBe('malformed')
    expect(whyNot(seal({ from: 'x'.repeat(65) }))).toBe('malformed')
  })
})
