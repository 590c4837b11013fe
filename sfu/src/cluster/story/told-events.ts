/**
 * What this node has put to the record, or is about to, and what nobody has delivered yet as far as it knows: an emptied record gets it again, and
 * with a journal so does the next incarnation after this one was killed. An event leaves when the record's inbox says that it was delivered.
 */
import type { Restore } from '../record/record-calls.ts'
import { isEnd, type MemberTale, seatKey } from './story-events.ts'
import type { StoryJournal } from './story-journal.ts'

interface Row {
  tale: MemberTale
  /** When the record answered that it has it, on the monotonic clock. */
  hadAt: number | undefined
  /** Its delivery is told to this node. Else another told the event first, or the answer that said so was lost. */
  isOurs: boolean
  /** Kept even so: a beginning, until its end is delivered too. Should all be lost but the journal, it says what has to end. */
  isDelivered: boolean
}

export class ToldEvents {
  readonly #journal: StoryJournal | undefined
  /** In the order they were told. */
  readonly #rows = new Map<string, Row>()
  /** Ids of beginnings whose end was not delivered: by seat, then by track sid, '' for the joining. */
  readonly #open = new Map<string, Map<string, string>>()

  constructor(journal?: StoryJournal) {
    this.#journal = journal
  }

  /** Nothing for one that is there. */
  add(tale: MemberTale): void {
    if (this.#rows.has(tale.id)) return
    this.#journal?.add(tale)
    this.#rows.set(tale.id, { tale, hadAt: undefined, isOurs: false, isDelivered: false })
    if (!isBeginning(tale)) return
    const open = this.#open.get(seatKey(tale)) ?? new Map()
    this.#open.set(seatKey(tale), open.set(tale.trackSid ?? '', tale.id))
  }

  /** The record has them. `taken`: those that were news to it. */
  had(ids: Iterable<string>, taken: readonly string[]): void {
    for (const id of ids) {
      const row = this.#rows.get(id)
      if (!row) continue
      row.hadAt ??= performance.now()
      row.isOurs ||= taken.includes(id)
    }
  }

  /** Unknown ones are ignored. */
  delivered(ids: Iterable<string>): void {
    const done: string[] = []
    for (const id of ids) {
      const row = this.#rows.get(id)
      if (!row) continue
      const { tale } = row
      if (this.#open.get(seatKey(tale))?.get(tale.trackSid ?? '') === id) row.isDelivered = true
      else done.push(id, ...this.#closedBy(tale))
    }
    this.#delete(done)
  }

  /** They are not told: the record refuses them for good. */
  refused(ids: Iterable<string>): void {
    const done = [...ids]
    for (const id of ids) {
      const tale = this.#rows.get(id)?.tale
      if (tale) done.push(...this.#closedBy(tale))
    }
    this.#delete(done)
  }

  /** What nobody has delivered yet as far as this node knows, in its order, as `restore` takes it. */
  list(): Restore['events'] {
    return [...this.#rows.values()].flatMap(({ isDelivered, tale: { roomSid, roomName, draft } }) =>
      isDelivered ? [] : [{ roomSid, roomName, event: draft }],
    )
  }

  /**
   * By room name: ids of those the record has had for `forMs`, whose delivery this node may never hear of. `all`: also of those whose delivery
   * it is told, because such news was lost.
   */
  doubtful(forMs: number, all: boolean): Map<string, string[]> {
    const before = performance.now() - forMs
    const rows = [...this.#rows.values()].filter(
      ({ hadAt, isOurs, isDelivered }) =>
        !isDelivered && hadAt !== undefined && hadAt <= before && (all || !isOurs),
    )
    return new Map(
      [...Map.groupBy(rows, ({ tale }) => tale.roomName)].map(([name, of]) => [
        name,
        of.map(({ tale }) => tale.id),
      ]),
    )
  }

  /** For dating the ends of those who are here, should this node be killed. */
  alive(atMs: number): void {
    if (this.#rows.size === 0) return
    this.#journal?.alive(Math.floor(atMs))
    this.#journal?.mayCompact(
      [...this.#rows.values()].map(({ tale }) => tale),
      Math.floor(atMs),
    )
  }

  /** Nothing is written any more. */
  close(): void {
    this.#journal?.close(this.#rows.size === 0)
  }

  /** Beginnings that have their end by this, and were delivered. */
  #closedBy(tale: MemberTale): string[] {
    const open = this.#open.get(seatKey(tale))
    if (!open) return []
    const tracks = isEnd(tale) ? [...open.keys()] : [tale.trackSid ?? '']
    const closed = tracks.flatMap(track => open.get(track) ?? [])
    for (const track of tracks) open.delete(track)
    if (open.size === 0) this.#open.delete(seatKey(tale))
    return closed.filter(id => this.#rows.get(id)?.isDelivered)
  }
  #delete(ids: string[]): void {
    const there = ids.filter(id => this.#rows.delete(id))
    this.#journal?.done(there)
  }
}

const isBeginning = ({ kind }: MemberTale): boolean =>
  kind === 'participant_joined' || kind === 'track_published'
