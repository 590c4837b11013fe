/**
 * Delivers the events of one room name, to each receiver in their order, from the moment this node has the lease until none is left or another
 * node delivers. A receiver that is away holds back nobody but itself: each has its own place in the stream, and an event is out of
 * it when all have got it.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { LaneEvent, WebhookLanes } from '@diemcau/core/outbox/webhook-lanes.ts'
import type { Log } from '../../room/base/log.ts'
import type { RecordSteps } from '../node/record-steps.ts'
import { DELIVERY_LEASE_MS, MOST_ENTRIES } from '../record/cluster-record.ts'
import type { WebhookEntry } from '../record/record-types.ts'
import { deliveredBody } from './story-events.ts'
import type { StoryOverflow } from './story-overflow.ts'

/** The lease is renewed, and the stream looked at again, so often, ms. */
const RENEW_MS = DELIVERY_LEASE_MS / 4
/** So many events are read at a time, and again when a receiver has fewer than the second number before it. */
const READ_AHEAD = 50
const READ_BELOW = 10

/** Where no receivers are configured, events are taken out of the stream all the same. */
const NOBODY = ''

export interface NameEvent extends LaneEvent {
  entryId: string
  of: NameDelivery
}

interface NameDeliveryOptions {
  roomName: string
  steps: RecordSteps
  lanes: WebhookLanes<NameEvent>
  urls: readonly string[]
  /** What is too much for the record. */
  overflow: StoryOverflow
  log: Log
}

/** How far one receiver is. */
interface Reader {
  readonly url: string
  /** The last place that was read, and the last one that is settled: taken, or put aside. */
  readTo: string | undefined
  settledTo: string | undefined
  mayHaveMore: boolean
}

type Lease = 'ours' | 'of another' | 'unknown'

export class NameDelivery {
  readonly #options: NameDeliveryOptions
  readonly #readers: Reader[]
  /** Places all receivers are past, and the record does not know it yet. */
  #settled: string[] = []
  #takenAt = -Infinity
  #isClosed = false
  /** There may be more in the stream than was read. */
  #isWoken = false
  /** Something happened since the last look. */
  #hasNews = false
  #endWait: (() => void) | undefined

