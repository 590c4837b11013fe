import { z } from 'zod'
import { Journal } from './journal.ts'

/**
 * Webhooks that must arrive: each is written to a file before it is sent and crossed out after a 2xx answer, so that it
 * arrives at least once through restarts of either side. Events of one `key` (a room) go out one at a time in the order they
 * came; other keys and other receivers do not wait for them. Receivers drop repeats by event id.
 */

/** One event for one receiver still to be delivered; `body` is sent byte for byte as it was enqueued. */
export interface OutboxEvent {
  /** Unique, `EV_...`. */
  id: string
  /** Events with the same key keep their order. */
  key: string
  body: string
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

export interface OutboxOptions {
  /** Path of the journal; folders are made. One process at a time. */
  file: string
  /**
   * Receivers. On opening, what is owed to a receiver that is no longer listed passes to those that are new in the list (the
   * portal moved); with none new it is dropped with a warning.
   */
  urls: readonly string[]
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
  /** An answer later than this counts as a failure. */
  timeoutMs?: number
}

const added = z.object({
  op: z.literal('add'),
  id: z.string(),
  key: z.string(),
  body: z.string(),
  at: z.number(),
  urls: z.array(z.string()),
})
const done = z.object({ op: z.literal('done'), id: z.string(), url: z.string() })
const entry = z.discriminatedUnion('op', [added, done])
type Entry = z.infer<typeof entry>

/** Sends in progress over all lanes; a restart with many rooms must not open a thousand sockets at once. */
const MAX_IN_FLIGHT = 16
/** The file is rewritten when it has this many lines and most of them are crossed out. */
const COMPACT_FROM_LINES = 2_000
/** Answers that will not change by asking again: the receiver has understood the event and refuses it. */
const FINAL_REFUSALS = new Set([400, 413, 415, 422])

const realClock: OutboxClock = {
  now: Date.now,
  after(ms, task) {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  },
}

/** The events of one key for one receiver. */
interface Lane {
  url: string
  key: string
  waiting: PendingEvent[]
  attempts: number
  isSending: boolean
  cancelRetry: (() => void) | undefined
}
interface PendingEvent extends OutboxEvent {
  at: number
  /** Receivers listed when it came. */
  urls: readonly string[]
  /** Receivers that have not got it yet. */
  owed: Set<string>
}

export class WebhookOutbox {
  readonly #options: Required<OutboxOptions>
  readonly #journal: Journal<Entry>
  readonly #pending = new Map<string, PendingEvent>()
  readonly #lanes = new Map<string, Lane>()
  /** Lanes with something to send and no free place yet, first come first served. */
  readonly #ready: Lane[] = []
  #inFlight = 0
  #idleWaiters: (() => void)[] = []
  readonly #abort = new AbortController()
  #isClosed = false

  private constructor(options: Required<OutboxOptions>, journal: Journal<Entry>) {
    this.#options = options
    this.#journal = journal
  }

  /** Reads what is still owed and begins to send it. The caller closes it. @throws Node's error when the file cannot be used. */
  static open(options: OutboxOptions): WebhookOutbox {
    const full: Required<OutboxOptions> = {
      fetch: globalThis.fetch,
      clock: realClock,
      random: Math.random,
      firstRetryMs: 500,
      maxRetryMs: 60_000,
      giveUpAfterMs: 3 * 24 * 3_600_000,
      timeoutMs: 10_000,
      ...options,
    }
    const { journal, entries, skipped } = Journal.open<Entry>(
      full.file,
      value => entry.safeParse(value).data ?? null,
    )
    if (skipped > 0)
      full.log.warn({ file: full.file, skipped }, 'unreadable lines in the webhook journal were skipped')
    const outbox = new WebhookOutbox(full, journal)
    outbox.#restore(entries)
    return outbox
  }

  /** Deliveries still owed: one for each event and receiver. */
  get pending(): number {
    let count = 0
    for (const event of this.#pending.values()) count += event.owed.size
    return count
  }

  /**
   * Takes an event; from here on it will be delivered. Never throws: when the disk refuses, the event is kept in memory and
   * the fault logged. After `close` an event is lost and said to be so in the log: close the outbox last.
   */
  enqueue(event: OutboxEvent): void {
    const { urls, clock, log } = this.#options
    if (urls.length === 0) return
    if (this.#isClosed) {
      log.error({ eventId: event.id, key: event.key }, 'webhook lost: it came after the outbox was closed')
      return
    }
    const at = clock.now()
    const { id, key, body } = event
    this.#write({ op: 'add', id, key, body, at, urls: [...urls] })
    this.#accept({ id, key, body, at, urls, owed: new Set(urls) })
  }

  /** Resolves when nothing is owed, or after `timeoutMs`. For a graceful stop and for tests. */
  async idle(timeoutMs: number): Promise<void> {
    if (this.#pending.size === 0) return
    await new Promise<void>(resolve => {
      const cancel = this.#options.clock.after(timeoutMs, resolve)
      this.#idleWaiters.push(() => {
        cancel()
        resolve()
      })
    })
  }

