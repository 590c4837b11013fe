/**
 * Calls and answers are facts among others; their payloads, big-endian:
 *
 * ```
 * call    id u48 · deadline f64 (cluster's time, ms) · length of method u8 · method · arguments
 * answer  id u48 · 0 · result          or   id u48 · 1 · length of code u8 · code · message
 * ```
 */
import { FrameError } from './frame-codec.ts'

export interface Call {
  /** 1 for the first of a caller's incarnation to this peer. */
  id: number
  /** In the cluster's time, ms: after it the call is not executed. */
  deadlineMs: number
  method: string
  payload: Uint8Array
}

export interface Answer {
  id: number
  payload: Uint8Array
  /** Code and message of the AppError it failed with. */
  error: { code: string; message: string } | null
}

export const MAX_METHOD_BYTES = 255
const MAX_MESSAGE = 1024

/** The method has at most `MAX_METHOD_BYTES`. */
export function encodeCall(call: Call): Buffer {
  const method = Buffer.from(call.method)
  const head = Buffer.alloc(15)
  head.writeUIntBE(call.id, 0, 6)
  head.writeDoubleBE(call.deadlineMs, 6)
  head.writeUInt8(method.length, 14)
  return Buffer.concat([head, method, call.payload])
}

/** @throws FrameError. */
export function decodeCall(bytes: Uint8Array): Call {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length < 15 || view.length < 15 + view.readUInt8(14))
    throw new FrameError('a call that is cut off')
  const end = 15 + view.readUInt8(14)
  return {
    id: view.readUIntBE(0, 6),
    deadlineMs: view.readDoubleBE(6),
    method: view.toString('utf8', 15, end),
    payload: view.subarray(end),
  }
}

export function encodeAnswer(answer: Answer): Buffer {
  const head = Buffer.alloc(7)
  head.writeUIntBE(answer.id, 0, 6)
  if (answer.error === null) return Buffer.concat([head, answer.payload])
  head.writeUInt8(1, 6)
  const code = Buffer.from(answer.error.code)
  return Buffer.concat([
    head,
    Buffer.from([code.length]),
    code,
    Buffer.from(answer.error.message.slice(0, MAX_MESSAGE)),
  ])
}

/** @throws FrameError. */
export function decodeAnswer(bytes: Uint8Array): Answer {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length < 7) throw new FrameError('an answer that is cut off')
  const id = view.readUIntBE(0, 6)
  if (view.readUInt8(6) === 0) return { id, payload: view.subarray(7), error: null }
  if (view.length < 8 || view.length < 8 + view.readUInt8(7))
    throw new FrameError('an answer that is cut off')
  const end = 8 + view.readUInt8(7)
  return {
    id,
    payload: new Uint8Array(0),
    error: { code: view.toString('utf8', 8, end), message: view.toString('utf8', end) },
  }
}
