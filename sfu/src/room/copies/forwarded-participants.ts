/**
 * The participants of other rooms shown in this one. Each follows its source: what the source does in one step is caught
 * up with in one step right after it. Owned by the room, which closes it; the sources do not know of it.
 */
import { AppError } from '@diemcau/core/errors.ts'
import { newParticipantId, type ParticipantId } from '@diemcau/core/ids.ts'
import { DisconnectReason } from '@livekit/protocol'
import { type ParticipantCloseReason, wireReasonOf } from '../base/close-reasons.ts'
import type { RoomLimits } from '../base/limits.ts'
import type { RoomMedia } from '../base/ports.ts'
import type { Participant } from '../member/participant.ts'
import { CopyKeeper, type CopyKeeperDeps, ShownCopy } from './copy-keeper.ts'
import { ForwardedParticipant } from './forwarded-participant.ts'

export interface ForwardedParticipantsDeps extends CopyKeeperDeps {
  limits: RoomLimits
  /** The media of this room; asked for when the first participant is forwarded. */
  media(): RoomMedia
  emit(event: 'participant_joined' | 'participant_left', member: ForwardedParticipant): void
}

interface Entry {
  readonly member: ForwardedParticipant
  readonly shown: ShownCopy
  unfollow(): void
  isDue: boolean
}

export class ForwardedParticipants {
  readonly #deps: ForwardedParticipantsDeps
  readonly #keeper: CopyKeeper
  readonly #entries = new Map<string, Entry>()

  constructor(deps: ForwardedParticipantsDeps) {
    this.#deps = deps
    this.#keeper = new CopyKeeper(deps)
  }

  get size(): number {
    return this.#entries.size
  }
  /** By identity. */
  get(identity: string): ForwardedParticipant | undefined {
    return this.#entries.get(identity)?.member
  }
  list(): ForwardedParticipant[] {
    return [...this.#entries.values()].map(({ member }) => member)
  }

  /** Shows `source`, whose tracks are published in `from`, until it leaves, is hidden, or `end` is called. `id`: its sid here. */
  add(source: Participant, from: RoomMedia, id: ParticipantId = newParticipantId()): ForwardedParticipant {
    const { broadcast, limits, now, log, emit, media } = this.#deps
    const member: ForwardedParticipant = new ForwardedParticipant(id, source, limits, now, () => shown)
    const original = {
      get name() {
        return source.name
      },
      get metadata() {
        return source.metadata
      },
      get attributes() {
        return source.attributes
      },
      get permission() {
        return source.permission
      },
      get trackPermissions() {
        return source.facts.trackPermissions
      },
      published: () => source.publications.published(),
    }
    const shown = new ShownCopy(
      member,
      original,
      ({ trackId }) => media().forward(from, trackId, member.id),
      () => member.touch(),
    )
    const entry: Entry = {
      member,
      shown,
      unfollow: source.facts.follow(() => this.#catchUpSoon(entry)),
      isDue: false,
    }
    this.#entries.set(member.identity, entry)
    const { id: participantId, identity } = member
    log.info({ participantId, identity, sourceId: source.id }, 'participant forwarded here')
    broadcast.participant(member, { isPrompt: true })
    emit('participant_joined', member)
    this.#catchUp(entry)
    broadcast.counts()
    return member
  }

  /** Takes a forwarded participant out of the room, if there is one of that identity. Its source is left as it is. */
  end(identity: string, reason: ParticipantCloseReason): void {
    const entry = this.#entries.get(identity)
    if (entry) this.#end(entry, wireReasonOf(reason))
  }

  close(reason: ParticipantCloseReason): void {
    for (const identity of [...this.#entries.keys()]) this.end(identity, reason)
  }

  /** Once for all that changes in this step: e.g. a source that leaves ends here as a whole and not track by track. */
  #catchUpSoon(entry: Entry): void {
    if (entry.isDue) return
    entry.isDue = true
    queueMicrotask(() => {
      entry.isDue = false
      if (!entry.member.isClosed) this.#catchUp(entry)
    })
  }

  #catchUp(entry: Entry): void {
    const { source } = entry.member
    if (source.isClosed) this.#end(entry, source.info().disconnectReason)
    // Nobody may learn of a hidden participant: not here either.
    else if (source.isHidden) this.#end(entry, DisconnectReason.CLIENT_INITIATED)
    else this.#keeper.catchUp(entry.shown)
  }

  #end(entry: Entry, reason: DisconnectReason): void {
    const { broadcast, log, emit } = this.#deps
    const { member, shown } = entry
    this.#entries.delete(member.identity)
    entry.unfollow()
    this.#keeper.end(shown, () => member.close(reason))
    log.info({ participantId: member.id, reason: DisconnectReason[reason] }, 'forwarded participant ended')
    emit('participant_left', member)
    broadcast.counts()
  }
}

/** @throws AppError 'failed_precondition' (hidden, or a second connection), 'unavailable' (its media has never connected yet). */
export function assertForwardable(source: Participant): void {
  if (source.isHidden)
    throw new AppError('failed_precondition', 'a hidden participant cannot be shown in another room')
  if (source.owner !== undefined)
    throw new AppError('failed_precondition', 'a second connection cannot be shown in another room')
  if (!source.hasBeenActive)
    throw new AppError('unavailable', 'the participant is connecting just now, try again')
}
