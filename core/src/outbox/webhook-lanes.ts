import { keepAside } from './aside-file.ts'
import { sendWebhook } from './send-webhook.ts'

/**
 * How webhooks are sent, wherever they are kept: those of one `key` (a room) to one receiver go out one at a time in the order they came;
 * other keys and other receivers do not wait for them. What fails is tried again, ever more slowly. An event that its receiver refuses for
 * good, or stumbles over again and again, is put aside in a file and holds nobody back.
 */

/** `body` is sent byte for byte as it is. */
export interface OutboxEvent {
  /** Unique; receivers drop repeats by it. */
  id: string
  /** Events with the same key keep their order. */
  key: string
  body: string
}

/** `at`: when it came, milliseconds since the epoch on the clock of the lanes. */
export interface LaneEvent extends OutboxEvent {
  at: number
}

export interface OutboxClock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Runs `task` once after `ms`; the returned function cancels it. */
  after(ms: number, task: () => void): () => void
}

export interface OutboxLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface SendingOptions {
  /** Headers for a body, made anew for each attempt (signatures expire). */
  sign(body: string): Promise<Record<string, string>>
  log: OutboxLog
  fetch?: typeof fetch
  clock?: OutboxClock
  /** 0 to 1, for jitter. */
  random?: () => number
  /** Back-off: first wait, longest wait, age at which an event is given up. Milliseconds. */
  firstRetryMs?: number
  maxRetryMs?: number
  giveUpAfterMs?: number
  /** How long a receiver that is there may stumble over an event before the ones after it go on. */
  stumbleMs?: number
  /** An answer later than this counts as a failure. */
  timeoutMs?: number
}

export interface LanesOptions<Event extends LaneEvent> extends SendingOptions {
  /** Where that goes which will not be sent any more. */
  asideFile: string
  /** The receiver took it, or it was put aside. Not called after `close`, nor of lanes that were dropped. */
  onSettled(event: Event, url: string): void
}

/** Sends in progress over all lanes; a restart with many rooms must not open a thousand sockets at once. */
const MAX_IN_FLIGHT = 16
/** An event is put aside after it made its receiver stumble so often, over at least `stumbleMs`. */
const MOST_STUMBLES = 12

