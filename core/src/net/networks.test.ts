import { describe, expect, it } from 'vitest'
import { networkOf } from './network-of.ts'
import { IpNetwork, parseTrustedProxies } from './networks.ts'

describe('the network limits count by', () => {
  it('is the address itself for IPv4, however it is written', () => {
    for (const text of [
      '10.0.0.7',
      '::ffff:10.0.0.7',
      '::FFFF:10.0.0.7',
      '::ffff:a00:7',
      '0:0:0:0:0:ffff:0a00:0007',
    ])
      expect(networkOf(text)).toBe('10.0.0.7')
  })

  it('is the /64 for IPv6: one customer, however many addresses it uses', () => {
    for (const ip of ['2001:db8:1:2::1', '2001:0db8:1:2:aaaa:bbbb:cccc:dddd', '2001:DB8:1:2:0:0:0:9%eth0'])
      expect(networkOf(ip)).toBe('2001:db8:1:2::/64')
    expect(networkOf('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64')
    expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64')
    expect(networkOf('::1')).toBe('0:0:0:0::/64')
    expect(networkOf('64:ff9b::203.0.113.5')).toBe('64:ff9b:0:0::/64')
    expect(networkOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
  })

  it('leaves what is no address as it is', () => {
    expect(networkOf('')).toBe('')
    expect(networkOf('unknown')).toBe('unknown')
  })
})

describe('a list of trusted proxies', () => {
  it('is nobody, everybody, or addresses and networks', () => {
    expect(parseTrustedProxies('0').proxies).toEqual([])
    expect(parseTrustedProxies(' ').proxies).toEqual([])
    expect(parseTrustedProxies('true').proxies).toBe('any')
    const { proxies, wrong } = parseTrustedProxies('127.0.0.1, ::1,10.0.0.0/8,, nginx, 10.0.0.0/33')
    expect(proxies).toHaveLength(3)
    expect(wrong).toEqual(['nginx', '10.0.0.0/33'])
  })

  it('holds IPv4 and IPv6 apart, and knows mapped addresses', () => {
    expect(IpNetwork.parse('::/0')?.has('10.0.0.1')).toBe(false)
    expect(IpNetwork.parse('10.0.0.0/8')?.has('::ffff:10.1.2.3')).toBe(true)
    expect(IpNetwork.parse('10.0.0.0/8')?.has('not an address')).toBe(false)
  })
})