  constructor(options: NameDeliveryOptions) {
    this.#options = options
    this.#readers = (options.urls.length > 0 ? options.urls : [NOBODY]).map(url => ({
      url,
      readTo: undefined,
      settledTo: undefined,
      mayHaveMore: true,
    }))
  }

  /** When it has ended: something was told since its last look. */
  get isWoken(): boolean {
    return this.#isWoken
  }
  /** Deliveries that were read and are not settled. */
  get pending(): number {
    const { lanes, roomName } = this.#options
    return this.#readers.reduce((sum, { url }) => sum + lanes.waiting(roomName, url), 0)
  }

  /** There may be more in the stream. */
  wake(): void {
    this.#isWoken = true
    this.#news()
  }
  /** It ends soon: nothing is sent any more but what is under way, and what was taken of that is told the record, so that nobody sends it again. */
  close(): void {
    this.#isClosed = true
    this.#news()
  }

  /** One receiver has got it, or it was put aside. */
  settled(entryId: string, url: string): void {
    const reader = this.#readers.find(one => one.url === url)
    if (!reader) return
    reader.settledTo = entryId
    const isPast = ({ settledTo }: Reader) => settledTo !== undefined && !comesAfter(entryId, settledTo)
    if (this.#readers.every(isPast)) this.#settled.push(entryId)
    this.#news()
  }

  /** Ends when nothing is left, another node delivers, or the record has begun a new era. Once. Never rejects. */
  async run(): Promise<void> {
    const { steps, lanes, roomName, log } = this.#options
    const { era } = steps
    try {
      // A lease of nothing would only keep others from delivering what they tell next.
      const first = await orAway(steps.record.nextEvents(roomName, 1))
      if (!first?.length) return
      let lease = await this.#take()
      while (lease !== 'of another' && !this.#isClosed && steps.era === era && steps.ended === undefined) {
        if (lease === 'ours') lease = await this.#look()
        if (lease === 'ours' && this.#isDrained) return
        if (lease !== 'of another') await this.#wait(lease)
        if (lease === 'unknown' || this.#isDue) {
          lease = await this.#take()
          if (lease === 'ours') await this.#trim()
        }
      }
      // Others would send these once more.
      await Promise.all(this.#readers.map(({ url }) => lanes.finish(roomName, url)))
      if (steps.era !== era) return
      await this.#mark()
      if (lease === 'ours')
        await orAway(steps.once(call => steps.record.takeDelivery({ ...call, roomName, isLast: true })))
    } catch (error) {
      log.error({ err: error, room: roomName }, 'webhooks could not be delivered, and are begun anew')
    } finally {
      this.#isClosed = true
      for (const { url } of this.#readers) lanes.drop(roomName, url)
    }
  }

  get #isDue(): boolean {
    return performance.now() - this.#takenAt >= RENEW_MS
  }
  get #isDrained(): boolean {
    const isRead = !this.#isWoken && this.#readers.every(({ mayHaveMore }) => !mayHaveMore)
    return isRead && this.#settled.length === 0 && this.pending === 0
  }

  /** Takes what is settled out of the stream and reads on. */
  async #look(): Promise<Lease> {
    this.#hasNews = false
    if (!(await this.#mark())) return 'unknown'
    if (this.#isWoken) for (const reader of this.#readers) reader.mayHaveMore = true
    this.#isWoken = false
    const { lanes, roomName } = this.#options
    for (const reader of this.#readers) {
      if (!reader.mayHaveMore || lanes.waiting(roomName, reader.url) >= READ_BELOW) continue
      const lease = await this.#read(reader)
      if (lease !== 'ours') return lease
    }
    return 'ours'
  }

  async #read(reader: Reader): Promise<Lease> {
    const { steps, lanes, roomName } = this.#options
    const { url } = reader
    const entries = await orAway(steps.record.nextEvents(roomName, READ_AHEAD, reader.readTo))
    if (!entries) return 'unknown'
    // What is read from an emptied record that is being filled has no order: then the lease is refused.
    const lease = entries.length > 0 ? await this.#take() : 'ours'
    if (lease !== 'ours') return lease
    reader.mayHaveMore = entries.length === READ_AHEAD
    reader.readTo = entries.at(-1)?.entryId ?? reader.readTo
    for (const entry of entries)
      if (url === NOBODY) this.settled(entry.entryId, url)
      else lanes.put(this.#eventOf(entry), url)
    return 'ours'
  }

  #eventOf(entry: WebhookEntry): NameEvent {
    const { roomName, log } = this.#options
    const { entryId, id, atMs } = entry
    const body = deliveredBody(entry, roomName, error =>
      log.warn({ err: error, eventId: id }, 'what a room is made of cannot be read: its name alone is told'),
    )
    return { id, key: roomName, body, at: atMs, entryId, of: this }
  }

  /** What is too much for the record is put aside, the oldest first. */
  async #trim(): Promise<void> {
    const { steps, roomName, overflow } = this.#options
    let excess = overflow.excess((await orAway(steps.record.waitingEvents(roomName))) ?? 0)
    try {
      while (excess > 0 && !this.#isClosed) {
        const limit = Math.min(excess, MOST_ENTRIES)
        const entries = await orAway(steps.record.nextEvents(roomName, limit))
        if (!entries?.length) return
        for (const reader of this.#readers) this.#giveUp(reader, entries)
        this.#settled.push(...entries.map(({ entryId }) => entryId))
        if (!(await this.#mark())) return
        excess -= entries.length
      }
    } finally {
      overflow.alarm(roomName)
    }
  }

  /** Those that this receiver does not have. It goes on behind them. */
  #giveUp(reader: Reader, entries: readonly WebhookEntry[]): void {
    const { lanes, roomName, overflow } = this.#options
    const { url, settledTo } = reader
    const owed = entries.filter(({ entryId }) => settledTo === undefined || comesAfter(entryId, settledTo))
    const last = owed.at(-1)
    if (!last || url === NOBODY) return
    overflow.keep(
      owed.map(entry => this.#eventOf(entry)),
      url,
    )
    // One that is under way may be taken all the same.
    lanes.drop(roomName, url)
    reader.settledTo = last.entryId
    reader.readTo = last.entryId
    reader.mayHaveMore = true
  }

  /** False when the record could not be told. */
  async #mark(): Promise<boolean> {
    const { steps, roomName } = this.#options
    while (this.#settled.length > 0) {
      const entryIds = this.#settled.slice(0, MOST_ENTRIES)
      const answer = await orAway(steps.once(call => steps.record.delivered({ ...call, roomName, entryIds })))
      if (answer?.outcome !== 'done') return false
      this.#settled.splice(0, entryIds.length)
      // What another node told meanwhile it could not deliver: the lease was here.
      for (const reader of this.#readers) reader.mayHaveMore = true
    }
    return true
  }

  async #take(): Promise<Lease> {
    const { steps, roomName } = this.#options
    const askedAt = performance.now()
    const answer = await orAway(steps.once(call => steps.record.takeDelivery({ ...call, roomName })))
    if (answer?.outcome !== 'done') return 'unknown'
    if (!answer.value) return 'of another'
    if (askedAt - this.#takenAt >= RENEW_MS) for (const reader of this.#readers) reader.mayHaveMore = true
    this.#takenAt = askedAt
    return 'ours'
  }

  async #wait(lease: Lease): Promise<void> {
    // While the record is away there is nothing to do with them.
    if (lease === 'unknown') this.#hasNews = this.#isClosed
    if (this.#hasNews) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, RENEW_MS)
      this.#endWait = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endWait = undefined
  }
  #news(): void {
    this.#hasNews = true
    this.#endWait?.()
  }
}

/** Undefined when the record is away. */
async function orAway<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step
  } catch (error) {
    if (error instanceof AppError && error.code === 'unavailable') return undefined
    throw error
  }
}

/** By the numbers in places of a stream: time and sequence, or one alone. */
function comesAfter(a: string, b: string): boolean {
  const [aTime = 0, aNext = 0] = a.split('-').map(Number)
  const [bTime = 0, bNext = 0] = b.split('-').map(Number)
  return aTime === bTime ? aNext > bNext : aTime > bTime
}
