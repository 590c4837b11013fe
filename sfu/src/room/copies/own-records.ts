/**
 * Tells other nodes of the members of a room that are this node's: those whose connections it holds, and those it shows there from another
 * room. All that changes in one step is one record.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantInfo } from '@livekit/protocol'
import type { NodeMedia, RemoteTrackFacts } from '../base/node-media.ts'
import { encodeMemberRecord, type RecordedFacts } from '../member/member-record.ts'
import type { Member } from '../member/room-view.ts'
import type { MemberGone } from './remote-members.ts'

export interface OwnRecordsListener {
  /** The newest facts, encoded (`decodeMemberRecord`), for `RemoteMembers.apply` at all other nodes of the room. Only the newest of a member counts. */
  member(record: Uint8Array, facts: OwnFacts): void
  /** It has ended, for `RemoteMembers.gone` there; it does not overtake data of that member. Told of each member once, also when the room closes. */
  gone(gone: MemberGone): void
}

/** What is told of one member: a participant's facts, or those of one that is forwarded here. */
export interface OwnFacts extends RecordedFacts, Pick<Member, 'id' | 'identity' | 'isClosed'> {
  readonly version: number
  info(): ParticipantInfo
  /** `changed` is called at each change, its end among them, until the returned function is called. */
  follow(changed: () => void): () => void
}

interface Entry {
  readonly facts: OwnFacts
  readonly publications: Pick<Member['publications'], 'published'>
  readonly epoch: number
  isDue: boolean
  unfollow(): void
}

export class OwnRecords {
  readonly #listener: OwnRecordsListener
  readonly #media: () => NodeMedia | undefined
  readonly #entries = new Map<OwnFacts, Entry>()

  /** `media`: of the room, undefined before it is there. */
  constructor(listener: OwnRecordsListener, media: () => NodeMedia | undefined) {
    this.#listener = listener
    this.#media = media
  }

  /** From now until it ends, which is told, too. `epoch`: of its claim. */
  add(facts: OwnFacts, publications: Entry['publications'], epoch: number): void {
    const entry: Entry = {
      facts,
      publications,
      epoch,
      isDue: false,
      unfollow: facts.follow(() => this.#tellSoon(entry)),
    }
    this.#entries.set(facts, entry)
    this.#tell(entry)
  }

  /** The records of all, by sid: what another node is sent that has just come in, or has missed something. */
  all(): Map<string, Uint8Array> {
    const present = [...this.#entries.values()].filter(({ facts }) => !facts.isClosed)
    return new Map(present.map(entry => [entry.facts.id, this.#encode(entry)]))
  }

  /** The room closes: the ends of those who left with it are told before. */
  close(): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.facts.isClosed) this.#tell(entry)
      entry.unfollow()
    }
    this.#entries.clear()
  }

  #encode({ facts, publications, epoch }: Entry): Uint8Array {
    return encodeMemberRecord(facts, epoch, this.#factsOfMedia(publications))
  }

  #factsOfMedia(publications: Entry['publications']): RemoteTrackFacts[] {
    return publications.published().flatMap(({ trackId, info }) => {
      try {
        const facts = this.#media()?.factsOf(trackId)
        // The media side follows the room's word for it, and may not have done so yet.
        return facts ? { ...facts, muted: info.muted } : []
      } catch (error) {
        // Its media has just ended, and its end is about to be told.
        if (error instanceof AppError && error.code === 'track_not_found') return []
        throw error
      }
    })
  }

  #tellSoon(entry: Entry): void {
    if (entry.isDue) return
    entry.isDue = true
    queueMicrotask(() => {
      entry.isDue = false
      if (this.#entries.get(entry.facts) === entry) this.#tell(entry)
    })
  }

  #tell(entry: Entry): void {
    const { facts, epoch } = entry
    if (!facts.isClosed) {
      this.#listener.member(this.#encode(entry), entry.facts)
      return
    }
    entry.unfollow()
    this.#entries.delete(facts)
    const { id: participantId, identity, version } = facts
    this.#listener.gone({ participantId, identity, epoch, version, reason: facts.info().disconnectReason })
  }
}
