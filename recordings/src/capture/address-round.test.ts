import { describe, expect, it } from 'vitest'
import { AddressRound } from './address-round.ts'

const away = { kind: 'unreachable', reason: 'ECONNREFUSED' } as const
const refused = (status: number) => ({ kind: 'refused', status }) as const

describe('the address a recorder connects to', () => {
  it('is the next one at once, and after all of them were in vain the first again, later each time', () => {
    const round = new AddressRound(['http://a', 'http://b', 'http://c'])
    const tries = Array.from({ length: 7 }, () => [round.next.sfuUrl, round.failed(away).waitMs])
    expect(tries).toEqual([
      ['http://a', 0],
      ['http://b', 0],
      ['http://c', 500],
      ['http://a', 0],
      ['http://b', 0],
      ['http://c', 1000],
      ['http://a', 0],
    ])
  })

  it('is the one after that which was lost, and the lost one last', () => {
    const round = new AddressRound(['http://a', 'http://b', 'http://c'])
    round.failed(away)
    round.attached()
    expect(round.lost()).toBe(0)
    const tries = Array.from({ length: 3 }, () => [round.next.sfuUrl, round.failed(away).waitMs])
    expect(tries).toEqual([
      ['http://c', 0],
      ['http://a', 0],
      ['http://b', 500],
    ])
  })

  it('is always the same where there is one, which is given as much time as ever', () => {
    const round = new AddressRound(['http://a'])
    expect(round.next).toEqual({ sfuUrl: 'http://a', handshakeMs: 10_000, pingMs: 5000 })
    round.attached()
    expect(round.lost()).toBe(250)
    expect(Array.from({ length: 5 }, () => round.failed(away).waitMs)).toEqual([500, 1000, 2000, 4000, 4000])
    expect(round.next).toEqual({ sfuUrl: 'http://a', handshakeMs: 10_000, pingMs: 5000 })
  })

  it('is given less time where there are others, and more when none of them was in time', () => {
    const round = new AddressRound(['http://a', 'http://b'])
    const waits = Array.from({ length: 9 }, () => {
      const { handshakeMs } = round.next
      round.failed(away)
      return handshakeMs
    })
    expect(waits).toEqual([3000, 3000, 6000, 6000, 9000, 9000, 10_000, 10_000, 10_000])
  })

  it('is given up when each of them refuses the token, not when one does', () => {
    const one = new AddressRound(['http://a'])
    expect(one.failed(refused(403)).denied).toBe(true)
    const two = new AddressRound(['http://a', 'http://b'])
    const ends = [refused(401), away, refused(401), refused(404), refused(401), refused(403)]
    expect(ends.map(end => two.failed(end).denied)).toEqual([false, false, false, false, false, true])
  })
})
