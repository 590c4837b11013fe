import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeFrame, encodeFrame, type Frame, FrameError, MAX_NUMBER } from './frame-codec.ts'
import { FrameReader } from './frame-reader.ts'

const number = fc.integer({ min: 0, max: MAX_NUMBER })
const byte = fc.integer({ min: 0, max: 255 })
const bytes = fc.uint8Array({ maxLength: 300 })
const stamp = fc.double({ noNaN: true })
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constantFrom('facts', 'data'), number, kind: byte, payload: bytes }),
  fc.record({ type: fc.constant('lossy' as const), kind: byte, payload: bytes }),
  fc.record({ type: fc.constant('ack' as const), facts: number, data: number }),
  fc.record({
    type: fc.constant('start' as const),
    generation: number,
    isAnew: fc.boolean(),
    isDataLost: fc.boolean(),
  }),
  fc.record({ type: fc.constant('ping' as const), stampMs: stamp, note: bytes }),
  fc.record({ type: fc.constant('pong' as const), echoMs: stamp }),
  fc.record({ type: fc.constant('bye' as const), why: fc.constantFrom('closing', 'buried') }),
)

/** Views compare as what is in them. */
const plain = (value: Frame) =>
  Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part,
    ]),
  )

describe('frames', () => {
  test('come out as they went in', () => {
    fc.assert(
      fc.property(frame, value => {
        expect(plain(decodeFrame(Buffer.concat(encodeFrame(value))))).toEqual(plain(value))
      }),
    )
  })

  test('anything else is refused by a FrameError and nothing else', () => {
    let refused = 0
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), value => {
        try {
          decodeFrame(value)
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError)
          refused += 1
        }
      }),
    )
    expect(refused).toBeGreaterThan(0)
  })
})

describe('FrameReader', () => {
  const framed = (body: Uint8Array): Buffer => {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(body.length)
    return Buffer.concat([head, body])
  }

  test('cuts a stream into its frames, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (bodies, sizes) => {
          const stream = Buffer.concat(bodies.map(framed))
          const reader = new FrameReader(60)
          const seen: string[] = []
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = sizes[i % sizes.length] ?? 1
            reader.push(stream.subarray(at, at + size))
            at += size
            for (let body = reader.next(); body !== undefined; body = reader.next())
              seen.push(body.toString('hex'))
          }
          expect(seen).toEqual(bodies.map(body => Buffer.from(body).toString('hex')))
        },
      ),
    )
  })

  test('refuses a length over the limit before anything of the frame has come', () => {
    const reader = new FrameReader(1024)
    reader.push(Buffer.from([0, 0, 4, 1]))
    expect(() => reader.next()).toThrow(FrameError)
    const huge = new FrameReader(1024)
    huge.push(Buffer.from([0xff, 0xff, 0xff, 0xff]))
    expect(() => huge.next()).toThrow(FrameError)
  })

  test('refuses an empty frame and takes one of exactly the limit', () => {
    const empty = new FrameReader(4)
    empty.push(Buffer.alloc(4))
    expect(() => empty.next()).toThrow(FrameError)
    const exact = new FrameReader(4)
    exact.push(framed(Buffer.from('four')))
    expect(exact.next()?.toString()).toBe('four')
  })
})
