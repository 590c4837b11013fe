import type { AudioLevelObserver, Router } from 'mediasoup/types'
import type { Logger } from 'pino'

/** The least that the worker takes, ms. */
const INTERVAL_MS = 250
/** Each observer tells every interval; so many, one after the other, tell of a beginning so much sooner. */
const OBSERVERS = 8
/** dBov; quieter counts as silence. */
const THRESHOLD_DBOV = -60
/** Of one report: more than anybody hears at once, and as many again. */
const MAX_ENTRIES = 16

export interface LevelListener {
  /** dBov (-127 to 0) of producers this listener asked for, loudest first. */
  onLevels(levels: { producerId: string; dbov: number }[]): void
}

/**
 * How loud the producers of one router are, every 31 ms over the last 250 ms. An observer wants ten packets in one interval, which
 * begins at any moment: one alone tells of somebody who begins to speak, out of an encoder's silence (DTX), after 200 to 450 ms.
 * Eight whose intervals are shifted tell after 200 to 231. They exist while somebody listens, and end with the router.
 */
export class LevelWatch {
  readonly #router: Router
  readonly #logger: Logger
  readonly #listeners = new Map<string, Set<LevelListener>>()
  #observers: AudioLevelObserver[] = []
  #timers: NodeJS.Timeout[] = []

  constructor(router: Router, logger: Logger) {
    this.#router = router
    this.#logger = logger
  }

  /** `producerId`: of an audio producer of this router. Call what is returned once; it may be after the producer has closed. */
  watch(producerId: string, listener: LevelListener): () => void {
    const listeners = this.#listeners.get(producerId) ?? new Set()
    this.#listeners.set(producerId, listeners.add(listener))
    if (listeners.size === 1) for (const observer of this.#observers) this.#add(observer, producerId)
    if (this.#timers.length === 0) this.#open()
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return
      this.#listeners.delete(producerId)
      if (this.#listeners.size === 0) this.#close()
      for (const observer of this.#observers)
        observer.removeProducer({ producerId }).catch(() => {
          // It has closed, or the router has.
        })
    }
  }

  #open(): void {
    this.#timers = Array.from({ length: OBSERVERS }, (_, index) =>
      setTimeout(() => void this.#observe(), (index * INTERVAL_MS) / OBSERVERS).unref(),
    )
  }

  async #observe(): Promise<void> {
    const timers = this.#timers
    if (this.#router.closed) return
    try {
      const observer = await this.#router.createAudioLevelObserver({
        maxEntries: MAX_ENTRIES,
        threshold: THRESHOLD_DBOV,
        interval: INTERVAL_MS,
      })
      if (this.#timers !== timers) {
        observer.close()
        return
      }
      observer.on('volumes', volumes =>
        this.#tell(volumes.map(({ producer, volume }) => ({ producerId: producer.id, dbov: volume }))),
      )
      this.#observers.push(observer)
      for (const producerId of this.#listeners.keys()) this.#add(observer, producerId)
    } catch (error) {
      // Those who open a microphone are let in all the same.
      if (!this.#router.closed) this.#logger.warn({ err: error }, 'voices are not measured')
    }
  }

  #add(observer: AudioLevelObserver, producerId: string): void {
    observer.addProducer({ producerId }).catch(error => {
      if (!observer.closed) this.#logger.debug({ err: error, producerId }, 'a voice is not measured')
    })
  }

  #tell(levels: { producerId: string; dbov: number }[]): void {
    const told = new Map<LevelListener, typeof levels>()
    for (const level of levels)
      for (const listener of this.#listeners.get(level.producerId) ?? [])
        told.set(listener, [...(told.get(listener) ?? []), level])
    for (const [listener, own] of told) listener.onLevels(own)
  }

  #close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers = []
    for (const observer of this.#observers) observer.close()
    this.#observers = []
  }
}
