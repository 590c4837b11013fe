/**
 * What the API said of those who are connected here, kept in the record for their next connection. The owner of a connection writes it, all of
 * it each time: the newest alone is enough. Owned by whoever takes the API's calls, which closes it.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantPermission } from '@livekit/protocol'
import type { Log } from '../../room/base/log.ts'
import type { Profile } from '../../room/base/metadata.ts'
import type { Participant } from '../../room/member/participant.ts'
import type { Publication } from '../../room/member/publication.ts'
import type { Room } from '../../room/room.ts'
import {
  decodeKept,
  encodeKept,
  isKeptMuted,
  isNothing,
  type Kept,
  keepChanges,
  keepMute,
  keepStill,
  nothingKept,
} from '../node/kept-facts.ts'
import type { RecordSteps } from '../node/record-steps.ts'
import type { Restore } from '../record/record-calls.ts'
import type { KeptFacts } from '../record/record-types.ts'
import type { HeldWord } from './held-words.ts'

/** How long an answer of the API waits for the record, ms. */
const KEEP_MS = 3_000

/** A connection's claim, and what the record had of its identity by then. */
export interface KeptAtJoin {
  epoch: number
  kept: KeptFacts | null
}

interface Entry {
  readonly room: Room
  readonly identity: string
  /** Undefined once it has ended: what is kept of it is remembered as long as the room is here. */
  participant: Participant | undefined
  readonly epoch: number
  rev: number
  kept: Kept
  /** Tracks, by source and name, that were muted as it was kept, or by the API here: opened from now on, they are opened by their owner. */
  readonly muted: Set<string>
  /** It is being written until it is done, however long that takes. */
  isInsisting: boolean
  isDue: boolean
  unfollow(): void
}

export class KeptBook {
  readonly #steps: RecordSteps
  readonly #log: Log
  /** By room and identity: the newest connection here. */
  readonly #rooms = new Map<Room, Map<string, Entry>>()

  constructor(steps: RecordSteps, log: Log) {
    this.#steps = steps
    this.#log = log
  }

  /** Somebody has joined here, with claims that had `applyKept`. From now on its tracks are muted as it is kept, and the owner's own word ends that. */
  joined(room: Room, participant: Participant, { epoch, kept }: KeptAtJoin): void {
    if (participant.owner !== undefined) return
    this.#open(room, participant, epoch, kept)
  }

