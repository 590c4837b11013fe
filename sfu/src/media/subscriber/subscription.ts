import { SerialQueue } from '@diemcau/core/serial-queue.ts'
import type { Consumer } from 'mediasoup/types'
import type { Logger } from 'pino'
import { chooseSpatialLayer, chooseTemporalLayer, rankOf, type TrackSettings } from '../track/layer-choice.ts'
import type { PublishedTrack, Reach, TrackCodec } from '../track/published-track.ts'
import type { Verdict } from './congestion.ts'
import type { Section } from './section-table.ts'

/** Bandwidth may dip below a layer for a moment; the client is told only when nothing flowed for this long, ms. */
const STREAM_PAUSE_DELAY_MS = 2_000
/** A client that hears of a track by its first packet is given that much of a voice which is not heard, ms: silence sends some, too. */
const FIRST_PACKETS_MS = 2_000
/** Wait before settings the worker refused are given to it again, ms. */
const APPLY_RETRY_MS = 1_000

/** Stands in for a muted track (BlankMedia). */
export interface Blank extends Reach {
  /** For the next seconds. */
  send: () => void
}

/** One track taken by one subscriber: its consumer, what the client wants of it, whether it flows. */
export class Subscription {
  readonly track: PublishedTrack
  readonly codec: TrackCodec
  section!: Section<Subscription>
  /** Settles when the consumer exists; idempotent subscribes share it. */
  ready!: Promise<void>
  releasePipe: () => void = () => {}
  isClosed = false
  #consumer: Consumer | undefined
  #blank: Blank | undefined
  #isLive = false
  #isHeard: boolean
  #isBeginning = false
  #beginTimer: NodeJS.Timeout | undefined
  readonly #needsFirstPackets: boolean
  #settings: TrackSettings
  #verdict: Verdict = 'free'
  #isToldPaused = false
  #pauseTimer: NodeJS.Timeout | undefined
  #applyTimer: NodeJS.Timeout | undefined
  readonly #queue = new SerialQueue()
  readonly #logger: Logger
  readonly #onStreamState: (state: 'active' | 'paused') => void

  constructor(options: {
    track: PublishedTrack
    codec: TrackCodec
    settings: TrackSettings
    /** As `setHeard`; default true. */
    isHeard?: boolean
    /** The client hears of the track by its first packet. */
    needsFirstPackets?: boolean
    logger: Logger
    onStreamState: (state: 'active' | 'paused') => void
  }) {
    this.track = options.track
    this.codec = options.codec
    this.#settings = options.settings
    this.#isHeard = options.isHeard ?? true
    this.#needsFirstPackets = options.needsFirstPackets ?? false
    this.#logger = options.logger
    this.#onStreamState = options.onStreamState
    this.#tellWanted()
  }

  get consumer(): Consumer | undefined {
    return this.#consumer
  }

  get settings(): TrackSettings {
    return this.#settings
  }

  get isLive(): boolean {
    return this.#isLive
  }

  /** Media would flow if the link carried it. */
  get isWanted(): boolean {
    return (
      this.#isLive &&
      !this.isClosed &&
      !this.#blank &&
      !this.#settings.disabled &&
      !this.isUnheard &&
      !this.#consumer?.producerPaused
    )
  }

  /** It is one of more microphones than are heard at once, and not its turn: the client has it, and gets nothing of it. */
  get isUnheard(): boolean {
    return !this.#isHeard && !this.#isBeginning && !this.#blank
  }

  get hasLayers(): boolean {
    return this.#consumer?.type === 'simulcast' || this.#consumer?.type === 'svc'
  }

