import { describe, expect, it } from 'vitest'
import {
  answerSubscriberOffer,
  chooseCandidate,
  hostCandidate,
  offeredStreams,
  publisherOffer,
  readCandidate,
  readTransport,
} from './sdp.ts'

const local = { ufrag: 'mine', password: 'my-password', fingerprint: 'BB:BB' }
const offer = [
  'v=0',
  'a=group:BUNDLE 0 1 2',
  'a=ice-lite',
  'm=application 7 UDP/DTLS/SCTP webrtc-datachannel',
  'a=mid:0',
  'a=ice-ufrag:theirs',
  'a=ice-pwd:their-password',
  'a=fingerprint:sha-256 AA:AA',
  'a=setup:actpass',
  'a=candidate:1 1 udp 1076302079 10.1.2.3 7882 typ host',
  'a=candidate:2 1 tcp 1076276479 10.1.2.3 7882 typ host tcptype passive',
  'a=candidate:3 1 udp 1076302079 127.0.0.1 7882 typ host',
  'a=end-of-candidates',
  'a=sctp-port:5000',
  'm=video 7 UDP/TLS/RTP/SAVPF 101 102',
  'a=mid:1',
  'a=sendonly',
  'a=rtpmap:101 VP8/90000',
  'a=extmap:5 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'a=msid:PA_1|TR_video TR_video',
  'a=ssrc-group:FID 11 12',
  'a=ssrc:11 cname:x',
  'a=ssrc:12 cname:x',
  'm=audio 7 UDP/TLS/RTP/SAVPF 100',
  'a=mid:2',
  'a=inactive',
  'a=rtpmap:100 opus/48000/2',
  'm=video 0 UDP/TLS/RTP/SAVPF 101',
  'a=mid:3',
  'a=inactive',
  '',
].join('\r\n')

describe('a subscriber offer', () => {
  it('tells how the server is reached, over UDP', () => {
    expect(readTransport(offer)).toEqual({
      ufrag: 'theirs',
      password: 'their-password',
      fingerprint: 'AA:AA',
      setup: 'actpass',
      isLite: true,
      candidates: [
        { ip: '10.1.2.3', port: 7882 },
        { ip: '127.0.0.1', port: 7882 },
      ],
    })
    expect(() => readTransport('v=0\r\n')).toThrow("the server's description has no SHA-256 fingerprint")
  })

  it('is reached over loopback only from the same machine', () => {
    const remote = readTransport(offer)
    expect(chooseCandidate(remote, 'localhost').ip).toBe('127.0.0.1')
    expect(chooseCandidate(remote, 'sfu.example').ip).toBe('10.1.2.3')
    expect(() => chooseCandidate({ ...remote, candidates: [] }, 'localhost')).toThrow(/no UDP candidate/)
  })

  it('names the track and the media SSRC of each active section, not the repair SSRC', () => {
    expect(offeredStreams(offer)).toEqual([
      { mid: '1', kind: 'video', trackId: 'TR_video', ssrc: 11, transportCcId: 5 },
    ])
  })

  it('falls back to the map of sections when the msid names no track', () => {
    const other = offer.replace('PA_1|TR_video TR_video', 'PA_1|camera 0815')
    expect(offeredStreams(other)).toEqual([])
    expect(offeredStreams(other, { 1: 'TR_mapped' })[0]?.trackId).toBe('TR_mapped')
  })
})

describe('the answer to it', () => {
  const sections = answerSubscriberOffer(offer, local).split('\r\nm=')

  it('keeps the order, receives what is sent, and leaves rejected sections rejected', () => {
    expect(sections.slice(1).map(section => section.split(' ').slice(0, 2).join(' '))).toEqual([
      'application 9',
      'video 9',
      'audio 9',
      'video 0',
    ])
    expect(sections[0]).toContain('a=group:BUNDLE 0 1 2')
    expect(sections[2]).toContain('a=recvonly')
    expect(sections[3]).toContain('a=inactive')
    expect(sections[4]).not.toContain('a=setup')
  })

  it('carries our credentials and none of the server', () => {
    for (const section of sections.slice(1, 4)) {
      expect(section).toContain('a=ice-ufrag:mine')
      expect(section).toContain('a=fingerprint:sha-256 BB:BB')
      expect(section).toContain('a=setup:active')
    }
    expect(sections.join()).not.toMatch(/theirs|AA:AA|candidate|ssrc|msid:PA/)
  })
})

it('a publisher offer announces each track by its cid and one SSRC', () => {
  const text = publisherOffer([{ mid: '0', kind: 'audio', cid: 'my-mic', ssrc: 77 }], local)
  expect(text).toContain('m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n')
  expect(text).toContain('a=msid:- my-mic\r\n')
  expect(text).toContain('a=ssrc:77 cname:load\r\n')
  expect(text).toContain('a=sendonly\r\n')
})

it('a publisher offer names the layers of a picture in several, and no SSRC', () => {
  const text = publisherOffer([{ mid: '0', kind: 'video', cid: 'c', ssrc: 77, rids: ['q', 'h', 'f'] }], local)
  expect(text).toContain('urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n')
  expect(text).toContain('a=rid:q send\r\na=rid:h send\r\na=rid:f send\r\na=simulcast:send q;h;f\r\n')
  expect(text).not.toContain('a=ssrc')
})

it('an address told beside a description counts when it is one over UDP and IPv4', () => {
  const init = (candidate: string) => JSON.stringify({ candidate, sdpMid: '0' })
  expect(readCandidate(init(hostCandidate('10.1.2.3', 7882)))).toEqual({ ip: '10.1.2.3', port: 7882 })
  expect(readCandidate(init('candidate:1 1 tcp 1 10.1.2.3 7881 typ host tcptype passive'))).toBeUndefined()
  expect(readCandidate(init('candidate:1 1 udp 1 fd00::2 7882 typ host'))).toBeUndefined()
  expect(readCandidate('{}')).toBeUndefined()
})
