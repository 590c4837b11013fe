/** A participant whose connection is held by another node: a copy of its facts, of which only a newer version is taken. */
import type { Incarnation, ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import {
  type DataTrackInfo,
  type DisconnectReason,
  type ParticipantInfo,
  type ParticipantInfo_Kind,
  ParticipantInfo_State,
  ParticipantPermission,
  type TrackInfo,
  TrackType,
} from '@livekit/protocol'
import { ChangeBudget } from '../base/change-budget.ts'
import type { RoomLimits } from '../base/limits.ts'
import type { RemoteTrackFacts } from '../base/node-media.ts'
import { encodeInfo } from '../base/wire.ts'
import type { MemberRecord } from '../member/member-record.ts'
import type { Member } from '../member/room-view.ts'
import type { TrackFacts } from '../member/track-facts.ts'
import type { TrackPermissions } from '../member/track-permissions.ts'
import type { Original, ShownCopy } from './copy-keeper.ts'

/** A track of it: the object stays, its info is replaced when it changes. */
interface RemoteTrack extends TrackFacts {
  info: TrackInfo
}

export class RemoteMember implements Member, Original {
  readonly id: ParticipantId
  readonly identity: string
  readonly owner: string | undefined
  /** The node that holds its connection. */
  readonly node: Incarnation
  readonly epoch: number
  readonly budget: ChangeBudget
  readonly publications: Member['publications']
  isKnownToObservers = false
  #version = 0
  #info: ParticipantInfo
  #encoded: Uint8Array | undefined
  #attributes: Record<string, string>
  #permission: ParticipantPermission
  #trackPermissions: TrackPermissions | undefined
  readonly #tracks = new Map<TrackId, RemoteTrack>()
  #media: readonly RemoteTrackFacts[] = []

  /** `shown`: what of it is in the room by now. `onSubscribed`: its publisher is to hear that a track found a subscriber. */
  constructor(
    node: Incarnation,
    record: MemberRecord,
    limits: RoomLimits,
    now: () => number,
    shown: () => ShownCopy,
    onSubscribed: (trackId: TrackId) => void,
  ) {
    this.node = node
    this.id = record.participantId
    this.identity = record.identity
    this.owner = record.owner
    this.epoch = record.epoch
    this.budget = new ChangeBudget(limits, now)
    this.#info = record.info
    this.#attributes = record.info.attributes
    this.#permission = permissionIn(record.info)
    this.publications = {
      published: () => shown().published(),
      get: trackSid => shown().tracks.get(trackSid as TrackId)?.track,
      markSubscribed: onSubscribed,
    }
    this.apply(record)
  }

  get version(): number {
    return this.#version
  }
  get name(): string {
    return this.#info.name
  }
  get metadata(): string {
    return this.#info.metadata
  }
  get attributes(): Record<string, string> {
    return this.#attributes
  }
  get permission(): ParticipantPermission {
    return this.#permission
  }
  get kind(): ParticipantInfo_Kind {
    return this.#info.kind
  }
  get trackPermissions(): TrackPermissions | undefined {
    return this.#trackPermissions
  }
  get dataTracks(): DataTrackInfo[] {
    return this.#info.dataTracks
  }
  get isActive(): boolean {
    return this.#info.state === ParticipantInfo_State.ACTIVE
  }
  get isHidden(): boolean {
    return this.#permission.hidden
  }
  get isObserver(): boolean {
    return !this.#permission.canPublish && this.#info.dataTracks.length === 0
  }
  get isClosed(): boolean {
    return this.#info.state === ParticipantInfo_State.DISCONNECTED
  }

  published(): TrackFacts[] {
    return [...this.#tracks.values()]
  }

  allowsSubscriber(subscriber: Pick<Member, 'id' | 'identity'>, trackId: TrackId): boolean {
    return this.#trackPermissions?.allows(subscriber, trackId) ?? true
  }

  info(): ParticipantInfo {
    return this.#info.clone()
  }

  encodedInfo(): Uint8Array {
    this.#encoded ??= encodeInfo(this.#info)
    return this.#encoded
  }

  /** What the media side has to know of a track; undefined while its node does not say. */
  mediaOf(trackId: TrackId): RemoteTrackFacts | undefined {
    return this.#media.find(facts => facts.trackId === trackId)
  }

  /** Takes newer facts. What has not changed stays the same object. */
  apply({ version, info, trackPermissions, media }: MemberRecord): void {
    this.#version = version
    this.#media = media
    const permission = permissionIn(info)
    if (!permission.equals(this.#permission)) this.#permission = permission
    if (!isSameRecord(info.attributes, this.#attributes)) this.#attributes = info.attributes
    const isSamePermissions =
      JSON.stringify(trackPermissions?.records()) === JSON.stringify(this.#trackPermissions?.records())
    if (!isSamePermissions) this.#trackPermissions = trackPermissions
    const told = new Set(info.tracks.map(({ sid }) => sid as TrackId))
    for (const trackId of [...this.#tracks.keys()]) if (!told.has(trackId)) this.#tracks.delete(trackId)
    for (const track of info.tracks) {
      const trackId = track.sid as TrackId
      const known = this.#tracks.get(trackId)
      if (!known) {
        const kind = track.type === TrackType.AUDIO ? 'audio' : 'video'
        this.#tracks.set(trackId, { trackId, kind, info: track })
      } else if (!known.info.equals(track)) known.info = track
    }
    this.#info = info
    this.#encoded = undefined
  }

  /** It has left its node, or its node is gone. */
  close(version: number, reason: DisconnectReason): void {
    this.#version = Math.max(version, this.#version + 1)
    this.#info = this.#info.clone()
    this.#info.state = ParticipantInfo_State.DISCONNECTED
    this.#info.disconnectReason = reason
    this.#info.version = this.#version
    this.#info.tracks = []
    this.#info.dataTracks = []
    this.#encoded = undefined
  }
}

/** A participant's info always holds its permission; one without it may do nothing. */
const permissionIn = ({ permission }: ParticipantInfo): ParticipantPermission =>
  permission ?? new ParticipantPermission()

const isSameRecord = (a: Record<string, string>, b: Record<string, string>): boolean => {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => a[key] === b[key])
}