  /** Stops sending (attempts in flight are aborted and will be repeated by the next start) and closes the file. Safe to call twice. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const lane of this.#lanes.values()) lane.cancelRetry?.()
    this.#abort.abort()
    this.#resolveIdle()
    this.#journal.close()
  }

  #restore(entries: Entry[]): void {
    const { urls, log } = this.#options
    const events = new Map<string, PendingEvent>()
    for (const line of entries) {
      if (line.op === 'add') events.set(line.id, { ...line, owed: new Set(line.urls) })
      else events.get(line.id)?.owed.delete(line.url)
    }
    let dropped = 0
    for (const event of events.values()) {
      const gone = [...event.owed].filter(url => !urls.includes(url))
      for (const url of gone) event.owed.delete(url)
      if (gone.length > 0) {
        const fresh = urls.filter(url => !event.urls.includes(url))
        for (const url of fresh) event.owed.add(url)
        if (fresh.length === 0) dropped += gone.length
        event.urls = [...event.urls.filter(url => !gone.includes(url)), ...fresh]
      }
      if (event.owed.size > 0) this.#accept(event)
    }
    if (dropped > 0)
      log.warn({ dropped }, 'webhooks owed to receivers that are no longer configured were dropped')
    if (this.#pending.size > 0)
      log.info({ pending: this.pending }, 'webhooks left by the last run are being delivered')
    this.#mayCompact(true)
  }

  #accept(event: PendingEvent): void {
    this.#pending.set(event.id, event)
    for (const url of event.owed) {
      const id = `${url} ${event.key}`
      let lane = this.#lanes.get(id)
      if (lane === undefined) {
        lane = { url, key: event.key, waiting: [], attempts: 0, isSending: false, cancelRetry: undefined }
        this.#lanes.set(id, lane)
      }
      lane.waiting.push(event)
      if (lane.waiting.length === 1) this.#schedule(lane)
    }
  }

  #schedule(lane: Lane): void {
    this.#ready.push(lane)
    this.#fill()
  }

  #fill(): void {
    while (!this.#isClosed && this.#inFlight < MAX_IN_FLIGHT) {
      const lane = this.#ready.shift()
      if (lane === undefined) return
      this.#inFlight += 1
      void this.#sendHead(lane).finally(() => {
        this.#inFlight -= 1
        this.#fill()
      })
    }
  }

  async #sendHead(lane: Lane): Promise<void> {
    const { clock, log, firstRetryMs, maxRetryMs, giveUpAfterMs, random } = this.#options
    const event = lane.waiting[0]
    if (event === undefined) return
    const facts = { eventId: event.id, key: event.key, url: lane.url }
    const failure = await this.#post(lane.url, event.body)
    if (this.#isClosed) return
    if (failure === null) {
      if (lane.attempts > 0)
        log.info({ ...facts, attempts: lane.attempts + 1 }, 'webhook delivered after retries')
      return this.#cross(lane, event)
    }
    lane.attempts += 1
    if (failure.isFinal || clock.now() - event.at >= giveUpAfterMs) {
      log.error({ ...facts, attempts: lane.attempts, reason: failure.reason }, 'webhook given up')
      return this.#cross(lane, event)
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

  /** Null when delivered. */
  async #post(url: string, body: string): Promise<{ reason: string; isFinal: boolean } | null> {
    const { sign, fetch, timeoutMs } = this.#options
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/webhook+json', ...(await sign(body)) },
        body,
        redirect: 'error',
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(timeoutMs)]),
      })
      // The body is of no interest, but an unread one would hold the connection.
      await response.body?.cancel()
      if (response.ok) return null
      return { reason: `HTTP ${response.status}`, isFinal: FINAL_REFUSALS.has(response.status) }
    } catch (error) {
      return { reason: reasonOf(error), isFinal: false }
    }
  }

  /** Delivered or given up: on to the next one of the lane. */
  #cross(lane: Lane, event: PendingEvent): void {
    this.#write({ op: 'done', id: event.id, url: lane.url })
    lane.waiting.shift()
    lane.attempts = 0
    event.owed.delete(lane.url)
    if (event.owed.size === 0) this.#pending.delete(event.id)
    if (lane.waiting.length > 0) this.#schedule(lane)
    else this.#lanes.delete(`${lane.url} ${lane.key}`)
    this.#mayCompact(false)
    if (this.#pending.size === 0) this.#resolveIdle()
  }

  #write(line: Entry): void {
    try {
      this.#journal.append(line)
    } catch (error) {
      this.#options.log.error(
        { err: error, eventId: line.id, op: line.op },
        'the webhook journal cannot be written',
      )
    }
  }

  #mayCompact(isStart: boolean): void {
    const live = this.#pending.size
    if (isStart ? this.#journal.length <= live : this.#journal.length < COMPACT_FROM_LINES + live * 4) return
    const lines: Entry[] = []
    for (const event of this.#pending.values()) {
      const { id, key, body, at, urls } = event
      lines.push({ op: 'add', id, key, body, at, urls: [...urls] })
      for (const url of urls) if (!event.owed.has(url)) lines.push({ op: 'done', id, url })
    }
    try {
      this.#journal.compact(lines)
    } catch (error) {
      this.#options.log.error({ err: error }, 'the webhook journal cannot be compacted')
    }
  }

  #resolveIdle(): void {
    const waiters = this.#idleWaiters
    this.#idleWaiters = []
    for (const wake of waiters) wake()
  }
}

/** What went wrong, short: Node's fetch hides the network's word in `cause`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { cause } = error
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return error.name === 'TimeoutError' ? 'no answer in time' : error.message
}