  /**
   * The API has changed it: resolves when the record has that. `lost`: a newer connection has the claim, of which it does not hold; `nothing`: there was
   * nothing to keep. @throws AppError('unavailable'): it is being written all the same
   */
  async changed(
    room: Room,
    participant: Participant,
    changes: Partial<Profile> & { permission?: ParticipantPermission | undefined },
  ): Promise<'kept' | 'lost' | 'nothing'> {
    if (participant.owner !== undefined || Object.values(changes).every(change => change === undefined))
      return 'nothing'
    const atMs = Math.round(this.#steps.now())
    return await this.#write(room, participant, entry => {
      entry.kept = keepChanges(entry.kept, atMs, changes)
    })
  }

  /** The API has muted one of its tracks. @throws as `changed` */
  async muted(
    room: Room,
    participant: Participant,
    { info }: Publication,
  ): Promise<'kept' | 'lost' | 'nothing'> {
    if (participant.owner !== undefined) return 'nothing'
    return await this.#write(room, participant, entry => {
      entry.muted.add(keyOf(info))
      entry.kept = keepMute(entry.kept, info, true)
    })
  }

  /** What was kept of it last, as others hold it for a record that is away. @throws AppError('unavailable') when nothing is known of it */
  wordOf(room: Room, participant: Participant): Extract<HeldWord, { type: 'kept' }> {
    const { identity } = participant
    const entry = this.#rooms.get(room)?.get(identity)
    if (entry?.participant !== participant || entry.rev === 0)
      throw new AppError(
        'unavailable',
        'what is kept of the participant is not known while the record is away',
      )
    const { rev, kept } = entry
    return { type: 'kept', roomSid: room.id, identity, kept: { rev, body: encodeKept(kept) } }
  }

  /** For a record that was emptied. */
  all(): Restore['kept'] {
    this.#prune()
    return [...this.#rooms.values()].flatMap(entries =>
      [...entries.values()].flatMap(({ room, identity, rev, kept }) =>
        rev === 0 ? [] : [{ roomSid: room.id, identity, kept: { rev, body: encodeKept(kept) } }],
      ),
    )
  }

  close(): void {
    for (const entries of this.#rooms.values()) for (const entry of entries.values()) entry.unfollow()
    this.#rooms.clear()
  }

  #open(room: Room, participant: Participant, epoch: number, record: KeptFacts | null): Entry {
    this.#prune()
    const entries = this.#rooms.get(room) ?? new Map<string, Entry>()
    this.#rooms.set(room, entries)
    entries.get(participant.identity)?.unfollow()
    let isDue = false
    const entry: Entry = {
      room,
      identity: participant.identity,
      participant,
      epoch,
      rev: record?.rev ?? 0,
      kept: this.#read(record),
      muted: new Set(),
      isInsisting: false,
      isDue: false,
      unfollow: participant.facts.follow(() => {
        if (participant.isClosed) this.#end(entry)
        if (isDue || participant.isClosed || isNothing(entry.kept)) return
        isDue = true
        // Once for all that changes in this step, and not in the middle of it.
        queueMicrotask(() => {
          isDue = false
          this.#compare(entry)
        })
      }),
    }
    entries.set(participant.identity, entry)
    if (entry.rev > 0) this.#tell(entry)
    this.#compare(entry)
    return entry
  }

  /** What has become of what is kept. */
  #compare(entry: Entry): void {
    const { participant, muted } = entry
    if (!participant || !this.#isNewest(entry)) return
    let kept = keepStill(entry.kept, participant)
    for (const publication of participant.publications.published()) {
      const { info } = publication
      if (!isKeptMuted(kept, info)) continue
      if (muted.has(keyOf(info))) {
        if (!info.muted) kept = keepMute(kept, info, false)
      } else {
        muted.add(keyOf(info))
        if (!info.muted) participant.publications.muteByServer(publication)
      }
    }
    const isSame =
      kept.name === entry.kept.name &&
      kept.metadata === entry.kept.metadata &&
      kept.attributes.length === entry.kept.attributes.length &&
      kept.mutes.length === entry.kept.mutes.length
    if (isSame) return
    entry.kept = kept
    this.#renew(entry)
    void this.#insist(entry)
  }

  async #write(
    room: Room,
    participant: Participant,
    change: (entry: Entry) => void,
  ): Promise<'kept' | 'lost'> {
    const known = this.#rooms.get(room)?.get(participant.identity)
    const entry = known?.participant === participant ? known : await this.#find(room, participant)
    change(entry)
    this.#renew(entry)
    const { identity, id: psid } = participant
    const kept = { rev: entry.rev, body: encodeKept(entry.kept) }
    try {
      const answer = await this.#steps.within(KEEP_MS, call =>
        this.#steps.record.keep({ ...call, roomSid: room.id, identity, psid, kept }),
      )
      return answer === 'lost' ? 'lost' : 'kept'
    } catch (error) {
      void this.#insist(entry)
      throw error
    }
  }

  /** Of somebody whose joining was not told here. @throws AppError('unavailable') */
  async #find(room: Room, participant: Participant): Promise<Entry> {
    const { record } = this.#steps
    const { claim } = await this.#steps.ask(() => record.claimOf(room.id, participant.identity))
    if (claim?.psid !== participant.id || participant.isClosed)
      throw new AppError('unavailable', 'the participant has connected anew meanwhile')
    const known = this.#rooms.get(room)?.get(participant.identity)
    return known?.participant === participant ? known : this.#open(room, participant, claim.epoch, null)
  }

  /** Above all that a former owner of the identity made, and below what the next one will make. */
  #renew(entry: Entry): void {
    entry.rev = Math.max(entry.rev, entry.epoch) + 1
    this.#tell(entry)
  }

  /** The other nodes have it, too. */
  #tell({ participant, rev, kept }: Entry): void {
    participant?.facts.setKept({ rev, body: encodeKept(kept) })
  }

  /** The newest of it, until the record has it. */
  async #insist(entry: Entry): Promise<void> {
    entry.isDue = true
    if (entry.isInsisting) return
    entry.isInsisting = true
    try {
      while (entry.isDue) {
        await this.#steps.insist(call => {
          entry.isDue = false
          return this.#steps.record.keep({
            ...call,
            roomSid: entry.room.id,
            identity: entry.identity,
            kept: { rev: entry.rev, body: encodeKept(entry.kept) },
          })
        })
      }
    } catch (error) {
      // This incarnation has ended: whoever comes next is let in by what the record has.
      this.#log.info({ err: error, roomId: entry.room.id }, 'what the API said of somebody was not kept')
    } finally {
      entry.isInsisting = false
    }
  }

  /** What a node of another version wrote is lost with the next word of the API here, as that is the newer one. */
  #read(record: KeptFacts | null): Kept {
    try {
      return record ? decodeKept(record.body) : nothingKept
    } catch (error) {
      this.#log.warn({ err: error }, 'what the API said of somebody cannot be read')
      return nothingKept
    }
  }

  #isNewest(entry: Entry): boolean {
    return this.#rooms.get(entry.room)?.get(entry.identity) === entry
  }

  #end(entry: Entry): void {
    entry.participant = undefined
    entry.unfollow()
    if (entry.rev === 0 && this.#isNewest(entry)) this.#rooms.get(entry.room)?.delete(entry.identity)
  }

  #prune(): void {
    for (const [room, entries] of this.#rooms) {
      if (!room.isClosed) continue
      for (const { unfollow } of entries.values()) unfollow()
      this.#rooms.delete(room)
    }
  }
}

const keyOf = ({ source, name }: { source: number; name: string }): string => `${source} ${name}`
