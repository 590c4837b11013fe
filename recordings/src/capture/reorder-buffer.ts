import { type RtpPacket, Unwrapper } from './rtp.ts'

/** `arrivedAtMs` is on the recorder's clock, milliseconds since the epoch; `index` is the sequence number without wrap. */
export interface ArrivedPacket extends RtpPacket {
  arrivedAtMs: number
  index: number
  /** True when packets before this one are lost for good. */
  afterLoss: boolean
}

/** A packet this far behind is no straggler: with so many of them in a row the sender has begun to count anew. */
const RESTART_DISTANCE = 500
const RESTART_PACKETS = 10

/**
 * Puts packets back into order. The SFU repairs losses from its publishers with retransmissions, which it passes on
 * when they come, so a missing packet is waited for. A recording has time: the wait may be long.
 */
export class ReorderBuffer {
  readonly #waitMs: number
  readonly #maxPackets: number
  #sequence = new Unwrapper(16)
  readonly #held = new Map<number, ArrivedPacket>()
  #next: number | null = null
  /** When the oldest held packet came: the gap before it is at least that old. */
  #gapSinceMs = 0
  #farBehind = 0
  #isAfterRestart = false

  constructor(waitMs = 700, maxPackets = 2000) {
    this.#waitMs = waitMs
    this.#maxPackets = maxPackets
  }

  /** Returns the packets that are now in order; late duplicates are dropped. */
  push(packet: RtpPacket, arrivedAtMs: number): ArrivedPacket[] {
    const index = this.#sequence.unwrap(packet.sequence)
    if (this.#next === null) this.#next = index
    if (index < this.#next || this.#held.has(index)) {
      this.#farBehind = index < this.#next - RESTART_DISTANCE ? this.#farBehind + 1 : 0
      if (this.#farBehind < RESTART_PACKETS) return this.flush(arrivedAtMs)
      const rest = this.drain()
      this.#sequence = new Unwrapper(16)
      this.#next = null
      this.#farBehind = 0
      this.#isAfterRestart = true
      return [...rest, ...this.push(packet, arrivedAtMs)]
    }
    this.#farBehind = 0
    if (this.#held.size === 0) this.#gapSinceMs = arrivedAtMs
    this.#held.set(index, { ...packet, arrivedAtMs, index, afterLoss: false })
    return this.flush(arrivedAtMs)
  }

  /** Gives up on gaps that are too old at `nowMs`. To be called now and then also when nothing arrives. */
  flush(nowMs: number): ArrivedPacket[] {
    const out: ArrivedPacket[] = []
    this.#release(out, false)
    while (this.#held.size > 0 && this.#mayGiveUp(nowMs)) {
      this.#next = Math.min(...this.#held.keys())
      this.#release(out, true)
    }
    return out
  }

  /** Everything held, gaps or not. For the end of a stream. */
  drain(): ArrivedPacket[] {
    return this.flush(Number.POSITIVE_INFINITY)
  }

  #mayGiveUp(nowMs: number): boolean {
    return nowMs - this.#gapSinceMs >= this.#waitMs || this.#held.size >= this.#maxPackets
  }

  #release(out: ArrivedPacket[], afterLoss: boolean): void {
    let lost = afterLoss || this.#isAfterRestart
    let packet = this.#next === null ? undefined : this.#held.get(this.#next)
    while (packet) {
      this.#held.delete(packet.index)
      packet.afterLoss = lost
      lost = false
      this.#isAfterRestart = false
      out.push(packet)
      this.#next = packet.index + 1
      this.#gapSinceMs = packet.arrivedAtMs
      packet = this.#held.get(this.#next)
    }
    if (this.#held.size > 0) {
      let oldest = Number.POSITIVE_INFINITY
      for (const held of this.#held.values()) oldest = Math.min(oldest, held.arrivedAtMs)
      this.#gapSinceMs = oldest
    }
  }
}
