/** Viewers that need no browser: a recorder's plain RTP, counted. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { TrackId } from '@diemcau/core/ids.ts'
import type { CaptureLossReason, CaptureMedia, RoomMedia } from '../../src/room/base/ports.ts'

/** So many bytes of a packet's end are the same by chance in no two of them. */
const TAIL_BYTES = 12

/** RTCP shares the port (RFC 5761 §4). */
const isRtp = (packet: Buffer) => (packet[1]! & 0x7f) < 64 || (packet[1]! & 0x7f) > 95

async function openSocket(): Promise<Socket & { port: number }> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return Object.assign(socket, { port: (socket.address() as AddressInfo).port })
}

export class Tap {
  packets = 0
  bytes = 0
  /** Why what was captured came no more, each time. */
  readonly lost: CaptureLossReason[] = []
  /** Ends of the first packets, as they came, in hex. */
  readonly tails: string[] = []
  /** Sequence numbers, counted on over 65535. */
  readonly sequences = new Set<number>()
  readonly #capture: CaptureMedia
  readonly #socket: Socket
  readonly #trackId: TrackId
  #last: number | undefined

  private constructor(room: RoomMedia, socket: Socket, trackId: TrackId) {
    this.#capture = room.openCapture({ onLost: (_trackId, reason) => this.lost.push(reason) })
    this.#socket = socket
    this.#trackId = trackId
    socket.on('message', packet => this.#take(packet))
  }

  static async open(room: RoomMedia, trackId: TrackId): Promise<Tap> {
    const socket = await openSocket()
    const tap = new Tap(room, socket, trackId)
    try {
      await tap.take()
    } catch (error) {
      await tap.close()
      throw error
    }
    return tap
  }

  /** Numbers that never came, of all but the newest `tail`, which may still be on their way. */
  missing(tail: number): number[] {
    const [first, last] = [Math.min(...this.sequences), Math.max(...this.sequences) - tail]
    const missing: number[] = []
    for (let n = first; n <= last; n++) if (!this.sequences.has(n)) missing.push(n)
    return missing
  }

  /** As a recorder does, also after a loss. */
  async take(): Promise<void> {
    await this.#capture.consume(this.#trackId, '127.0.0.1', this.#socket.address().port)
    await this.#capture.resume(this.#trackId)
  }

  async release(): Promise<void> {
    await this.#capture.release(this.#trackId)
  }

  async close(): Promise<void> {
    await this.#capture.close('left')
    this.#socket.close()
  }

  #take(packet: Buffer): void {
    if (!isRtp(packet)) return
    this.packets += 1
    this.bytes += packet.length
    if (this.tails.length < 500) this.tails.push(packet.subarray(-TAIL_BYTES).toString('hex'))
    const raw = packet.readUInt16BE(2)
    const near = this.#last ?? raw
    const step = ((raw - near + 0x18000) & 0xffff) - 0x8000
    this.sequences.add(near + step)
    if (step > 0 || this.#last === undefined) this.#last = near + step
  }
}

/** Stands between the two ends of a pair and loses what it is told to. Each end takes it for the other. */
export class LossyPath {
  /** What the ends are told: `a` sends to `portForA`. */
  readonly portForA: number
  readonly portForB: number
  /** True loses a packet of media that came from `a`. */
  loses: (ssrc: number, sequence: number) => boolean = () => false
  lost = 0
  /** What went by from `a`, in hex, for those who look whether it can be read. */
  readonly seen: string[] = []
  readonly #sockets: Socket[]
  #portOfA = 0
  #portOfB = 0

  private constructor(facingA: Socket & { port: number }, facingB: Socket & { port: number }) {
    this.portForA = facingA.port
    this.portForB = facingB.port
    this.#sockets = [facingA, facingB]
    facingA.on('message', packet => {
      if (isRtp(packet)) {
        if (this.seen.length < 200) this.seen.push(packet.toString('hex'))
        if (this.loses(packet.readUInt32BE(8), packet.readUInt16BE(2))) {
          this.lost += 1
          return
        }
      }
      facingB.send(packet, this.#portOfB, '127.0.0.1')
    })
    facingB.on('message', packet => facingA.send(packet, this.#portOfA, '127.0.0.1'))
  }

  static async open(): Promise<LossyPath> {
    return new LossyPath(await openSocket(), await openSocket())
  }

  /** For `TwoHalves.rewriteEnd`: remembers where the ends are and puts itself between them. */
  readonly rewrite = (from: 'a' | 'b', end: { port: number }): void => {
    if (from === 'a') {
      this.#portOfA = end.port
      end.port = this.portForB
    } else {
      this.#portOfB = end.port
      end.port = this.portForA
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.close()
  }
}
