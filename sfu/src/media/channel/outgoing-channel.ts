import { Fifo } from '@diemcau/core/fifo.ts'
import type { DataConsumer } from 'mediasoup/types'

/** Bytes handed to the worker and not yet on the wire; the worker's own limit is 2 MB over all channels of a client. */
const WORKER_WINDOW_BYTES = 512 * 1024
const LOW_WATER_BYTES = 128 * 1024
/** A subscriber this far behind on the reliable channel is not going to catch up. */
export const RELIABLE_QUEUE_BYTES = 16 * 1024 * 1024
/** What a waiting message costs beside its payload, so that a million tiny ones count as what they are. */
const ENTRY_BYTES = 128

/** Wait before a full window is looked at again, ms. */
const RECHECK_MS = 100

/** What the channel needs of a mediasoup DataConsumer. */
export type ChannelSink = Pick<
  DataConsumer,
  'send' | 'closed' | 'on' | 'setBufferedAmountLowThreshold' | 'getBufferedAmount'
>

export interface ChannelOptions {
  isReliable: boolean
  ppid: number
  /** Bound of what waits here on a reliable channel; default 16 MiB. */
  queueBytes?: number
  /**
   * A reliable message could not be kept or sent: nothing after it may go out, or the client would take the gap for
   * the order. Fires once, never within `send`, and the channel takes nothing any more.
   */
  onLost?(why: string): void
}

/**
 * One channel towards a client with a bound on what may pile up: lossy messages are dropped at a full window,
 * reliable ones wait in a queue of at most 16 MiB, and beyond that the channel is lost as a whole.
 */
export class OutgoingChannel {
  readonly #sink: ChannelSink
  readonly #options: ChannelOptions
  readonly #queueLimit: number
  readonly #queue = new Fifo<Buffer>()
  #queuedBytes = 0
  /** Sent to the worker, answer not back yet. */
  #inFlightBytes = 0
  /** As the worker last reported. */
  #bufferedBytes = 0
  #isLost = false
  #recheckTimer: NodeJS.Timeout | undefined

  constructor(sink: ChannelSink, options: ChannelOptions) {
    this.#sink = sink
    this.#options = options
    this.#queueLimit = options.queueBytes ?? RELIABLE_QUEUE_BYTES
    sink.on('bufferedamountlow', amount => {
      this.#bufferedBytes = amount
      this.#drain()
    })
    sink.setBufferedAmountLowThreshold(LOW_WATER_BYTES).catch(() => {
      // The consumer closed before it was used.
    })
  }

  /** False when the message was dropped. */
  send(payload: Uint8Array): boolean {
    if (this.#sink.closed || this.#isLost) return false
    const message = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
    if (!this.#options.isReliable) {
      if (this.#isWindowFull) {
        this.#recheckLater()
        return false
      }
      this.#hand(message)
      return true
    }
    const cost = message.length + ENTRY_BYTES
    if (this.#queuedBytes + cost > this.#queueLimit) {
      this.#lose(`more than ${this.#queueLimit} bytes wait for the client`)
      return false
    }
    this.#queue.push(message)
    this.#queuedBytes += cost
    this.#drain()
    return true
  }

  get #isWindowFull(): boolean {
    return this.#bufferedBytes + this.#inFlightBytes >= WORKER_WINDOW_BYTES
  }

  #drain(): void {
    while (this.#queue.length > 0 && !this.#isWindowFull && !this.#sink.closed && !this.#isLost) {
      const message = this.#queue.shift() as Buffer
      this.#queuedBytes -= message.length + ENTRY_BYTES
      this.#hand(message)
    }
    if (this.#queue.length > 0) this.#recheckLater()
  }

  /** Discarded messages leave the worker's buffer without an event, so a full window is also looked at now and then. */
  #recheckLater(): void {
    if (this.#recheckTimer || this.#sink.closed || this.#isLost) return
    this.#recheckTimer = setTimeout(() => {
      this.#recheckTimer = undefined
      if (this.#sink.closed) return
      this.#sink.getBufferedAmount().then(
        amount => {
          this.#bufferedBytes = amount
          this.#drain()
        },
        () => {
          // The transport closed in between.
        },
      )
    }, RECHECK_MS)
    // A channel alone must not keep the process alive.
    this.#recheckTimer.unref()
  }

  #hand(message: Buffer): void {
    this.#inFlightBytes += message.length + ENTRY_BYTES
    this.#sink
      .send(message, this.#options.ppid)
      .then(
        buffered => {
          this.#bufferedBytes = buffered
        },
        error => {
          // A transport that closed under the message is known to its owner; anything else breaks the promise.
          if (this.#options.isReliable && !this.#sink.closed) this.#lose(`the worker refused it: ${error}`)
        },
      )
      .finally(() => {
        this.#inFlightBytes -= message.length + ENTRY_BYTES
        this.#drain()
      })
  }

  #lose(why: string): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#queue.clear()
    this.#queuedBytes = 0
    clearTimeout(this.#recheckTimer)
    // Later, so that a room in the middle of sending to all is not changed under its feet.
    setImmediate(() => this.#options.onLost?.(why))
  }
}
