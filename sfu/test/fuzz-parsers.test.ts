import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { AppError } from '@diemcau/core/errors.ts'
import { DataPacket, UserPacket } from '@livekit/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDcep, writeDcepOpen } from '../src/media/channel/dcep.ts'
import { parseJoinQuery } from '../src/room/base/claims.ts'
import { readClientPacket } from '../src/room/data/data-packets.ts'
import { planProducer } from '../src/sdp/offer-to-producer.ts'
import { type AcceptedSection, writePublisherAnswer } from '../src/sdp/publisher-answer.ts'
import { parseRemoteDescription, SDP_LIMITS } from '../src/sdp/remote-description.ts'
import { parseSubscriberAnswer } from '../src/sdp/subscriber-answer.ts'
import { budget, timeLimit } from './fuzz-support/budget.ts'
import { messageOf } from './fuzz-support/messages.ts'
import { mutatedBytes, mutatedLines } from './fuzz-support/mutations.ts'

/** What comes from outside, in front of the functions that read it first: a clear error or a sane value, soon. */

const folder = path.resolve(import.meta.dirname, '../src/sdp/fixtures')
const offers = readdirSync(folder)
  .filter(name => name.endsWith('.sdp'))
  .map(name => readFileSync(path.join(folder, name), 'utf8'))

/** No reader may take longer for one input, ms. A busy machine is slow, an endless loop is slower. */
const SLOWEST_MS = 3_000

/** Runs `read`; only an AppError of this code may come out. */
function refusesOnlyWith<T>(code: string, read: () => T): T | undefined {
  const started = performance.now()
  try {
    return read()
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== code) throw error
    expect(error.message.length).toBeLessThan(200)
    return undefined
  } finally {
    expect(performance.now() - started).toBeLessThan(SLOWEST_MS)
  }
}

/** The whole way of a publisher's offer, up to where mediasoup would take over. */
function answerOffer(sdp: string): string | undefined {
  const offer = refusesOnlyWith('bad_sdp', () => parseRemoteDescription(sdp))
  if (offer === undefined) return undefined
  const accepted = new Map<string, AcceptedSection>()
  for (const section of offer.sections) {
    if (section.kind === 'application') continue
    const plan = planProducer(section, { kind: section.kind, layerCount: 3 }, 'vp8')
    if ('refused' in plan) continue
    expect(plan.spatialLayers).toBeLessThanOrEqual(4)
    expect(plan.rtpParameters.codecs.length).toBeLessThanOrEqual(2)
    accepted.set(section.mid, { rtpParameters: plan.rtpParameters, disableDtx: false, stereo: false })
  }
  return writePublisherAnswer({
    offer,
    local: {
      iceParameters: { usernameFragment: 'u', password: 'p', iceLite: true },
      iceCandidates: [],
      fingerprints: [{ algorithm: 'sha-256', value: 'AA:BB' }],
      sctpPort: 5000,
      maxMessageSize: 262_144,
    },
    accepted,
    sessionId: '1',
    version: 1,
  })
}

