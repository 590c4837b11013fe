/**
 * Reliable packets of a room as they went out, kept for a while for those who resume (ReconnectResponse and
 * SyncState.datachannelReceiveStates of livekit_rtc.proto). Bounded by age, by publisher and by room: what is over is
 * forgotten oldest first. Packets without a number or without a sender cannot be told apart by clients and are not kept.
 */
import { Fifo } from '@diemcau/core/fifo.ts'
import type { Outgoing } from './data-packets.ts'

export interface HistoryBounds {
  dataHistoryMs: number
  dataHistoryPublisherBytes: number
  dataHistoryRoomBytes: number
}

interface Entry extends Outgoing {
  /** Position among all packets of the room. */
  ordinal: number
  atMs: number
}

interface Publisher {
  entries: Fifo<Entry>
  bytes: number
}

/** What an entry costs beside its payload. */
const ENTRY_BYTES = 256
const cost = (entry: Outgoing): number => entry.payload.length + ENTRY_BYTES
/** Eviction goes below the bound by an eighth, so that not every packet has to look for the oldest. */
const EVICTED_SHARE = 8

export class DataHistory {
  readonly #bounds: HistoryBounds
  readonly #now: () => number
  readonly #publishers = new Map<string, Publisher>()
  #bytes = 0
  #ordinal = 0
  #pruneTimer: NodeJS.Timeout | undefined

  constructor(bounds: HistoryBounds, now: () => number) {
    this.#bounds = bounds
    this.#now = now
  }

  /** Everything added from now on comes after it. */
  get mark(): number {
    return this.#ordinal
  }
  /** Bytes kept now, with what they cost beside their content. */
  get bytes(): number {
    return this.#bytes
  }

  add(sent: Outgoing): void {
    const { senderSid, sequence } = sent
    if (senderSid === '' || sequence === 0) return
    const publisher = this.#publishers.get(senderSid) ?? { entries: new Fifo<Entry>(), bytes: 0 }
    this.#publishers.set(senderSid, publisher)
    const entry = { ...sent, ordinal: this.#ordinal++, atMs: this.#now() }
    publisher.entries.push(entry)
    publisher.bytes += cost(entry)
    this.#bytes += cost(entry)
    while (publisher.bytes > this.#bounds.dataHistoryPublisherBytes) this.#drop(senderSid, publisher)
    if (this.#bytes > this.#bounds.dataHistoryRoomBytes) this.#evict()
    this.#pruneTimer ??= setTimeout(() => this.#prune(), this.#bounds.dataHistoryMs).unref()
  }

  /**
   * What a client has missed that says `lastSeqs` of each publisher: in the order of the room, sent before `mark` and not
   * before `sinceMs`. Publishers it does not name are left out: it has had nothing of them, or nothing lately.
   */
  missed(lastSeqs: ReadonlyMap<string, number>, mark: number, sinceMs: number): Outgoing[] {
    this.#prune()
    const found: Entry[] = []
    for (const [sid, lastSeq] of lastSeqs)
      for (const entry of this.#publishers.get(sid)?.entries ?? [])
        if (entry.sequence > lastSeq && entry.ordinal < mark && entry.atMs >= sinceMs) found.push(entry)
    return found.sort((a, b) => a.ordinal - b.ordinal)
  }

  close(): void {
    clearTimeout(this.#pruneTimer)
    this.#publishers.clear()
    this.#bytes = 0
  }

  #drop(sid: string, publisher: Publisher): void {
    const entry = publisher.entries.shift()
    if (!entry) return
    publisher.bytes -= cost(entry)
    this.#bytes -= cost(entry)
    if (publisher.entries.length === 0) this.#publishers.delete(sid)
  }

  #evict(): void {
    const target = this.#bounds.dataHistoryRoomBytes * (1 - 1 / EVICTED_SHARE)
    const heads = [...this.#publishers].flatMap(([sid, publisher]) =>
      [...publisher.entries].map(entry => ({ sid, publisher, ordinal: entry.ordinal })),
    )
    heads.sort((a, b) => a.ordinal - b.ordinal)
    for (const { sid, publisher } of heads) {
      if (this.#bytes <= target) return
      this.#drop(sid, publisher)
    }
  }

  #prune(): void {
    clearTimeout(this.#pruneTimer)
    this.#pruneTimer = undefined
    const oldest = this.#now() - this.#bounds.dataHistoryMs
    for (const [sid, publisher] of this.#publishers)
      while ((publisher.entries.peek()?.atMs ?? Number.POSITIVE_INFINITY) < oldest) this.#drop(sid, publisher)
    if (this.#publishers.size > 0)
      this.#pruneTimer = setTimeout(() => this.#prune(), this.#bounds.dataHistoryMs).unref()
  }
}