export const realClock: OutboxClock = {
  now: Date.now,
  after(ms, task) {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
}

/** The events of one key for one receiver. */
interface Lane<Event> {
  url: string
  key: string
  waiting: Event[]
  attempts: number
  /** How often the receiver stumbled over the event at the head, and when the first came; 0 for none. */
  stumbles: number
  stumblesSince: number
  isDropped: boolean
  cancelRetry: (() => void) | undefined
  /** The one that is under way. Never rejects. */
  attempt: Promise<void> | undefined
}

export class WebhookLanes<Event extends LaneEvent> {
  readonly #options: Required<LanesOptions<Event>>
  readonly #lanes = new Map<string, Lane<Event>>()
  /** Lanes with something to send and no free place yet, first come first served. */
  readonly #ready: Lane<Event>[] = []
  readonly #abort = new AbortController()
  #inFlight = 0
  #aside = 0

  constructor(options: LanesOptions<Event>) {
    this.#options = {
      fetch: globalThis.fetch,
      clock: realClock,
      random: Math.random,
      firstRetryMs: 500,
      maxRetryMs: 60_000,
      giveUpAfterMs: 3 * 24 * 3_600_000,
      stumbleMs: 15 * 60_000,
      timeoutMs: 10_000,
      ...options,
    }
  }

  /** Deliveries put aside since the start. */
  get aside(): number {
    return this.#aside
  }
  /** Events that this receiver has not got yet of this key. */
  waiting(key: string, url: string): number {
    return this.#lanes.get(idOf(key, url))?.waiting.length ?? 0
  }

  /** Behind the others of its lane. */
  put(event: Event, url: string): void {
    const id = idOf(event.key, url)
    let lane = this.#lanes.get(id)
    if (lane === undefined) {
      lane = {
        url,
        key: event.key,
        waiting: [],
        attempts: 0,
        stumbles: 0,
        stumblesSince: 0,
        isDropped: false,
        cancelRetry: undefined,
        attempt: undefined,
      }
      this.#lanes.set(id, lane)
    }
    lane.waiting.push(event)
    if (lane.waiting.length === 1) this.#schedule(lane)
  }

  /** Somebody else sends what waits there. An attempt that is under way is let be, and nothing is told of it. */
  drop(key: string, url: string): void {
    const id = idOf(key, url)
    const lane = this.#lanes.get(id)
    if (lane === undefined) return
    this.#lanes.delete(id)
    lane.isDropped = true
    lane.cancelRetry?.()
  }

  /** The same, but what is told of an attempt that is under way: resolves when that has ended, at the latest after `close`. */
  async finish(key: string, url: string): Promise<void> {
    const lane = this.#lanes.get(idOf(key, url))
    if (lane?.attempt) {
      lane.waiting.length = 1
      await lane.attempt
    }
    this.drop(key, url)
  }

  /** Attempts in flight are aborted. Safe to call twice. */
  close(): void {
    for (const lane of this.#lanes.values()) lane.cancelRetry?.()
    this.#abort.abort()
  }

  #schedule(lane: Lane<Event>): void {
    this.#ready.push(lane)
    this.#fill()
  }

  #fill(): void {
    while (!this.#abort.signal.aborted && this.#inFlight < MAX_IN_FLIGHT) {
      const lane = this.#ready.shift()
      if (lane === undefined) return
      if (lane.isDropped) continue
      this.#inFlight += 1
      const attempt = this.#sendHead(lane).finally(() => {
        // The next one may be under way.
        if (lane.attempt === attempt) lane.attempt = undefined
        this.#inFlight -= 1
        this.#fill()
      })
      lane.attempt = attempt
    }
  }

  async #sendHead(lane: Lane<Event>): Promise<void> {
    const { clock, log, firstRetryMs, maxRetryMs, giveUpAfterMs, stumbleMs, random, asideFile } =
      this.#options
    const event = lane.waiting[0]
    if (event === undefined) return
    const facts = { eventId: event.id, key: event.key, url: lane.url }
    const failure = await sendWebhook(lane.url, event.body, { ...this.#options, closing: this.#abort.signal })
    if (this.#abort.signal.aborted || lane.isDropped) return
    if (failure === null) {
      if (lane.attempts > 0)
        log.info({ ...facts, attempts: lane.attempts + 1 }, 'webhook delivered after retries')
      return this.#settle(lane, event)
    }
    lane.attempts += 1
    if (failure.kind === 'stumbled') {
      if (lane.stumbles === 0) lane.stumblesSince = clock.now()
      lane.stumbles += 1
    }
    const isPoison = lane.stumbles >= MOST_STUMBLES && clock.now() - lane.stumblesSince >= stumbleMs
    if (isPoison || failure.kind === 'refused' || clock.now() - event.at >= giveUpAfterMs) {
      const { reason } = failure
      log.error({ ...facts, attempts: lane.attempts, reason, keptIn: asideFile }, 'webhook given up')
      this.#putAside(event, lane.url, reason)
      return this.#settle(lane, event)
    }
    const backOff = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(lane.attempts - 1, 20))
    // Half fixed, half random: receivers that come back are not hit by all rooms at once.
    const waitMs = backOff / 2 + (backOff / 2) * random()
    log.warn(
      { ...facts, attempts: lane.attempts, waitMs: Math.round(waitMs), reason: failure.reason },
      'webhook failed',
    )
    lane.cancelRetry = clock.after(waitMs, () => {
      lane.cancelRetry = undefined
      this.#schedule(lane)
    })
  }

  /** Delivered or given up: on to the next one of the lane. */
  #settle(lane: Lane<Event>, event: Event): void {
    lane.waiting.shift()
    lane.attempts = 0
    lane.stumbles = 0
    const isEmpty = lane.waiting.length === 0
    if (isEmpty) this.#lanes.delete(idOf(lane.key, lane.url))
    this.#options.onSettled(event, lane.url)
    if (!isEmpty && !lane.isDropped) this.#schedule(lane)
  }

  /** Keeps what will not be sent any more where people can read it, and send it by hand. */
  #putAside({ id, key, body, at }: Event, url: string, reason: string): void {
    this.#aside += 1
    try {
      keepAside(this.#options.asideFile, [{ id, key, body, at, url, reason }])
    } catch (error) {
      this.#options.log.error({ err: error, eventId: id }, 'a webhook put aside cannot be kept')
    }
  }
}

const idOf = (key: string, url: string): string => `${url} ${key}`
