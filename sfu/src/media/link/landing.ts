import { AppError } from '@diemcau/core/errors.ts'
import type { Producer } from 'mediasoup/types'
import type { Logger } from 'pino'
import type { RoomRouter } from '../worker/room-router.ts'
import type { PipeState } from './pipe-messages.ts'

/** What the home said of a pipe, and which word of it that was. */
interface Told {
  rev: number
  paused: boolean
}

/**
 * One landing of a codec: its producer in one router of this node, from the first wish until it is closed. Whoever uses it is
 * counted. What the home says may come before the producer is there.
 */
export class Landing {
  readonly router: RoomRouter
  /** Of the newest request; undefined before the first. */
  serial: number | undefined
  /** Rejects when it is closed. */
  readonly closed: Promise<never>
  /** Settles when it can be consumed. */
  ready!: Promise<Producer>
  users = 0
  readonly #logger: Logger
  readonly #onPaused: () => void
  readonly #onClosed: (landing: Landing) => void
  readonly #rejectClosed: (error: Error) => void
  #producer: Producer | undefined
  #told: Told | undefined
  #isApplying = false
  #isGone = false
  #isClosed = false

  constructor(
    router: RoomRouter,
    logger: Logger,
    onPaused: () => void,
    onClosed: (landing: Landing) => void,
  ) {
    this.router = router
    this.#logger = logger
    this.#onPaused = onPaused
    this.#onClosed = onClosed
    const { promise, reject } = Promise.withResolvers<never>()
    this.closed = promise
    this.#rejectClosed = reject
    // It matters only to who waits for an answer meanwhile.
    promise.catch(() => {})
  }

  get producer(): Producer | undefined {
    return this.#producer
  }

  /** Undefined: the home has not said yet. */
  get isPaused(): boolean | undefined {
    return this.#told?.paused
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** A new request is made: what was said of another is void. */
  begin(serial: number): void {
    this.serial = serial
    this.#told = undefined
    this.#isGone = false
  }

  /** The home's word, in whichever order it comes. */
  hear({ rev, paused, closed }: Pick<PipeState, 'rev' | 'paused' | 'closed'>): void {
    if (closed) {
      // `rev` 0 while it is asked for: the home does not know of it yet.
      if (rev > 0 || this.#producer) this.#isGone = true
      if (this.#producer) this.close()
      return
    }
    if (rev <= (this.#told?.rev ?? 0)) return
    this.#told = { rev, paused }
    this.#onPaused()
    this.apply()
  }

  /** Takes the producer, which is closed with the landing. @throws AppError when it was closed meanwhile. */
  attach(producer: Producer): void {
    if (this.#isClosed || this.#isGone || producer.closed) {
      producer.close()
      throw new AppError('unavailable', 'the way to the track was lost while it was opened')
    }
    this.#producer = producer
    producer.observer.once('close', () => this.close())
    this.apply()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#producer?.close()
    this.#rejectClosed(new AppError('unavailable', 'the track is not wanted any more'))
    this.#onClosed(this)
  }

  /** Brings the producer in step with what the home said. */
  apply(): void {
    const producer = this.#producer
    if (!producer || this.#isApplying) return
    this.#isApplying = true
    this.#bringInStep(producer)
      .catch(error => {
        if (!producer.closed) this.#logger.warn({ err: error, serial: this.serial }, 'pause not carried over')
      })
      .finally(() => {
        this.#isApplying = false
      })
  }

  async #bringInStep(producer: Producer): Promise<void> {
    while (!producer.closed && this.#told && producer.paused !== this.#told.paused)
      await (this.#told.paused ? producer.pause() : producer.resume())
  }
}
