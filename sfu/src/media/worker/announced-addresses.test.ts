import type { IceCandidate } from 'mediasoup/types'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { transportLines } from '../../sdp/local-transport.ts'
import { AnnouncedAddresses, announcedCandidates } from './announced-addresses.ts'

const OWN_KEYS = { LIVEKIT_API_KEY: 'key', LIVEKIT_API_SECRET: '0123456789abcdef0123456789abcdef' }
const announced = (text: string, bind = '::') =>
  new AnnouncedAddresses(
    readConfig({ ...OWN_KEYS, SFU_BIND: bind, SFU_ANNOUNCED_ADDRESS: text }).announcedAddresses,
  )

const socket = (address: string, protocol: 'udp' | 'tcp', priority: number): IceCandidate => ({
  foundation: `${protocol}candidate`,
  priority,
  address,
  ip: address,
  protocol,
  port: 7882,
  type: 'host',
  ...(protocol === 'tcp' ? { tcpType: 'passive' } : {}),
})
const sockets = [
  socket('0.0.0.0', 'udp', 1_076_558_079),
  socket('0.0.0.0', 'tcp', 1_076_276_479),
  socket('::', 'udp', 1_076_506_879),
  socket('::', 'tcp', 1_076_225_279),
]

describe('the addresses a client is told', () => {
  it('are those of the network it came from', () => {
    const addresses = announced('10.0.0.0/8=10.1.2.3, 0.0.0.0/0=203.0.113.5, ::/0=2001:db8::5')
    expect(addresses.for('10.200.3.4')).toEqual(['10.1.2.3'])
    expect(addresses.for('198.51.100.7')).toEqual(['203.0.113.5'])
    expect(addresses.for('2001:db8:7::1')).toEqual(['2001:db8::5'])
  })

  it('are those of the most specific network, in whatever order they stand, and all of it', () => {
    const addresses = announced(
      '0.0.0.0/0=203.0.113.5,10.1.0.0/16=10.1.0.1,10.0.0.0/8=10.0.0.1,10.1.0.0/16=10.1.0.2',
    )
    expect(addresses.for('10.1.9.9')).toEqual(['10.1.0.1', '10.1.0.2'])
    expect(addresses.for('10.2.9.9')).toEqual(['10.0.0.1'])
  })

  it('see through IPv4 mapped into IPv6, as a dual-stack socket reports it', () => {
    expect(announced('10.0.0.0/8=10.1.2.3,::/0=2001:db8::5').for('::ffff:10.9.9.9')).toEqual(['10.1.2.3'])
  })

  it('are the addresses without a network for everybody else, and all when nothing fits', () => {
    const addresses = announced('10.0.0.0/8=10.1.2.3,203.0.113.5,2001:db8::5')
    expect(addresses.for('192.0.2.1')).toEqual(['203.0.113.5', '2001:db8::5'])
    expect(addresses.for('')).toEqual(['203.0.113.5', '2001:db8::5'])
    expect(announced('10.0.0.0/8=10.1.2.3').for('192.0.2.1')).toEqual(['10.1.2.3'])
  })
})

describe('the candidates of a transport', () => {
  it('take UDP and TCP of the announced family only', () => {
    const found = announcedCandidates(sockets, ['2001:db8::5'])
    expect(found.map(c => [c.protocol, c.address])).toEqual([
      ['udp', '2001:db8::5'],
      ['tcp', '2001:db8::5'],
    ])
  })

  it('are preferred in the order of the addresses, any UDP before any TCP, whatever the family', () => {
    const found = announcedCandidates(sockets, ['2001:db8::5', '203.0.113.5', '10.1.2.3'])
    const byPriority = found.toSorted((a, b) => b.priority - a.priority)
    expect(byPriority.map(c => `${c.protocol} ${c.address}`)).toEqual([
      'udp 2001:db8::5',
      'udp 203.0.113.5',
      'udp 10.1.2.3',
      'tcp 2001:db8::5',
      'tcp 203.0.113.5',
      'tcp 10.1.2.3',
    ])
    expect(new Set(found.map(c => c.priority)).size).toBe(6)
    // RFC 8445 §5.1.1.3: another base, another foundation.
    expect(new Set(found.map(c => c.foundation)).size).toBe(6)
  })

  it('are told once for each address although each has a socket of its own', () => {
    const each = ['10.1.2.3', '203.0.113.5'].flatMap(ip => [
      socket(ip, 'udp', 2_000_000),
      socket(ip, 'tcp', 1_000_000),
    ])
    expect(announcedCandidates(each, ['203.0.113.5']).map(c => [c.protocol, c.address])).toEqual([
      ['udp', '203.0.113.5'],
      ['tcp', '203.0.113.5'],
    ])
  })

  it('are written into the description, IPv6 as it is', () => {
    const local = {
      iceParameters: { usernameFragment: 'u', password: 'p', iceLite: true },
      iceCandidates: announcedCandidates(sockets, ['2001:db8::5']),
      fingerprints: [{ algorithm: 'sha-256' as const, value: 'AA' }],
      sctpPort: 5000,
      maxMessageSize: 1,
    }
    expect(transportLines(local, 'actpass', true).filter(line => line.startsWith('a=candidate'))).toEqual([
      'a=candidate:udpcandidate 1 udp 1076558079 2001:db8::5 7882 typ host',
      'a=candidate:tcpcandidate 1 tcp 1076276479 2001:db8::5 7882 typ host tcptype passive',
    ])
  })
})
