/** Property tests of everything that reads bytes of a data channel: whatever comes, nothing throws, and what is read is so. */
import {
  ChatMessage,
  DataPacket,
  DataStream_Chunk,
  EncryptedPacket,
  RpcRequest,
  SipDTMF,
  Transcription,
  UserPacket,
} from '@livekit/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kindOfLabel, LABELS, parseDcep, writeDcepOpen } from '../src/media/channel/dcep.ts'
import { encodeOutgoing, isReceiver, readClientPacket } from '../src/room/data/data-packets.ts'
import { FramePace, parseDataTrackHeader, withHandle } from '../src/room/data/data-track-packet.ts'
import { budget } from './fuzz-support/budget.ts'

/** All of them on every machine: they take a fraction of a second. */
const CASES = 2_000

const sender = { id: 'PA_s', identity: 'sender', isHidden: false, isAgent: false }
const bytes = (maxLength = 200) => fc.uint8Array({ maxLength })

/** Bytes of one kind, some of them changed, cut off or lengthened. */
const damaged = (whole: fc.Arbitrary<Uint8Array>) =>
  fc
    .tuple(whole, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }), fc.nat(400), bytes(8))
    .map(([original, changes, length, tail]) => {
      const copy = Uint8Array.from(original)
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value
      return Uint8Array.from([...copy.subarray(0, length), ...tail])
    })

const packets: fc.Arbitrary<DataPacket> = fc
  .record({
    participantIdentity: fc.string({ maxLength: 12 }),
    participantSid: fc.string({ maxLength: 12 }),
    destinationIdentities: fc.array(fc.string({ maxLength: 6 }), { maxLength: 3 }),
    sequence: fc.nat(),
    value: fc.oneof(
      bytes(50).map(payload => ({ case: 'user' as const, value: new UserPacket({ payload }) })),
      fc.string().map(message => ({ case: 'chatMessage' as const, value: new ChatMessage({ message }) })),
      fc.string().map(digit => ({ case: 'sipDtmf' as const, value: new SipDTMF({ digit }) })),
      fc.string().map(id => ({ case: 'rpcRequest' as const, value: new RpcRequest({ id }) })),
      fc.string().map(trackId => ({ case: 'transcription' as const, value: new Transcription({ trackId }) })),
      bytes(50).map(content => ({ case: 'streamChunk' as const, value: new DataStream_Chunk({ content }) })),
      bytes(50).map(encryptedValue => ({
        case: 'encryptedPacket' as const,
        value: new EncryptedPacket({ encryptedValue }),
      })),
    ),
  })
  .map(fields => new DataPacket(fields))

