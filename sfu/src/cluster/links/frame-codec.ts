/**
 * Frames of a link, big-endian, after the length that the wire puts before each: one byte of type, then
 *
 * ```
 * facts, data   number u48 · kind u8 · payload
 * lossy         kind u8 · payload
 * ack           last fact u48 · last data u48
 * start         generation u48 · flags u8 (1: begun after a loss, 2: data was lost)
 * ping          stamp f64 · note
 * pong          the stamp f64 of the ping
 * bye           reason u8
 * ```
 */

/** The two numbered sequences of each direction. */
export type Sequence = 'facts' | 'data'

export interface NumberedFrame {
  type: Sequence
  /** 1 for the first of a generation. */
  number: number
  kind: number
  payload: Uint8Array
}
export interface LossyFrame {
  type: 'lossy'
  kind: number
  payload: Uint8Array
}
/** First on each connection: which generation of numbers follows. */
export interface StartFrame {
  type: 'start'
  generation: number
  /** The sender gave up what it had not got through before this generation; `isDataLost`: reliable data was among it. */
  isAnew: boolean
  isDataLost: boolean
}
export type ByeReason = 'closing' | 'buried'

export type Frame =
  | NumberedFrame
  | LossyFrame
  | StartFrame
  /** Highest number of each sequence that was handed to its owner, in this connection's generation. */
  | { type: 'ack'; facts: number; data: number }
  /** `stampMs` is the sender's monotonic clock. */
  | { type: 'ping'; stampMs: number; note: Uint8Array }
  | { type: 'pong'; echoMs: number }
  | { type: 'bye'; why: ByeReason }

/** What came is no frame, or not one that may come here. The connection is of no use any more. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

export const MAX_NUMBER = 2 ** 48 - 1
const TYPE = { facts: 1, data: 2, lossy: 3, ack: 4, start: 5, ping: 6, pong: 7, bye: 8 } as const
const ANEW = 1
const DATA_LOST = 2
const BYE: readonly ByeReason[] = ['closing', 'buried']
/** Bytes before the payload of a numbered frame. */
export const NUMBERED_HEADER_BYTES = 8

/** The frame in pieces to be written one after another; the payload is not copied. */
export function encodeFrame(frame: Frame): Uint8Array[] {
  switch (frame.type) {
    case 'facts':
    case 'data': {
      const head = Buffer.allocUnsafe(NUMBERED_HEADER_BYTES)
      head.writeUInt8(TYPE[frame.type], 0)
      head.writeUIntBE(frame.number, 1, 6)
      head.writeUInt8(frame.kind, 7)
      return [head, frame.payload]
    }
    case 'lossy':
      return [Buffer.from([TYPE.lossy, frame.kind]), frame.payload]
    case 'ack': {
      const bytes = Buffer.allocUnsafe(13)
      bytes.writeUInt8(TYPE.ack, 0)
      bytes.writeUIntBE(frame.facts, 1, 6)
      bytes.writeUIntBE(frame.data, 7, 6)
      return [bytes]
    }
    case 'start': {
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeUInt8(TYPE.start, 0)
      bytes.writeUIntBE(frame.generation, 1, 6)
      bytes.writeUInt8((frame.isAnew ? ANEW : 0) | (frame.isDataLost ? DATA_LOST : 0), 7)
      return [bytes]
    }
    case 'ping': {
      const head = Buffer.allocUnsafe(9)
      head.writeUInt8(TYPE.ping, 0)
      head.writeDoubleBE(frame.stampMs, 1)
      return [head, frame.note]
    }
    case 'pong': {
      const bytes = Buffer.allocUnsafe(9)
      bytes.writeUInt8(TYPE.pong, 0)
      bytes.writeDoubleBE(frame.echoMs, 1)
      return [bytes]
    }
    case 'bye':
      return [Buffer.from([TYPE.bye, BYE.indexOf(frame.why)])]
  }
}

/** @throws FrameError. Payload and note are views of `bytes`. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const needs = (least: number, isExact = true) => {
    if (isExact ? view.length !== least : view.length < least)
      throw new FrameError('a frame of a wrong length')
  }
  needs(1, false)
  const type = view.readUInt8(0)
  switch (type) {
    case TYPE.facts:
    case TYPE.data:
      needs(NUMBERED_HEADER_BYTES, false)
      return {
        type: type === TYPE.facts ? 'facts' : 'data',
        number: view.readUIntBE(1, 6),
        kind: view.readUInt8(7),
        payload: view.subarray(NUMBERED_HEADER_BYTES),
      }
    case TYPE.lossy:
      needs(2, false)
      return { type: 'lossy', kind: view.readUInt8(1), payload: view.subarray(2) }
    case TYPE.ack:
      needs(13)
      return { type: 'ack', facts: view.readUIntBE(1, 6), data: view.readUIntBE(7, 6) }
    case TYPE.start: {
      needs(8)
      const flags = view.readUInt8(7)
      return {
        type: 'start',
        generation: view.readUIntBE(1, 6),
        isAnew: (flags & ANEW) !== 0,
        isDataLost: (flags & DATA_LOST) !== 0,
      }
    }
    case TYPE.ping:
      needs(9, false)
      return { type: 'ping', stampMs: view.readDoubleBE(1), note: view.subarray(9) }
    case TYPE.pong:
      needs(9)
      return { type: 'pong', echoMs: view.readDoubleBE(1) }
    case TYPE.bye: {
      needs(2)
      const why = BYE[view.readUInt8(1)]
      if (why === undefined) throw new FrameError('a bye without a known reason')
      return { type: 'bye', why }
    }
    default:
      throw new FrameError(`a frame of the unknown type ${type}`)
  }
}
