import type { TLSSocket } from 'node:tls'
import { FrameError } from './frame-codec.ts'
import { FrameReader, LENGTH_BYTES } from './frame-reader.ts'
import type { Wire, WireListener } from './wire.ts'

/** How long a goodbye may take to leave, ms. */
const FINISH_MS = 500
/** Frames up to this are written in one piece. */
const COPIED_BYTES = 16 * 1024

/** Frames over a TLS socket, each after its length. The first is taken by `first`, and nothing is read after it until `listen`. */
export class TlsWire implements Wire {
  readonly #socket: TLSSocket
  readonly #reader: FrameReader
  /** Limit of frames once the first was taken. */
  readonly #frameBytes: number
  #first: { resolve(bytes: Buffer): void; reject(error: Error): void } | null = null
  #listener: WireListener | null = null
  #isEnded = false
  #endedAs: 'broken' | 'protocol' = 'broken'
  #isCorked = false
  #pendingBytes = 0

  /** @param firstBytes limit of the first frame; `frameBytes` that of all others */
  constructor(socket: TLSSocket, limits: { firstBytes: number; frameBytes: number }) {
    this.#socket = socket
    this.#reader = new FrameReader(limits.firstBytes)
    this.#frameBytes = limits.frameBytes
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      if (this.#isEnded) return
      this.#reader.push(chunk)
      this.#pump()
    })
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.destroy())
    socket.on('close', () => this.#end('broken'))
    socket.pause()
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** The first frame. @throws Error when the socket ends before, or what comes is no frame. */
  first(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#isEnded) return reject(new Error('the connection ended'))
      this.#first = { resolve, reject }
      this.#socket.resume()
    })
  }

  listen(listener: WireListener): void {
    this.#listener = listener
    if (this.#isEnded) {
      listener.closed(this.#endedAs)
      return
    }
    this.#reader.limit = this.#frameBytes
    this.#socket.resume()
    this.#pump()
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#isEnded) return
    if (!this.#isCorked) {
      // Everything of one turn of the loop leaves in one go.
      this.#isCorked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#isCorked = false
        this.#socket.uncork()
      })
    }
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const head = Buffer.allocUnsafe(LENGTH_BYTES)
    head.writeUInt32BE(length)
    const all = length <= COPIED_BYTES ? [Buffer.concat([head, ...pieces])] : [head, ...pieces]
    const bytes = length + LENGTH_BYTES
    this.#pendingBytes += bytes
    const left = () => {
      this.#pendingBytes -= bytes
      if (!this.#isEnded) this.#listener?.drained()
    }
    all.forEach((piece, i) => {
      this.#socket.write(piece, i === all.length - 1 ? left : undefined)
    })
  }

  finish(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const timer = setTimeout(() => this.#socket.destroy(), FINISH_MS)
    this.#socket.on('close', () => clearTimeout(timer))
    this.#socket.end()
    // Unread bytes would keep the peer's end from being seen.
    this.#socket.resume()
  }

  destroy(): void {
    this.#isEnded = true
    this.#first?.reject(new Error('the connection was ended'))
    this.#first = null
    this.#socket.destroy()
  }

  #pump(): void {
    try {
      while (!this.#isEnded && (this.#first !== null || this.#listener !== null)) {
        const frame = this.#reader.next()
        if (frame === undefined) return
        if (this.#first !== null) {
          const { resolve } = this.#first
          this.#first = null
          this.#socket.pause()
          resolve(frame)
        } else this.#listener?.frame(frame)
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#end('protocol')
      this.#socket.destroy()
    }
  }

  #end(why: 'broken' | 'protocol'): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#endedAs = why
    this.#first?.reject(new Error('the connection ended'))
    this.#first = null
    this.#listener?.closed(why)
  }
}
