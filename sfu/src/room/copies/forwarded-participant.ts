/**
 * A participant of another room as it is shown in this one (RoomService.ForwardParticipant): its own sid, no connection
 * here, everything else as at its source. What it publishes are the source's own publications, as far as this room has
 * their media.
 */
import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import {
  type DisconnectReason,
  type ParticipantInfo,
  ParticipantInfo_KindDetail,
  ParticipantInfo_State,
  ParticipantPermission,
} from '@livekit/protocol'
import { ChangeBudget } from '../base/change-budget.ts'
import type { RoomLimits } from '../base/limits.ts'
import { encodeInfo } from '../base/wire.ts'
import type { Participant } from '../member/participant.ts'
import type { Member } from '../member/room-view.ts'
import type { TrackPermissions } from '../member/track-permissions.ts'
import type { ShownCopy } from './copy-keeper.ts'

export class ForwardedParticipant implements Member {
  readonly id: ParticipantId
  readonly source: Participant
  readonly joinedAtMs: number
  readonly budget: ChangeBudget
  readonly publications: Member['publications']
  isKnownToObservers = false
  readonly #followers = new Set<() => void>()
  #version = 1
  #encoded: Uint8Array | undefined
  #endedBy: DisconnectReason | undefined

  /** `id`: by which the others in this room know it. `shown`: what of the source is here. */
  constructor(
    id: ParticipantId,
    source: Participant,
    limits: RoomLimits,
    now: () => number,
    shown: () => Pick<ShownCopy, 'tracks' | 'published'>,
  ) {
    this.id = id
    this.source = source
    this.joinedAtMs = now()
    this.budget = new ChangeBudget(limits, now)
    this.publications = {
      published: () => shown().published(),
      get: trackSid => shown().tracks.get(trackSid as TrackId)?.track,
      markSubscribed: trackId => source.publications.markSubscribed(trackId),
    }
  }

  get identity(): string {
    return this.source.identity
  }
  get name(): string {
    return this.source.name
  }
  get metadata(): string {
    return this.source.metadata
  }
  get attributes(): Record<string, string> {
    return this.source.attributes
  }
  get kind(): Participant['kind'] {
    return this.source.kind
  }
  /** It publishes here, and can neither receive nor be heard otherwise. */
  get permission(): ParticipantPermission {
    const { canPublish, canPublishSources, agent, recorder } = this.source.permission
    return new ParticipantPermission({ canPublish, canPublishSources, agent, recorder })
  }
  /** Hidden participants are not forwarded. */
  get isHidden(): boolean {
    return false
  }
  get isObserver(): boolean {
    return !this.source.permission.canPublish
  }
  get isClosed(): boolean {
    return this.#endedBy !== undefined
  }

  /** By identity as in its own room; sids of subscribers there mean nobody here. */
  allowsSubscriber(subscriber: Pick<Member, 'id' | 'identity'>, trackId: TrackId): boolean {
    return this.source.allowsSubscriber(subscriber, trackId)
  }

  get version(): number {
    return this.#version
  }
  get trackPermissions(): TrackPermissions | undefined {
    return this.source.facts.trackPermissions
  }

  touch(): void {
    this.#version++
    this.#encoded = undefined
    for (const changed of this.#followers) changed()
  }

  /** `changed` is called at each change of what others see here, its end among them, until the returned function is called. */
  follow(changed: () => void): () => void {
    this.#followers.add(changed)
    return () => this.#followers.delete(changed)
  }

  info(): ParticipantInfo {
    const info = this.source.info()
    const published = this.publications.published()
    info.sid = this.id
    info.state = this.isClosed ? ParticipantInfo_State.DISCONNECTED : ParticipantInfo_State.ACTIVE
    info.joinedAt = BigInt(Math.floor(this.joinedAtMs / 1000))
    info.joinedAtMs = BigInt(this.joinedAtMs)
    info.version = this.#version
    info.permission = this.permission
    info.tracks = published.map(publication => publication.info)
    info.isPublisher = published.length > 0
    info.kindDetails = [...info.kindDetails, ParticipantInfo_KindDetail.FORWARDED]
    // No data reaches it, so nothing may be expected of its client.
    info.dataTracks = []
    info.clientProtocol = 0
    info.capabilities = []
    if (this.#endedBy !== undefined) info.disconnectReason = this.#endedBy
    return info
  }

  encodedInfo(): Uint8Array {
    this.#encoded ??= encodeInfo(this.info())
    return this.#encoded
  }

  /** Its owner has taken its tracks away. */
  close(reason: DisconnectReason): void {
    this.#endedBy ??= reason
    this.touch()
  }
}
