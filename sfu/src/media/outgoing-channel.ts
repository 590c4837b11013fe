import type { DataConsumer } from 'mediasoup/types'

/** Bytes handed to the worker and not yet on the wire; the worker's own limit is 2 MB. */
const WORKER_WINDOW_BYTES = 512 * 1024
const LOW_WATER_BYTES = 128 * 1024
/** A subscriber this far behind on the reliable channel is not going to catch up. */
export const RELIABLE_QUEUE_BYTES = 16 * 1024 * 1024

/** Wait before a full window is looked at again, ms. */
const RECHECK_MS = 100

/** What the channel needs of a mediasoup DataConsumer. */
export type ChannelSink = Pick<
  DataConsumer,
  'send' | 'closed' | 'on' | 'setBufferedAmountLowThreshold' | 'getBufferedAmount'
>

/**
 * One channel towards a client with a bound on what may pile up: lossy messages are dropped at a full window,
 * reliable ones wait in a queue of at most 16 MiB.
 */
export class OutgoingChannel {
  readonly #sink: ChannelSink
  readonly #isReliable: boolean
  readonly #ppid: number
  readonly #queue: Buffer[] = []
  #queuedBytes = 0
  /** Sent to the worker, answer not back yet. */
  #inFlightBytes = 0
  /** As the worker last reported. */
  #bufferedBytes = 0
  #recheckTimer: NodeJS.Timeout | undefined

  constructor(sink: ChannelSink, isReliable: boolean, ppid: number) {
    this.#sink = sink
    this.#isReliable = isReliable
    this.#ppid = ppid
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
    if (this.#sink.closed) return false
    const message = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
    if (!this.#isReliable) {
      if (this.#isWindowFull) {
        this.#recheckLater()
        return false
      }
      this.#hand(message)
      return true
    }
    if (this.#queuedBytes + message.length > RELIABLE_QUEUE_BYTES) return false
    this.#queue.push(message)
    this.#queuedBytes += message.length
    this.#drain()
    return true
  }

  get #isWindowFull(): boolean {
    return this.#bufferedBytes + this.#inFlightBytes >= WORKER_WINDOW_BYTES
  }

  #drain(): void {
    while (this.#queue.length > 0 && !this.#isWindowFull && !this.#sink.closed) {
      const message = this.#queue.shift()!
      this.#queuedBytes -= message.length
      this.#hand(message)
    }
    if (this.#queue.length > 0) this.#recheckLater()
  }

  /** Discarded messages leave the worker's buffer without an event, so a full window is also looked at now and then. */
  #recheckLater(): void {
    if (this.#recheckTimer || this.#sink.closed) return
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
    this.#inFlightBytes += message.length
    this.#sink
      .send(message, this.#ppid)
      .then(
        buffered => {
          this.#bufferedBytes = buffered
        },
        () => {
          // The transport closed under the message; its owner knows.
        },
      )
      .finally(() => {
        this.#inFlightBytes -= message.length
        this.#drain()
      })
  }
}