  /** Pictures of a higher rank are served first. */
  get rank(): number {
    return rankOf(this.#settings, this.track.isScreen)
  }

  get verdict(): Verdict {
    return this.#verdict
  }

  /** What the link carries of this picture; the client is told when it is nothing, and when it is something again. */
  setVerdict(verdict: Verdict): void {
    if (verdict === this.#verdict || this.isClosed) return
    this.#verdict = verdict
    if (verdict === 'held') this.#tellPaused(true)
    // With layers it flows when the worker has found one for it, which it tells; else when it is resumed.
    else if (!this.hasLayers && verdict !== 'drain') this.#tellPaused(false)
    void this.#apply()
  }

  /** Whether the client is to hear this microphone now. It is not told: the track stays subscribed and comes back at any moment. */
  setHeard(isHeard: boolean): void {
    if (isHeard === this.#isHeard || this.isClosed) return
    this.#isHeard = isHeard
    if (this.#isLive) void this.#apply()
  }

  /** Takes the paused consumer; it is closed with the subscription. `blank` when it is of that and not of the track. */
  attach(consumer: Consumer, blank?: Blank): void {
    this.#consumer = consumer
    this.#blank = blank
    if (this.hasLayers) consumer.on('layerschange', layers => this.#handleLayers(layers !== undefined))
  }

  /** The client has the description: media may flow. */
  async goLive(): Promise<void> {
    if (this.#isLive || this.isClosed) return
    this.#isLive = true
    this.#tellWanted()
    if (this.#needsFirstPackets && !this.#isHeard) this.#begin()
    await this.#apply()
    this.#blank?.send()
  }

  #begin(): void {
    this.#isBeginning = true
    this.#beginTimer = setTimeout(() => {
      this.#isBeginning = false
      void this.#apply()
    }, FIRST_PACKETS_MS)
  }

  async update(settings: TrackSettings): Promise<void> {
    this.#settings = settings
    this.#tellWanted()
    if (this.#isLive) await this.#apply()
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    clearTimeout(this.#pauseTimer)
    clearTimeout(this.#applyTimer)
    clearTimeout(this.#beginTimer)
    this.track.setWanted(this, undefined)
    this.#consumer?.close()
    this.releasePipe()
  }

  get #spatialLayer(): number {
    return chooseSpatialLayer(this.#settings, this.codec.spatialLayers, this.codec.layers)
  }

  #tellWanted(): void {
    this.track.setWanted(this, {
      mimeType: this.codec.mimeType,
      maxSpatialLayer: this.#settings.disabled ? -1 : this.#spatialLayer,
      isLive: this.#isLive,
    })
  }

  /** Brings the worker in line with the settings; changes that overtake one another end with the last. */
  #apply(): Promise<void> {
    return this.#queue.run(async () => {
      const consumer = this.#consumer
      if (!consumer || this.isClosed) return
      try {
        // A consumer is paused when it is made: of hundreds that are never heard the worker is not asked again.
        if (this.isUnheard) {
          if (!consumer.paused) await consumer.pause()
          return
        }
        if (this.#settings.disabled || this.#verdict === 'held' || this.#verdict === 'drain') {
          await consumer.pause()
          return
        }
        if (this.hasLayers) {
          const temporalLayer = chooseTemporalLayer(this.#settings.fps)
          await consumer.setPreferredLayers(
            this.#verdict === 'lowest'
              ? { spatialLayer: 0, temporalLayer: 0 }
              : {
                  spatialLayer: this.#spatialLayer,
                  ...(temporalLayer === undefined ? {} : { temporalLayer }),
                },
          )
        }
        if (this.track.kind === 'video') {
          const priority = Math.min(this.rank, 255)
          if (priority !== consumer.priority) await consumer.setPriority(priority)
        }
        await consumer.resume()
      } catch (error) {
        if (consumer.closed || this.isClosed) return
        this.#logger.warn({ err: error, trackId: this.track.trackId }, 'settings not applied')
        // Left as it is, a consumer that was never resumed would stay silent.
        clearTimeout(this.#applyTimer)
        this.#applyTimer = setTimeout(() => void this.#apply(), APPLY_RETRY_MS)
      }
    })
  }

  #handleLayers(isFlowing: boolean): void {
    clearTimeout(this.#pauseTimer)
    if (isFlowing) {
      if (this.#verdict !== 'held') this.#tellPaused(false)
      return
    }
    this.#pauseTimer = setTimeout(() => {
      const consumer = this.#consumer
      // No layer although wanted, live and sent by the publisher: it is the bandwidth.
      if (!consumer || consumer.closed || consumer.paused || consumer.producerPaused) return
      if (consumer.score.producerScores.some(score => score > 0)) this.#tellPaused(true)
    }, STREAM_PAUSE_DELAY_MS)
  }

  #tellPaused(isPaused: boolean): void {
    if (isPaused === this.#isToldPaused) return
    this.#isToldPaused = isPaused
    this.#onStreamState(isPaused ? 'paused' : 'active')
  }
}
