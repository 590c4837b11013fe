import { EventEmitter } from 'node:events'
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import type { ProducerStat } from 'mediasoup/types'
import type { Logger } from 'pino'
import type { Carrier, Reach, TrackProducer } from '../track/published-track.ts'
import type { RoomRouter } from '../worker/room-router.ts'
import { Landing } from './landing.ts'

/** Stands for a codec that is published on another node, whether it has landed here or not. */
export class LandedProducer implements TrackProducer {
  readonly id = newId<string>('landed:')
  readonly observer = new EventEmitter()
  readonly #ttlMs: number
  readonly #logger: Logger
  readonly #open: (landing: Landing) => void
  readonly #onLanded: () => void
  readonly #onEnded: (landing: Landing) => void
  #landing: Landing | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #isMuted: boolean
  #wasPaused: boolean
  #isClosed = false

  /** `open` fills the landing's `ready`; `onLanded`: it can be consumed; `onEnded`: it is not there any more. */
  constructor(options: {
    /** How long it stays when nobody uses it. */
    ttlMs: number
    logger: Logger
    isMuted: boolean
    open: (landing: Landing) => void
    onLanded: () => void
    onEnded: (landing: Landing) => void
  }) {
    this.#ttlMs = options.ttlMs
    this.#logger = options.logger
    this.#open = options.open
    this.#onLanded = options.onLanded
    this.#onEnded = options.onEnded
    this.#isMuted = options.isMuted
    this.#wasPaused = options.isMuted
    // One listener for each viewer that is given a blank picture.
    this.observer.setMaxListeners(0)
  }

  /** The pipe's word where there is one: it is as quick as the media. */
  get paused(): boolean {
    return this.#landing?.isPaused ?? this.#isMuted
  }

  get closed(): boolean {
    return this.#isClosed
  }

  get rtpParameters(): TrackProducer['rtpParameters'] {
    return this.#landing?.producer?.rtpParameters ?? {}
  }

  get landedId(): string | undefined {
    return this.#landing?.producer?.id
  }

  /** Of its pipe, undefined while there is none. */
  get serial(): number | undefined {
    return this.#landing?.serial
  }

  /** Where it has landed or is about to. */
  get router(): RoomRouter | undefined {
    return this.#landing?.router
  }

  async getStats(): Promise<ProducerStat[]> {
    return (await this.#landing?.producer?.getStats()) ?? []
  }

  /** As the track's facts say, for as long as it has not landed. */
  setMuted(isMuted: boolean): void {
    this.#isMuted = isMuted
    this.#tellPaused()
  }

  /** @throws AppError('failed_precondition'): that is decided where it is published. */
  async pause(): Promise<void> {
    throw new AppError('failed_precondition', 'a track is muted on its own node')
  }

  async resume(): Promise<void> {
    await this.pause()
  }

  /** Makes it consumable in `target`: lands it there if it has not landed, else it comes from the router where it has. */
  async reach(target: RoomRouter, carrier: Carrier): Promise<Reach> {
    if (this.#isClosed) throw new AppError('track_not_found', 'the track ended on its node')
    const landing = this.#landing ?? this.#land(target)
    landing.users += 1
    clearTimeout(this.#idleTimer)
    let isReleased = false
    const leave = () => {
      if (isReleased) return
      isReleased = true
      landing.users -= 1
      if (landing.users === 0 && this.#landing === landing)
        this.#idleTimer = setTimeout(() => landing.close(), this.#ttlMs)
    }
    try {
      const producer = await landing.ready
      const local = await carrier.acquire(producer, landing.router, target)
      const release = () => {
        local.release()
        leave()
      }
      return { producerId: local.producerId, release }
    } catch (error) {
      leave()
      throw error
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#landing?.close()
  }

  #land(target: RoomRouter): Landing {
    const landing = new Landing(
      target,
      this.#logger,
      () => this.#tellPaused(),
      closed => {
        if (this.#landing !== closed) return
        this.#landing = undefined
        clearTimeout(this.#idleTimer)
        this.#onEnded(closed)
        this.#tellPaused()
      },
    )
    this.#landing = landing
    this.#open(landing)
    landing.ready.then(
      () => this.#onLanded(),
      () => {
        // Whoever wants it is told.
      },
    )
    return landing
  }

  #tellPaused(): void {
    if (this.#isClosed || this.paused === this.#wasPaused) return
    this.#wasPaused = this.paused
    this.observer.emit(this.paused ? 'pause' : 'resume')
  }
}
