import type { Consumer } from 'mediasoup/types'
import type { Logger } from 'pino'
import type { PipeSignals } from '../../room/base/node-media.ts'
import type { PublishedTrack, TrackCodec } from '../track/published-track.ts'

/**
 * A codec of a track on its way to one other node, seen from its home. Pauses go both ways as levels: the landing node is told
 * whether the publisher sends, and says whether anybody there can take it now. Both are compared again and again, because a
 * change may come while an end is being made.
 */
export class OutgoingPipe {
  readonly node: string
  readonly serial: number
  readonly track: PublishedTrack
  readonly codec: TrackCodec
  readonly #signals: PipeSignals
  readonly #logger: Logger
  readonly #onClosed: (pipe: OutgoingPipe) => void
  readonly #follow = () => this.#tellChange()
  #consumer: Consumer | undefined
  #isWanted = true
  #isApplying = false
  #isClosed = false
  #rev = 1
  #paused: boolean

  constructor(options: {
    node: string
    serial: number
    track: PublishedTrack
    codec: TrackCodec
    signals: PipeSignals
    logger: Logger
    onClosed: (pipe: OutgoingPipe) => void
  }) {
    this.node = options.node
    this.serial = options.serial
    this.track = options.track
    this.codec = options.codec
    this.#signals = options.signals
    this.#logger = options.logger
    this.#onClosed = options.onClosed
    this.#paused = this.codec.producer.paused
    this.codec.producer.observer.on('pause', this.#follow)
    this.codec.producer.observer.on('resume', this.#follow)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Takes the pipe's consumer, which is closed with it. */
  attach(consumer: Consumer): void {
    this.#consumer = consumer
    const onLost = () => this.close()
    consumer.on('producerclose', onLost)
    consumer.on('transportclose', onLost)
    this.#apply()
  }

  /** Whether the publisher sends, with the number of that word. */
  level(): { rev: number; paused: boolean } {
    const { paused } = this.codec.producer
    if (paused !== this.#paused) {
      this.#paused = paused
      this.#rev += 1
    }
    return { rev: this.#rev, paused }
  }

  /** False: nobody on the node can take it now, so that nothing is sent there. */
  setWanted(isWanted: boolean): void {
    this.#isWanted = isWanted
    this.#apply()
  }

  /** Says again how it is, and tries again what did not work. */
  compare(): void {
    if (this.#isClosed) return
    this.#tell()
    this.#apply()
  }

  /** Ends it and tells the node. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.codec.producer.observer.off('pause', this.#follow)
    this.codec.producer.observer.off('resume', this.#follow)
    this.#consumer?.close()
    this.#rev += 1
    this.#tell()
    this.#onClosed(this)
  }

  #tellChange(): void {
    const before = this.#rev
    if (this.level().rev !== before) this.#tell()
  }

  #tell(): void {
    const { serial, track } = this
    this.#signals.state(this.node, {
      serial,
      trackId: track.trackId,
      ...this.level(),
      closed: this.#isClosed,
    })
  }

  #apply(): void {
    if (this.#isApplying || !this.#consumer) return
    this.#isApplying = true
    this.#bringInStep(this.#consumer)
      .catch(error => {
        if (!this.#isClosed)
          this.#logger.warn({ err: error, serial: this.serial }, 'pipe not paused or resumed')
      })
      .finally(() => {
        this.#isApplying = false
      })
  }

  async #bringInStep(consumer: Consumer): Promise<void> {
    while (!consumer.closed && consumer.paused === this.#isWanted)
      await (this.#isWanted ? consumer.resume() : consumer.pause())
  }
}
