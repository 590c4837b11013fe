import { describe, expect, it } from 'vitest'
import { readConfig } from '../config.ts'
import { addressOf } from './client-address.ts'

const from = (trust: string, remoteAddress: string, forwarded?: string) =>
  addressOf(
    { headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, socket: { remoteAddress } },
    readConfig({ SFU_TRUST_PROXY: trust }).trustedProxies,
  )

describe("a client's address", () => {
  it('is the one of the socket when no proxy is trusted, whatever the header says', () => {
    expect(from('0', '198.51.100.7', '10.0.0.1')).toBe('198.51.100.7')
    expect(from('127.0.0.1', '198.51.100.7', '10.0.0.1')).toBe('198.51.100.7')
    expect(from('', '::ffff:198.51.100.7')).toBe('198.51.100.7')
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
  })

  it('is never a word: an entry that is no address ends the search', () => {
    expect(from('127.0.0.1', '127.0.0.1', '198.51.100.7, unknown')).toBe('127.0.0.1')
    expect(from('127.0.0.1', '127.0.0.1', '')).toBe('127.0.0.1')
  })
})
