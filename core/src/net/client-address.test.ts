import { describe, expect, it } from 'vitest'
import { clientAddress, isSecure } from './client-address.ts'
import { parseTrustedProxies } from './networks.ts'

const trusted = (text: string) => parseTrustedProxies(text).proxies
const from = (trust: string, remoteAddress: string, forwarded?: string) =>
  clientAddress(
    { headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, socket: { remoteAddress } },
    trusted(trust),
  )

describe("a client's address", () => {
  it('is the one of the socket when no proxy is trusted, whatever the header says', () => {
    expect(from('0', '198.51.100.7', '10.0.0.1')).toBe('198.51.100.7')
    expect(from('127.0.0.1', '198.51.100.7', '10.0.0.1')).toBe('198.51.100.7')
    expect(from('', '::ffff:198.51.100.7')).toBe('198.51.100.7')
    expect(from('', 'fe80::1%eth0')).toBe('fe80::1')
  })

  it('is the last entry behind any proxy with 1', () => {
    expect(from('1', '127.0.0.1', '10.0.0.1, 198.51.100.7')).toBe('198.51.100.7')
    expect(from('1', '127.0.0.1')).toBe('127.0.0.1')
  })

  it('is the first entry from the end that is no trusted proxy itself', () => {
    const trust = '127.0.0.0/8, ::1, 10.0.0.5'
    expect(from(trust, '::ffff:127.0.0.1', 'invented, 198.51.100.7, 10.0.0.5')).toBe('198.51.100.7')
    expect(from(trust, '::1', '2001:db8::7')).toBe('2001:db8::7')
    expect(from(trust, '127.0.0.1', '10.0.0.5')).toBe('10.0.0.5')
    expect(from(trust, '127.0.0.1', '198.51.100.7, ,10.0.0.5,')).toBe('198.51.100.7')
  })

  it('is never a word: an entry that is no address ends the search', () => {
    for (const word of [
      'unknown',
      '_hidden',
      '',
      'example.org',
      '1.2.3',
      '::1::',
      '[::1',
      '1.2.3.4:99999999',
    ])
      expect(from('127.0.0.1', '127.0.0.1', `198.51.100.7, ${word || 'x'}`)).toBe('127.0.0.1')
    expect(from('127.0.0.1', '127.0.0.1', '')).toBe('127.0.0.1')
  })

  it.each([
    ['198.51.100.7:5678', '198.51.100.7'],
    ['"198.51.100.7"', '198.51.100.7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:443', '2001:db8::7'],
    ['"[2001:db8::7]:443"', '2001:db8::7'],
    ['fe80::7%eth0', 'fe80::7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['[::ffff:198.51.100.7]:1', '198.51.100.7'],
  ])('is read from %s', (entry, address) => {
    expect(from('127.0.0.1', '127.0.0.1', `203.0.113.9, ${entry}`)).toBe(address)
  })

  it('passes over a trusted proxy however its entry is written', () => {
    expect(from('127.0.0.1, 10.0.0.0/8', '127.0.0.1', '198.51.100.7:99, 10.0.0.5:443')).toBe('198.51.100.7')
  })

  it('comes from Forwarded where there is no X-Forwarded-For', () => {
    const ask = (forwarded: string, xff?: string) =>
      clientAddress(
        {
          headers: { forwarded, ...(xff === undefined ? {} : { 'x-forwarded-for': xff }) },
          socket: { remoteAddress: '127.0.0.1' },
        },
        trusted('127.0.0.1'),
      )
    expect(ask('for=203.0.113.9;proto=http, For="[2001:db8:cafe::17]:4711";by=203.0.113.43')).toBe(
      '2001:db8:cafe::17',
    )
    expect(ask('for=198.51.100.7, for=unknown')).toBe('127.0.0.1')
    expect(ask('for=198.51.100.7', '203.0.113.9')).toBe('203.0.113.9')
  })

  it('does not take long over a header of thousands of entries', () => {
    expect(from('127.0.0.0/8', '127.0.0.1', '127.0.0.2,'.repeat(50_000))).toBe('127.0.0.2')
  })
})

describe('https behind a proxy', () => {
  const ask = (proto: string, trust: string) =>
    isSecure(
      { headers: { 'x-forwarded-proto': proto }, socket: { remoteAddress: '10.0.0.5' } },
      trusted(trust),
    )

  it('is told by a trusted proxy only, and by its own entry, the last', () => {
    expect(ask('https', '10.0.0.5')).toBe(true)
    expect(ask('WSS', '1')).toBe(true)
    expect(ask('https', '0')).toBe(false)
    expect(ask('https', '10.0.0.6')).toBe(false)
    expect(ask('https, http', '10.0.0.5')).toBe(false)
  })
})
