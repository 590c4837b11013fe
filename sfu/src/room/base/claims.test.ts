import { describe, expect, it } from 'vitest'
import { parseJoinQuery } from './claims.ts'

describe('the query of a join', () => {
  it('has the default for a number that others could not be told', () => {
    const read = (value: string) =>
      parseJoinQuery(new URLSearchParams({ client_protocol: value, protocol: value }))
    expect(read('2147483647')).toMatchObject({ clientProtocol: 2_147_483_647, protocol: 2_147_483_647 })
    for (const value of ['2147483648', '3000000000', '-1', '1e9999', 'NaN'])
      expect(read(value).clientProtocol, value).toBeLessThan(2)
  })

  it('has defaults for what is absent or no number', () => {
    const query = parseJoinQuery(
      new URLSearchParams('protocol=x&sdk=rust&reconnect=1&sid=PA_1&auto_subscribe=0'),
    )
    expect(query).toMatchObject({
      protocol: 16,
      sdk: 'rust',
      reconnect: true,
      participantSid: 'PA_1',
      autoSubscribe: false,
      adaptiveStream: false,
    })
    expect(parseJoinQuery(new URLSearchParams()).autoSubscribe).toBe(true)
  })
})