describe('descriptions of clients', () => {
  it('as recorded are read and answered', () => {
    expect(offers.length).toBeGreaterThanOrEqual(6)
    for (const offer of offers) expect(answerOffer(offer)).toContain('a=ice-lite')
  })

  it(
    'are refused or answered with a section for each section, however they are mutated',
    () => {
      fc.assert(
        fc.property(mutatedLines(offers, '\r\n'), sdp => {
          const answer = answerOffer(sdp)
          if (answer === undefined) return
          const count = (text: string) => text.match(/^m=/gm)?.length ?? 0
          expect(count(answer)).toBe(parseRemoteDescription(sdp).sections.length)
          // Whatever the client wrote must not become lines of its own in ours.
          for (const line of answer.split('\r\n').slice(0, -1)) expect(line).toMatch(/^[a-z]=[^\r\n]*$/)
        }),
        budget(300),
      )
    },
    timeLimit(60_000),
  )

  it(
    'are refused or read as answers, however they are mutated',
    () => {
      fc.assert(
        fc.property(mutatedLines(offers, '\r\n'), sdp => {
          refusesOnlyWith('bad_sdp', () => parseSubscriberAnswer(sdp))
        }),
        budget(200),
      )
    },
    timeLimit(60_000),
  )

  it('that are no descriptions at all are refused', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000, unit: 'binary' }), text => {
        expect(refusesOnlyWith('bad_sdp', () => parseRemoteDescription(text))).toBeUndefined()
      }),
      budget(800),
    )
  })

  it.each([
    [
      'characters',
      (count: number) => {
        const sdp = offers[0]!
        return `${sdp}a=${'x'.repeat(count - sdp.length - 4)}\r\n`
      },
    ],
    [
      'lines',
      (count: number) => {
        const sdp = offers[0]!
        // What stands behind the last line's end counts as one.
        return sdp + 'a=x\r\n'.repeat(count - sdp.split('\r\n').length)
      },
    ],
    [
      'sections',
      (count: number) => {
        const sdp = offers[0]!
        const more = count - sdp.match(/^m=/gm)!.length
        const section = (_: unknown, n: number) => `m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:more${n}\r\n`
        return sdp + Array.from({ length: more }, section).join('')
      },
    ],
  ] as const)('are read up to the limit of %s and refused with one more', (limit, descriptionOf) => {
    expect(() => parseRemoteDescription(descriptionOf(SDP_LIMITS[limit]))).not.toThrow()
    expect(() => parseRemoteDescription(descriptionOf(SDP_LIMITS[limit] + 1))).toThrow(limit)
  })

  it.each([
    ['one huge line', (sdp: string) => `${sdp}a=${'x'.repeat(900_000)}\r\n`],
    ['a hundred thousand attributes', (sdp: string) => sdp + 'a=extmap:1 urn:x\r\n'.repeat(50_000)],
    ['a huge fmtp', (sdp: string) => `${sdp}a=fmtp:96 ${'a=1;'.repeat(200_000)}\r\n`],
    ['many ssrcs', (sdp: string) => sdp + 'a=ssrc:1 cname:x\r\n'.repeat(50_000)],
    [
      'different ssrcs',
      (sdp: string) => sdp + Array.from({ length: 40_000 }, (_, i) => `a=ssrc:${i} cname:x\r\n`).join(''),
    ],
    [
      'many payload types',
      (sdp: string) => sdp + Array.from({ length: 30_000 }, (_, i) => `a=rtpmap:${i} VP8/90000\r\n`).join(''),
    ],
    ['many sections', (sdp: string) => sdp + 'm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n'.repeat(20_000)],
    ['more than a megabyte', (sdp: string) => sdp + 'a=x\r\n'.repeat(300_000)],
  ])('with %s are answered or refused in time', (_name, grow) => {
    for (const offer of offers.slice(0, 2)) answerOffer(grow(offer))
  })
})

describe('bytes of data channels', () => {
  const sender = { id: 'PA_1', identity: 'an', isHidden: false, isAgent: false }
  const user = new DataPacket({
    participantIdentity: 'somebody else',
    value: { case: 'user', value: new UserPacket({ payload: new Uint8Array(50), topic: 't' }) },
  }).toBinary()

  it('as DCEP are an OPEN, an ACK or nothing', () => {
    const samples = [writeDcepOpen('reliable'), writeDcepOpen('lossy'), Uint8Array.of(2)]
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), mutatedBytes(samples)), bytes => {
        const message = parseDcep(bytes)
        if (message?.type === 'open') expect(message.label.length).toBeLessThanOrEqual(bytes.length)
        else expect([undefined, 'ack']).toContain(message?.type)
      }),
      budget(1_500),
    )
  })

  it('as packets never pass with another sender than the true one', () => {
    const packets = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      mutatedBytes([user]),
      messageOf(DataPacket).map(packet => packet.toBinary()),
    )
    fc.assert(
      fc.property(packets, fc.constantFrom('reliable' as const, 'lossy' as const), (bytes, kind) => {
        const routed = readClientPacket(bytes, kind, sender)
        if (routed === undefined) return
        const again = DataPacket.fromBinary(routed.packet.toBinary())
        expect([again.participantSid, again.participantIdentity]).toEqual(['PA_1', 'an'])
        expect(again.value.case).not.toBe('speaker')
        if (again.value.case === 'user') expect(again.value.value.participantIdentity).toBe('an')
      }),
      budget(400),
    )
  })
})

it('reads any query of a join', () => {
  const pair = fc.tuple(
    fc.oneof(fc.constantFrom('protocol', 'sid', 'reconnect', 'auto_subscribe', 'sdk'), fc.string()),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 12 }), pairs => {
      const query = parseJoinQuery(new URLSearchParams(pairs))
      expect(Number.isSafeInteger(query.protocol)).toBe(true)
    }),
    budget(500),
  )
})
