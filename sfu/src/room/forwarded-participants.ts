/**
 * The participants of other rooms shown in this one. Each follows its source: what the source does in one step is caught
 * up with in one step right after it. Owned by the room, which closes it; the sources do not know of it.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { TrackId } from '@diemcau/core/ids.ts'
import { DisconnectReason } from '@livekit/protocol'
import { type ParticipantCloseReason, wireReasonOf } from './close-reasons.ts'
import { ForwardedParticipant } from './forwarded-participant.ts'
import type { RoomLimits } from './limits.ts'
import type { Log } from './log.ts'
import type { Participant } from './participant.ts'
import type { RoomMedia } from './ports.ts'
import type { Publication } from './publication.ts'
import type { RoomBroadcast } from './room-broadcast.ts'
import type { RoomCaptures } from './room-captures.ts'
import type { RoomTracks } from './room-tracks.ts'

export interface ForwardedParticipantsDeps {
  tracks: RoomTracks
  broadcast: RoomBroadcast
  captures: RoomCaptures
  limits: RoomLimits
  log: Log
  now(): number
  /** This room's; asked when the first is forwarded. */
  media(): RoomMedia
  emit(event: 'participant_joined' | 'participant_left', member: ForwardedParticipant): void
}

interface Entry {
  readonly member: ForwardedParticipant
  readonly from: RoomMedia
  unfollow(): void
  isDue: boolean
  /** As last told. */
  profile: Profile
  trackPermissions: Participant['trackPermissions']
}

type Profile = Pick<Participant, 'name' | 'metadata' | 'attributes' | 'permission'>

export class ForwardedParticipants {
  readonly #deps: ForwardedParticipantsDeps
  readonly #entries = new Map<string, Entry>()

  constructor(deps: ForwardedParticipantsDeps) {
    this.#deps = deps
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

  /** Shows `source`, whose tracks are published in `from`, until it leaves or `end` is called. */
  add(source: Participant, from: RoomMedia): void {
    const { broadcast, limits, now, log, emit } = this.#deps
    const member = new ForwardedParticipant(source, limits, now)
    const entry: Entry = {
      member,
      from,
      unfollow: source.follow(() => this.#catchUpSoon(entry)),
      isDue: false,
      profile: profileOf(source),
      trackPermissions: source.trackPermissions,
    }
    this.#entries.set(member.identity, entry)
    const { id: participantId, identity } = member
    log.info({ participantId, identity, sourceId: source.id }, 'participant forwarded here')
    broadcast.participant(member, { isPrompt: true })
    emit('participant_joined', member)
    this.#catchUp(entry)
    broadcast.counts()
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
    const { member } = entry
    const { source } = member
    if (source.isClosed) {
      this.#end(entry, source.info().disconnectReason)
      return
    }
    const published = source.publications.published()
    for (const { publication } of [...member.tracks.values()])
      if (!published.includes(publication)) this.#unpublish(member, publication.trackId)
    for (const publication of published)
      if (!member.tracks.has(publication.trackId)) this.#publish(entry, publication)
    this.#tellChanges(entry)
  }

  #publish({ member, from }: Entry, publication: Publication): void {
    const { log, media, tracks } = this.#deps
    const { trackId, info } = publication
    try {
      const release = media().forward(from, trackId, member.id)
      member.tracks.set(trackId, { publication, release, isMuted: info.muted, version: info.version })
    } catch (error) {
      // Its media ends just now, which the source is about to say.
      log.info({ err: error, trackId }, 'a track could not be forwarded')
      return
    }
    member.touch()
    tracks.handlePublished(member, publication)
  }

  #unpublish(member: ForwardedParticipant, trackId: TrackId, reason?: 'participant_left'): void {
    const track = member.tracks.get(trackId)
    if (!track) return
    member.tracks.delete(trackId)
    member.touch()
    this.#deps.tracks.handleUnpublished(member, track.publication, reason ?? 'unpublished')
    track.release()
  }

  #tellChanges(entry: Entry): void {
    const { tracks, broadcast, captures, now } = this.#deps
    const { member } = entry
    const { source } = member
    for (const track of member.tracks.values()) {
      const { info } = track.publication
      if (info.version === track.version) continue
      const isMuteNew = info.muted !== track.isMuted
      track.version = info.version
      track.isMuted = info.muted
      member.touch()
      tracks.handleChanged(member, track.publication, isMuteNew ? 'muted' : 'info')
    }
    if (entry.trackPermissions !== source.trackPermissions) {
      entry.trackPermissions = source.trackPermissions
      tracks.applyPermission(member)
    }
    const profile = profileOf(source)
    if (isSame(profile, entry.profile)) return
    entry.profile = profile
    member.touch()
    broadcast.participant(member, { isPrompt: true })
    const { id: participantId, identity, name, attributes } = member
    captures.notify({ type: 'participant_updated', at: now(), participantId, identity, name, attributes })
  }

  #end(entry: Entry, reason: DisconnectReason): void {
    const { broadcast, log, emit } = this.#deps
    const { member } = entry
    this.#entries.delete(member.identity)
    entry.unfollow()
    for (const trackId of [...member.tracks.keys()]) this.#unpublish(member, trackId, 'participant_left')
    member.close(reason)
    broadcast.forget(member)
    broadcast.participant(member, { isPrompt: false })
    log.info({ participantId: member.id, reason: DisconnectReason[reason] }, 'forwarded participant ended')
    emit('participant_left', member)
    broadcast.counts()
  }
}

const profileOf = ({ name, metadata, attributes, permission }: Participant): Profile => ({
  name,
  metadata,
  attributes,
  permission,
})

/** Profiles and permissions are replaced as a whole when they change. */
const isSame = (a: Profile, b: Profile): boolean =>
  a.name === b.name &&
  a.metadata === b.metadata &&
  a.attributes === b.attributes &&
  a.permission === b.permission

/** @throws AppError 'failed_precondition' (hidden), 'unavailable' (its media has never connected yet). */
export function assertForwardable(source: Participant): void {
  if (source.isHidden)
    throw new AppError('failed_precondition', 'a hidden participant cannot be shown in another room')
  if (!source.hasBeenActive)
    throw new AppError('unavailable', 'the participant is connecting just now, try again')
}
