/**
 * Data from one client, within its rates: what is lossy and over the rate is dropped, what is reliable waits its turn, and
 * a client of which too much waits is told to reconnect. Data channels know no other way to slow a sender down. Closed by
 * the participant.
 */
import { Fifo } from '@diemcau/core/fifo.ts'
import { TokenBucket } from '@diemcau/core/token-bucket.ts'
import type { RoomLimits } from '../base/limits.ts'
import type { DataKind } from '../base/ports.ts'

/** How often waiting packets are looked at, ms. */
const TURN_MS = 20
/** What a waiting packet costs beside its payload. */
const ENTRY_BYTES = 128

export interface DataInletOptions {
  limits: RoomLimits
  now(): number
  /** In the order of arrival among reliable packets. */
  onPacket(kind: DataKind, payload: Uint8Array): void
  /** Once in a row, for the log. */
  onDropped(kind: DataKind, why: string): void
  /** More reliable data waits than is allowed; nothing is taken any more. Not fired within `take`. */
  onFlood(): void
}

export class DataInlet {
  readonly #options: DataInletOptions
  readonly #packets: TokenBucket
  readonly #trackPackets: TokenBucket
  readonly #waiting = new Fifo<Uint8Array>()
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined
  #isDropping = false
  #isClosed = false

  constructor(options: DataInletOptions) {
    const { limits, now } = options
    this.#options = options
    this.#packets = new TokenBucket(limits.dataPacketsPerS, limits.dataPacketBurst, now())
    this.#trackPackets = new TokenBucket(limits.dataTrackPacketsPerS, limits.dataTrackPacketBurst, now())
  }

  take(kind: DataKind, payload: Uint8Array): void {
    if (this.#isClosed) return
    if (payload.length > this.#options.limits.dataPacketBytes) this.#drop(kind, 'too_large')
    else if (kind === 'reliable') this.#takeReliable(payload)
    else if (!(kind === 'lossy' ? this.#packets : this.#trackPackets).take(this.#options.now()))
      this.#drop(kind, 'too_many')
    else {
      this.#isDropping = false
      this.#options.onPacket(kind, payload)
    }
  }

  #takeReliable(payload: Uint8Array): void {
    const { limits, now } = this.#options
    if (this.#waiting.length === 0 && this.#packets.take(now())) {
      this.#options.onPacket('reliable', payload)
      return
    }
    this.#waitingBytes += payload.length + ENTRY_BYTES
    if (this.#waitingBytes > limits.dataInletBytes) {
      this.close()
      setImmediate(() => this.#options.onFlood())
      return
    }
    this.#waiting.push(payload)
    this.#timer ??= setInterval(() => this.#turn(), TURN_MS)
  }

  #turn(): void {
    while (this.#waiting.length > 0 && this.#packets.take(this.#options.now())) {
      const payload = this.#waiting.shift() as Uint8Array
      this.#waitingBytes -= payload.length + ENTRY_BYTES
      this.#options.onPacket('reliable', payload)
    }
    if (this.#waiting.length > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #drop(kind: DataKind, why: string): void {
    if (!this.#isDropping) this.#options.onDropped(kind, why)
    this.#isDropping = true
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#waiting.clear()
    this.#waitingBytes = 0
  }
}
