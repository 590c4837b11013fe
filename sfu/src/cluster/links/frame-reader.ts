import { FrameError } from './frame-codec.ts'

/** The length before each frame on a byte stream: u32, big-endian, not counting itself. */
export const LENGTH_BYTES = 4

/**
 * Cuts a byte stream into frames. Holds at most one frame that is not whole, in one buffer of just its length, however small the pieces
 * are that it comes in; a length over the limit is refused before a byte of it is kept.
 */
export class FrameReader {
  /** Bytes; may be raised once the other side has proved who it is. */
  limit: number
  readonly #length = Buffer.alloc(LENGTH_BYTES)
  #lengthHas = 0
  #body: Buffer | undefined
  #bodyHas = 0
  #rest: Buffer | undefined

  constructor(limit: number) {
    this.limit = limit
  }

  /** Gives it the next piece; call `next` until it answers undefined before the next `push`. */
  push(chunk: Buffer): void {
    this.#rest = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
  }

  /** The next whole frame, a view of what was pushed where that is possible. @throws FrameError for a length over the limit or of 0. */
  next(): Buffer | undefined {
    if (this.#body === undefined) {
      const head = this.#take(LENGTH_BYTES - this.#lengthHas)
      head.copy(this.#length, this.#lengthHas)
      this.#lengthHas += head.length
      if (this.#lengthHas < LENGTH_BYTES) return undefined
      const length = this.#length.readUInt32BE(0)
      if (length === 0 || length > this.limit) throw new FrameError('a frame over the limit, or empty')
      if (this.#rest !== undefined && this.#rest.length >= length) {
        this.#lengthHas = 0
        return this.#take(length)
      }
      this.#body = Buffer.allocUnsafe(length)
      this.#bodyHas = 0
    }
    const piece = this.#take(this.#body.length - this.#bodyHas)
    piece.copy(this.#body, this.#bodyHas)
    this.#bodyHas += piece.length
    if (this.#bodyHas < this.#body.length) return undefined
    const whole = this.#body
    this.#body = undefined
    this.#lengthHas = 0
    return whole
  }

  /** At most so many bytes of what is there. */
  #take(most: number): Buffer {
    const rest = this.#rest
    if (rest === undefined) return Buffer.alloc(0)
    const piece = rest.subarray(0, most)
    this.#rest = rest.length > most ? rest.subarray(most) : undefined
    return piece
  }
}
