import { describe, expect, it } from 'vitest'
import { headerExtension, parseRtp, Unwrapper } from './rtp.ts'

/** A packet with one CSRC, a one-word extension and three bytes of padding around `payload`. */
function packet(payload: number[]): Buffer {
  const head = Buffer.from([0x80 | 0x20 | 0x10 | 1, 0x80 | 96, 0x12, 0x34, 0, 0, 1, 0, 0, 0, 0, 9])
  const csrc = Buffer.from([1, 2, 3, 4])
  const extension = Buffer.from([0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0])
  return Buffer.concat([head, csrc, extension, Buffer.from(payload), Buffer.from([0, 0, 3])])
}

describe('parseRtp', () => {
  it('finds the payload between CSRCs, extension and padding', () => {
    const parsed = parseRtp(packet([7, 8, 9]))
    expect(parsed).toMatchObject({
      payloadType: 96,
      marker: true,
      sequence: 0x1234,
      timestamp: 256,
      ssrc: 9,
    })
    expect([...parsed!.payload]).toEqual([7, 8, 9])
  })

  it('passes over RTCP on the same port, foreign versions and torn packets', () => {
    expect(parseRtp(Buffer.from([0x80, 200, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]))).toBeNull()
    expect(parseRtp(Buffer.from([0x40, 96, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]))).toBeNull()
    expect(parseRtp(packet([7]).subarray(0, 11))).toBeNull()
    expect(parseRtp(packet([7]).subarray(0, 18))).toBeNull()
    const allPadding = packet([7])
    allPadding[allPadding.length - 1] = 255
    expect(parseRtp(allPadding)).toBeNull()
  })
})

describe('header extensions', () => {
  const withExtension = (profile: number, words: number, data: number[]) =>
    parseRtp(
      Buffer.concat([
        Buffer.from([0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, profile >> 8, profile & 0xff, 0, words]),
        Buffer.from(data),
        Buffer.from([42]),
      ]),
    )!
  it('are found in the one-byte form, behind others and padding (RFC 8285 §4.2)', () => {
    const packet = withExtension(0xbede, 2, [0x22, 1, 2, 3, 0, 0x80, 0x05, 0])
    expect(headerExtension(packet, 2)).toEqual(Buffer.from([1, 2, 3]))
    expect(headerExtension(packet, 8)).toEqual(Buffer.from([0x05]))
    expect(headerExtension(packet, 3)).toBeNull()
    expect([...packet.payload]).toEqual([42])
  })
  it('are found in the two-byte form, empty ones passed over (RFC 8285 §4.3)', () => {
    const packet = withExtension(0x1000, 2, [7, 0, 0, 20, 1, 0x06, 0, 0])
    expect(headerExtension(packet, 20)).toEqual(Buffer.from([0x06]))
    expect(headerExtension(packet, 7)).toEqual(Buffer.alloc(0))
  })
  it('are none after the end mark, when torn, of another profile or absent', () => {
    expect(headerExtension(withExtension(0xbede, 1, [0xf0, 0x80, 1, 0]), 8)).toBeNull()
    expect(headerExtension(withExtension(0xbede, 1, [0x83, 1, 2, 3]), 8)).toBeNull()
    expect(headerExtension(withExtension(0x1234, 1, [0x80, 1, 0, 0]), 8)).toBeNull()
    expect(
      headerExtension(parseRtp(Buffer.from([0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 42]))!, 8),
    ).toBeNull()
  })
})

describe('Unwrapper', () => {
  it('follows a counter over its end and back', () => {
    const sequence = new Unwrapper(16)
    expect([65_534, 65_535, 0, 1, 65_535, 2].map(value => sequence.unwrap(value))).toEqual([
      65_534, 65_535, 65_536, 65_537, 65_535, 65_538,
    ])
  })

  it('goes below zero when the first packet was not the earliest', () => {
    const sequence = new Unwrapper(16)
    expect([0, 65_535, 1].map(value => sequence.unwrap(value))).toEqual([0, -1, 1])
  })
})
