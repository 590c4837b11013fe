import { describe, expect, it } from 'vitest'
import { PassingOn } from './passing-on.ts'

const SECRET = 'a-secret-that-all-nodes-of-the-cluster-have'
const LINE = '/rtc?access_token=abc&sdk=js'

const nodes = (secret = SECRET) => {
  let now = 1_000_000
  const at = (ms: number) => {
    now = ms
  }
  return { passing: new PassingOn(secret, () => now), at }
}

describe('a client that a node hands on to another', () => {
  it('is told by its address, which only a node of the cluster can sign, for this very request', () => {
    const { passing } = nodes()
    const headers = passing.headers('203.0.113.7', LINE)
    expect(passing.clientOf(headers, LINE)).toBe('203.0.113.7')
    expect(new PassingOn(SECRET, () => 1_000_500).clientOf(headers, LINE)).toBe('203.0.113.7')
    expect(passing.clientOf(headers, `${LINE}&reconnect=1`)).toBeUndefined()
    expect(passing.clientOf({ ...headers, 'x-diemcau-client': '10.0.0.1' }, LINE)).toBeUndefined()
    expect(
      nodes('another-secret-of-another-cluster-altogether').passing.clientOf(headers, LINE),
    ).toBeUndefined()
  })

  it('is nobody without such headers, with half of them, or with garbage in them', () => {
    const { passing } = nodes()
    const headers = passing.headers('203.0.113.7', LINE)
    expect(passing.clientOf({}, LINE)).toBeUndefined()
    expect(passing.clientOf({ 'x-diemcau-client': '203.0.113.7' }, LINE)).toBeUndefined()
    for (const proof of ['', 'ff', 'zz', 'f'.repeat(64)])
      expect(passing.clientOf({ ...headers, 'x-diemcau-passed-by': proof }, LINE)).toBeUndefined()
  })

  it('is not handed on by a word that was heard before', () => {
    const { passing, at } = nodes()
    const headers = passing.headers('203.0.113.7', LINE)
    at(1_029_000)
    expect(passing.clientOf(headers, LINE)).toBe('203.0.113.7')
    at(1_031_000)
    expect(passing.clientOf(headers, LINE)).toBeUndefined()
    expect(passing.clientOf({ ...headers, 'x-diemcau-passed-at': '1030000' }, LINE)).toBeUndefined()
  })
})
