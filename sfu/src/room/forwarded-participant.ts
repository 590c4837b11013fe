/**
 * A participant of another room as it is shown in this one (RoomService.ForwardParticipant): its own sid, no connection
 * here, everything else as at its source. What it publishes are the source's own publications, as far as this room has
 * their media.
 */
import { newParticipantId, type ParticipantId, type TrackId } from '@diemcau/core/ids.ts'
import {
  type DisconnectReason,
  type ParticipantInfo,
  ParticipantInfo_KindDetail,
  ParticipantInfo_State,
  ParticipantPermission,
} from '@livekit/protocol'
import { ChangeBudget } from './change-budget.ts'
import type { RoomLimits } from './limits.ts'
import type { Participant } from './participant.ts'
import type { Publication } from './publication.ts'
import type { Member } from './room-view.ts'
import { encodeInfo } from './wire.ts'

/** One of its tracks, and what this room was last told of it. */
export interface ForwardedTrack {
  readonly publication: Publication
  /** Gives the media back. */
  release(): void
  isMuted: boolean
  version: Publication['info']['version']
}

export class ForwardedParticipant implements Member {
  readonly id: ParticipantId = newParticipantId()
  readonly source: Participant
  readonly joinedAtMs: number
  readonly budget: ChangeBudget
  readonly tracks = new Map<TrackId, ForwardedTrack>()
  readonly publications: Member['publications']
  isKnownToObservers = false
  #version = 1
  #encoded: Uint8Array | undefined
  #endedBy: DisconnectReason | undefined

  constructor(source: Participant, limits: RoomLimits, now: () => number) {
    this.source = source
    this.joinedAtMs = now()
    this.budget = new ChangeBudget(limits, now)
    this.publications = {
      published: () => [...this.tracks.values()].map(({ publication }) => publication),
      get: trackSid => this.tracks.get(trackSid as TrackId)?.publication,
      markSubscribed: publication => source.publications.markSubscribed(publication),
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
  allowsSubscriber(subscriber: Participant, trackId: TrackId): boolean {
    return this.source.allowsSubscriber(subscriber, trackId)
  }

  touch(): void {
    this.#version++
    this.#encoded = undefined
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
