/**
 * Events for which the record is to have no more room: the oldest go into the file of those put aside, for people to look at and to send by hand.
 * Nothing is thrown away without an alarm in the log. Owned by the delivery.
 */
import { keepAside } from '@diemcau/core/outbox/aside-file.ts'
import type { LaneEvent } from '@diemcau/core/outbox/webhook-lanes.ts'
import type { Log } from '../../room/base/log.ts'

/** Some 2 KB each: 40 MB of the record's memory for a room name. */
const MOST_KEPT = 20_000
/** So much of them stays when the oldest go, so that a receiver that stays away sets off an alarm now and then, and not with every event. */
const STAYS = 0.9

export interface StoryOverflowOptions {
  file: string
  log: Log
  /** Events of one room name that may wait in the record. Default: MOST_KEPT */
  most?: number | undefined
  /** Default: as for all that is put aside */
  fileBytes?: number | undefined
}

export class StoryOverflow {
  readonly #options: StoryOverflowOptions
  readonly #most: number
  #aside = 0
  /** By room name. */
  readonly #news = new Map<string, { aside: number; lost: number; error?: unknown }>()

  constructor(options: StoryOverflowOptions) {
    this.#options = options
    this.#most = options.most ?? MOST_KEPT
  }

  /** Deliveries put aside since the start, also those the file did not take. */
  get aside(): number {
    return this.#aside
  }

  /** How many of so many that wait have to go. */
  excess(waiting: number): number {
    return waiting > this.#most ? waiting - Math.floor(this.#most * STAYS) : 0
  }

  /** These will not be sent to this receiver any more. */
  keep(events: readonly LaneEvent[], url: string): void {
    const { file, fileBytes } = this.#options
    const [first] = events
    if (!first) return
    this.#aside += events.length
    const news = this.#news.get(first.key) ?? { aside: 0, lost: 0 }
    this.#news.set(first.key, news)
    const reason = `more than ${this.#most} events of the room name wait`
    try {
      keepAside(
        file,
        events.map(({ id, key, at, body }) => ({ id, key, at, body, url, reason })),
        fileBytes,
      )
      news.aside += events.length
    } catch (error) {
      news.lost += events.length
      news.error = error
    }
  }

  /** One line in the log for all that was put aside of this room name since the last one. */
  alarm(room: string): void {
    const { file, log } = this.#options
    const news = this.#news.get(room)
    this.#news.delete(room)
    if (!news) return
    const { aside, lost, error } = news
    const facts = { room, aside, lost, keptIn: file, ...(lost > 0 ? { err: error } : {}) }
    log.error(facts, 'webhooks given up: too many wait for their receiver (SFU_WEBHOOKS_WAITING)')
  }
}