describe('bytes of a data channel', () => {
  it('that should be a DCEP message are read or refused', () => {
    const open = fc
      .constantFrom('reliable' as const, 'lossy' as const, 'data_track' as const)
      .map(kind => Uint8Array.from(writeDcepOpen(kind)))
    fc.assert(
      fc.property(fc.oneof(bytes(), damaged(open)), message => {
        const read = parseDcep(message)
        if (read?.type !== 'open') return
        expect(message[0]).toBe(3)
        expect(read.label.length).toBeLessThanOrEqual(message.length - 12)
        const kind = kindOfLabel(read.label)
        if (kind) expect(LABELS[kind]).toBe(read.label)
      }),
      budget(CASES),
    )
  })

  it('that should be a data packet are read with the true sender, or refused', () => {
    const encoded = packets.map(packet => packet.toBinary())
    fc.assert(
      fc.property(
        fc.oneof(bytes(), encoded, damaged(encoded)),
        fc.constantFrom('reliable' as const, 'lossy' as const),
        fc.boolean(),
        (payload, kind, isHidden) => {
          const routed = readClientPacket(payload, kind, { ...sender, isHidden })
          if (!routed) return
          const sent = encodeOutgoing(routed)
          const received = DataPacket.fromBinary(sent.payload)
          expect(received.participantIdentity).toBe(isHidden ? '' : 'sender')
          expect(received.participantSid).toBe(isHidden ? '' : 'PA_s')
          expect(received.value.case).not.toBe('speaker')
          expect(received.value.case).not.toBe('transcription')
          if (kind === 'lossy') expect(received.sequence).toBe(0)
          for (const identity of received.destinationIdentities)
            expect(isReceiver(sent.destinations, { id: 'PA_r', identity })).toBe(true)
        },
      ),
      budget(CASES),
    )
  })

  it('that are encrypted pass through unchanged', () => {
    fc.assert(
      fc.property(bytes(), bytes(16), fc.nat(255), (encryptedValue, iv, keyIndex) => {
        const value = new EncryptedPacket({ encryptedValue, iv, keyIndex, encryptionType: 1 })
        const packet = new DataPacket({ value: { case: 'encryptedPacket', value } })
        const routed = readClientPacket(packet.toBinary(), 'reliable', sender)
        expect(routed?.packet.value.value).toEqual(value)
        expect(routed?.packet.participantIdentity).toBe('sender')
      }),
      budget(200),
    )
  })

  it('that should be of a data track are read or refused; another handle changes nothing else', () => {
    const whole = fc
      .tuple(bytes(60), fc.integer({ min: 1, max: 0xffff }), fc.boolean(), fc.nat(3))
      .map(([payload, handle, hasExtensions, words]) => {
        const header = Buffer.alloc(hasExtensions ? 16 + 4 * words : 12)
        header[0] = 0b11000 | (hasExtensions ? 0b100 : 0)
        header.writeUInt16BE(handle, 2)
        if (hasExtensions) header.writeUInt16BE(words, 12)
        return Uint8Array.from(Buffer.concat([header, payload]))
      })
    fc.assert(
      fc.property(
        fc.oneof(bytes(), whole, damaged(whole)),
        fc.integer({ min: 1, max: 0xffff }),
        (packet, handle) => {
          // A view into a larger buffer, as packets come from the worker.
          const larger = new Uint8Array(packet.length + 20).fill(0xff)
          larger.set(packet, 10)
          const view = larger.subarray(10, 10 + packet.length)
          const header = parseDataTrackHeader(view)
          expect(header).toEqual(parseDataTrackHeader(packet))
          if (!header) return
          expect(header.payloadOffset).toBeLessThanOrEqual(packet.length)
          const rewritten = withHandle(view, handle)
          expect(parseDataTrackHeader(rewritten)).toEqual({ ...header, handle })
          expect(withHandle(rewritten, header.handle)).toEqual(packet)
        },
      ),
      budget(CASES),
    )
  })

  it('of whole packets of data tracks are all read', () => {
    const header = Buffer.from([0b11100, 0, 0x12, 0x34, 0, 1, 0, 7, 0, 0, 0, 9, 0, 1, 2, 2, 7, 7, 0, 0])
    expect(parseDataTrackHeader(Buffer.concat([header, Buffer.from('payload')]))).toEqual({
      handle: 0x1234,
      frameNumber: 7,
      isStartOfFrame: true,
      isEndOfFrame: true,
      payloadOffset: 20,
    })
    // An extension longer than all of them.
    expect(parseDataTrackHeader(Buffer.from([0b11100, 0, 1, 1, 0, 1, 0, 7, 0, 0, 0, 9, 0, 0, 2, 9]))).toBe(
      undefined,
    )
    // Version 1.
    expect(parseDataTrackHeader(Buffer.from([0b111000, 0, 1, 1, 0, 1, 0, 7, 0, 0, 0, 9]))).toBe(undefined)
  })

  it('of frames never come faster than a subscriber asked for, and not much slower', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 50, maxLength: 200 })
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 60 }), (intervals, fps) => {
        const pace = new FramePace(fps)
        let at = 1_000_000
        let passed = 0
        const startedAt = at
        intervals.forEach((gap, frameNumber) => {
          at += gap
          const header = {
            handle: 1,
            frameNumber,
            isStartOfFrame: true,
            isEndOfFrame: true,
            payloadOffset: 12,
          }
          if (pace.passes(header, at)) passed++
        })
        const seconds = (at - startedAt) / 1000
        expect(passed).toBeLessThanOrEqual(seconds * fps + 1)
        expect(passed).toBeGreaterThan(Math.min(seconds * fps, intervals.length) / 3 - 2)
      }),
      budget(300),
    )
  })
})
