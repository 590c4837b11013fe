import { describe, expect, it } from 'vitest'
import { clientAddress, networkOf } from './client-address.ts'

const request = (headers: Record<string, string>, remoteAddress = '::ffff:10.0.0.7') => ({
  headers,
  socket: { remoteAddress },
})

describe('client address', () => {
  it('believes nobody but the socket without a trusted proxy', () => {
    const headers = { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', 'x-real-ip': '9.9.9.9' }
    expect(clientAddress(request(headers), false)).toEqual({ ip: '10.0.0.7', secure: false })
  })
  it('takes what the proxy itself wrote, not what the client put before it', () => {
    const headers = { 'x-forwarded-for': '6.6.6.6, 1.2.3.4', 'x-forwarded-proto': 'https' }
    expect(clientAddress(request(headers), true)).toEqual({ ip: '1.2.3.4', secure: true })
    expect(clientAddress(request({}), true)).toEqual({ ip: '10.0.0.7', secure: false })
  })
})

describe('the network tries are counted by', () => {
  it('is the address itself for IPv4, however it is written', () => {
    expect(networkOf('10.0.0.7')).toBe('10.0.0.7')
    expect(networkOf('::ffff:10.0.0.7')).toBe('10.0.0.7')
    expect(networkOf('')).toBe('')
  })
  it('is the /64 for IPv6', () => {
    for (const ip of ['2001:db8:1:2::1', '2001:0db8:1:2:aaaa:bbbb:cccc:dddd', '2001:DB8:1:2:0:0:0:9%eth0'])
      expect(networkOf(ip)).toBe('2001:db8:1:2::/64')
    expect(networkOf('2001:db8:1:3::1')).not.toBe(networkOf('2001:db8:1:2::1'))
    expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64')
    expect(networkOf('::1')).toBe('0:0:0:0::/64')
  })
})
