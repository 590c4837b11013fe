/**
 * Keeps what a room shows of somebody whose facts are written elsewhere (in another room, on another node) in line with
 * those facts: what the original did in one step is caught up with in one step. Pure of who writes them and how they come.
 */
import type { TrackId } from '@diemcau/core/ids.ts'
import type { ParticipantPermission } from '@livekit/protocol'
import type { Log } from '../base/log.ts'
import type { RoomCaptures } from '../capture/room-captures.ts'
import type { UnpublishReason } from '../member/publications.ts'
import type { Member } from '../member/room-view.ts'
import type { TrackFacts } from '../member/track-facts.ts'
import type { RoomBroadcast } from '../telling/room-broadcast.ts'
import type { RoomTracks } from '../telling/room-tracks.ts'

/** One track of a copy, and what the room was last told of it. */
interface CopiedTrack {
  readonly track: TrackFacts
  /** Gives the media back. */
  release(): void
  isMuted: boolean
  version: TrackFacts['info']['version']
}

/** What is followed. Profile, permissions and versions of tracks are other objects after each change. */
export interface Original {
  readonly name: string
  readonly metadata: string
  readonly attributes: Record<string, string>
  readonly permission: ParticipantPermission
  readonly trackPermissions: unknown
  published(): TrackFacts[]
}

export interface CopyKeeperDeps {
  tracks: RoomTracks
  broadcast: RoomBroadcast
  captures: RoomCaptures
  log: Log
  now(): number
}

/** What the others were last told of one copy; made by `CopyKeeper.open`. */
export class ShownCopy {
  readonly member: Member
  readonly tracks = new Map<TrackId, CopiedTrack>()
  readonly original: Original
  /** Makes a track's media one of this room. Throws when it has just ended. */
  readonly takeMedia: (track: TrackFacts) => () => void
  /** The state that others see has changed. */
  readonly touch: () => void
  profile: Pick<Original, 'name' | 'metadata' | 'attributes' | 'permission'>
  trackPermissions: unknown

  constructor(
    member: Member,
    original: Original,
    takeMedia: (track: TrackFacts) => () => void,
    touch: () => void,
  ) {
    this.member = member
    this.original = original
    this.takeMedia = takeMedia
    this.touch = touch
    this.profile = profileOf(original)
    this.trackPermissions = original.trackPermissions
  }

  published(): TrackFacts[] {
    return [...this.tracks.values()].map(({ track }) => track)
  }
}

export class CopyKeeper {
  readonly #deps: CopyKeeperDeps

  constructor(deps: CopyKeeperDeps) {
    this.#deps = deps
  }

  catchUp(shown: ShownCopy): void {
    const published = shown.original.published()
    const still = new Set(published.map(({ trackId }) => trackId))
    for (const trackId of [...shown.tracks.keys()])
      if (!still.has(trackId)) this.#unpublish(shown, trackId, 'unpublished')
    for (const track of published) if (!shown.tracks.has(track.trackId)) this.#publish(shown, track)
    this.#tellTracks(shown)
    this.#tellProfile(shown)
  }

  /** Takes its tracks away and tells the others that it has left; a replaced one just makes room for the next. */
  end(shown: ShownCopy, close: () => void, { isReplaced = false } = {}): void {
    const { broadcast } = this.#deps
    const { member } = shown
    for (const trackId of [...shown.tracks.keys()]) this.#unpublish(shown, trackId, 'participant_left')
    close()
    broadcast.forget(member)
    if (!isReplaced) broadcast.participant(member, { isPrompt: false })
  }

  #publish(shown: ShownCopy, track: TrackFacts): void {
    const { log, tracks } = this.#deps
    const { trackId, info } = track
    try {
      const release = shown.takeMedia(track)
      shown.tracks.set(trackId, { track, release, isMuted: info.muted, version: info.version })
    } catch (error) {
      // The track's media has just ended, and the original is about to say so.
      log.info({ err: error, trackId }, 'a track could not be copied')
      return
    }
    shown.touch()
    tracks.handlePublished(shown.member, track)
  }

  #unpublish(shown: ShownCopy, trackId: TrackId, reason: UnpublishReason): void {
    const copied = shown.tracks.get(trackId)
    if (!copied) return
    shown.tracks.delete(trackId)
    shown.touch()
    this.#deps.tracks.handleUnpublished(shown.member, copied.track, reason)
    copied.release()
  }

  #tellTracks(shown: ShownCopy): void {
    const { tracks } = this.#deps
    for (const copied of shown.tracks.values()) {
      const { info } = copied.track
      if (info.version === copied.version) continue
      const isMuteNew = info.muted !== copied.isMuted
      copied.version = info.version
      copied.isMuted = info.muted
      shown.touch()
      tracks.handleChanged(shown.member, copied.track, isMuteNew ? 'muted' : 'info')
    }
    if (shown.trackPermissions === shown.original.trackPermissions) return
    shown.trackPermissions = shown.original.trackPermissions
    shown.touch()
    tracks.applyPermission(shown.member)
  }

  #tellProfile(shown: ShownCopy): void {
    const { broadcast, captures, now } = this.#deps
    const profile = profileOf(shown.original)
    const { name, metadata, attributes, permission } = profile
    const last = shown.profile
    if (
      name === last.name &&
      metadata === last.metadata &&
      attributes === last.attributes &&
      permission === last.permission
    )
      return
    shown.profile = profile
    shown.touch()
    broadcast.participant(shown.member, { isPrompt: true })
    const { id: participantId, identity } = shown.member
    captures.notify({ type: 'participant_updated', at: now(), participantId, identity, name, attributes })
  }
}

const profileOf = ({ name, metadata, attributes, permission }: Original): ShownCopy['profile'] => ({
  name,
  metadata,
  attributes,
  permission,
})
