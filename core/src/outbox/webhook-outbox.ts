import { z } from 'zod'
import { Journal } from './journal.ts'
import { type OutboxEvent, realClock, type SendingOptions, WebhookLanes } from './webhook-lanes.ts'

/**
 * Webhooks that must arrive: each is written to a file before it is sent (webhook-lanes.ts) and crossed out after a 2xx answer, so that it
 * arrives at least once through restarts of either side.
 */

export interface OutboxOptions extends SendingOptions {
  /** Path of the journal; folders are made. One process at a time. What is put aside lies in this name with `.aside`. */
  file: string
  /**
   * Receivers. On opening, what is owed to a receiver that is no longer listed passes to those that are new in the list (the
   * portal moved); with none new it is dropped with a warning.
   */
  urls: readonly string[]
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

/** The file is rewritten when it has this many lines and most of them are crossed out. */
const COMPACT_FROM_LINES = 2_000

/** An event with at least one receiver to whom it is still to be delivered. */
interface PendingEvent extends OutboxEvent {
  at: number
  /** Receivers listed when it came. */
  urls: readonly string[]
  /** Receivers that have not got it yet. */
  owed: Set<string>
}

export class WebhookOutbox {
  readonly #options: OutboxOptions & Required<Pick<OutboxOptions, 'clock'>>
  readonly #journal: Journal<Entry>
  readonly #pending = new Map<string, PendingEvent>()
  readonly #lanes: WebhookLanes<PendingEvent>
  #idleWaiters: (() => void)[] = []
  #isClosed = false

  private constructor(options: OutboxOptions, journal: Journal<Entry>) {
    this.#options = { clock: realClock, ...options }
    this.#journal = journal
    this.#lanes = new WebhookLanes({
      ...options,
      asideFile: `${options.file}.aside`,
      onSettled: (event, url) => this.#cross(event, url),
    })
  }

  /** Reads what is still owed and begins to send it. The caller closes it. @throws Node's error when the file cannot be used. */
  static open(options: OutboxOptions): WebhookOutbox {
    const { journal, entries, skipped } = Journal.open<Entry>(
      options.file,
      value => entry.safeParse(value).data ?? null,
    )
    if (skipped > 0)
      options.log.warn(
        { file: options.file, skipped },
        'unreadable lines in the webhook journal were skipped',
      )
    const outbox = new WebhookOutbox(options, journal)
    outbox.#restore(entries)
    return outbox
  }

  /** Deliveries still owed: one for each event and receiver. */
  get pending(): number {
    let count = 0
    for (const event of this.#pending.values()) count += event.owed.size
    return count
  }

  /** Deliveries put aside since the start: an alarm when above 0. They lie in the journal's file name with `.aside`. */
  get aside(): number {
    return this.#lanes.aside
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
    this.#lanes.close()
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
    for (const url of event.owed) this.#lanes.put(event, url)
  }

  /** Delivered or given up. */
  #cross(event: PendingEvent, url: string): void {
    this.#write({ op: 'done', id: event.id, url })
    event.owed.delete(url)
    if (event.owed.size === 0) this.#pending.delete(event.id)
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
