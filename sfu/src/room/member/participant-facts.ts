/**
 * What others may know of a participant, wherever its connection is: identity, profile, permissions, state, what it publishes.
 * Written by whoever holds the connection; each change is a new version, and versions never go back.
 */
import { newParticipantId, type ParticipantId } from '@diemcau/core/ids.ts'
import {
  type DataTrackInfo,
  type DisconnectReason,
  ParticipantInfo,
  ParticipantInfo_Kind,
  ParticipantInfo_State,
  type ParticipantPermission,
  type TrackInfo,
} from '@livekit/protocol'
import type { JoinQuery, TokenContents, VerifiedClaims } from '../base/claims.ts'
import type { Profile } from '../base/metadata.ts'
import { capabilitiesOf, grantsOf, kindDetailsOf, kindOf, permissionOf } from '../base/permissions.ts'
import { encodeInfo } from '../base/wire.ts'
import type { TrackPermissions } from './track-permissions.ts'

/** What holds of an identity for its next connection, as its owner has put it down: opaque here. The higher `rev` wins. */
export interface KeptWord {
  readonly rev: number
  readonly body: string
}

export class ParticipantFacts {
  readonly id: ParticipantId
  readonly identity: string
  /** Of a second connection: the identity it belongs to. */
  readonly owner: string | undefined
  readonly kind: ParticipantInfo_Kind
  readonly joinedAtMs: number
  readonly #claims: VerifiedClaims
  readonly #client: Pick<JoinQuery, 'clientProtocol' | 'capabilities'>
  readonly #published: () => { info: TrackInfo }[]
  readonly #followers = new Set<() => void>()
  #name: string
  #metadata: string
  #attributes: Record<string, string>
  #permission: ParticipantPermission
  #state = ParticipantInfo_State.JOINED
  #dataTracks: DataTrackInfo[] = []
  #trackPermissions: TrackPermissions | undefined
  #kept: KeptWord | undefined
  #endedBy: DisconnectReason | undefined
  #version = 1
  #encoded: Uint8Array | undefined

  /** `published`: the tracks that others may have, as they are whenever it is asked. `id`: default a new one. */
  constructor(
    claims: VerifiedClaims,
    client: Pick<JoinQuery, 'clientProtocol' | 'capabilities'>,
    joinedAtMs: number,
    published: () => { info: TrackInfo }[],
    id: ParticipantId = newParticipantId(),
  ) {
    this.id = id
    this.#claims = claims
    this.#client = client
    this.#published = published
    this.identity = claims.identity
    this.owner = claims.owner
    this.kind = kindOf(claims.kind)
    this.joinedAtMs = joinedAtMs
    this.#name = claims.name
    this.#metadata = claims.metadata
    this.#attributes = { ...claims.attributes }
    this.#permission = permissionOf(claims.video)
  }

  get name(): string {
    return this.#name
  }
  get metadata(): string {
    return this.#metadata
  }
  get attributes(): Record<string, string> {
    return this.#attributes
  }
  /** Replaced as a whole when it changes. */
  get permission(): ParticipantPermission {
    return this.#permission
  }
  get state(): ParticipantInfo_State {
    return this.#state
  }
  /** What it publishes as data, as DataTracks says. */
  get dataTracks(): DataTrackInfo[] {
    return this.#dataTracks
  }
  /** SubscriptionPermission as last sent by this publisher; undefined: everybody may subscribe. */
  get trackPermissions(): TrackPermissions | undefined {
    return this.#trackPermissions
  }
  /** What other nodes have to remember of it, should this one and the record be lost at once. */
  get kept(): KeptWord | undefined {
    return this.#kept
  }
  get version(): number {
    return this.#version
  }
  get isClosed(): boolean {
    return this.#state === ParticipantInfo_State.DISCONNECTED
  }
  get isHidden(): boolean {
    return this.#permission.hidden
  }
  /** May only watch; an audience of such people is not told of one another. */
  get isObserver(): boolean {
    return !this.#permission.canPublish && this.#dataTracks.length === 0
  }
  /** It has a right to the list of all: by its token, or as an agent, which works for each of them. */
  get mayList(): boolean {
    const { roomAdmin, roomList } = this.#claims.video
    return roomAdmin === true || roomList === true || this.isAgent
  }
  /** Agents may transcribe others and write in their name. */
  get isAgent(): boolean {
    return this.#permission.agent || this.kind === ParticipantInfo_Kind.AGENT
  }

  setProfile({ name, metadata, attributes }: Profile): void {
    this.#name = name
    this.#metadata = metadata
    this.#attributes = attributes
    this.touch()
  }

  /** The others hear of it with the next `touch`: what follows from it comes first. */
  setPermission(permission: ParticipantPermission): void {
    this.#permission = permission
  }

  setActive(): void {
    this.#state = ParticipantInfo_State.ACTIVE
    this.touch()
  }

  setDataTracks(tracks: DataTrackInfo[]): void {
    this.#dataTracks = tracks
    this.touch()
  }

  /** Undefined: everybody may subscribe. */
  setTrackPermissions(permissions: TrackPermissions | undefined): void {
    this.#trackPermissions = permissions
    this.touch()
  }

  setKept(kept: KeptWord): void {
    this.#kept = kept
    this.touch()
  }

  /** Its end; final. */
  setEnded(reason: DisconnectReason): void {
    this.#state = ParticipantInfo_State.DISCONNECTED
    this.#endedBy = reason
    this.touch()
  }

  /** The state others see has changed: a new version. */
  touch(): void {
    this.#version++
    this.#encoded = undefined
    for (const changed of this.#followers) changed()
  }

  /** `changed` is called at each change of what others see, its end among them, until the returned function is called. */
  follow(changed: () => void): () => void {
    this.#followers.add(changed)
    return () => this.#followers.delete(changed)
  }

  info(): ParticipantInfo {
    const published = this.#published()
    return new ParticipantInfo({
      sid: this.id,
      identity: this.identity,
      state: this.#state,
      tracks: published.map(publication => publication.info),
      metadata: this.#metadata,
      joinedAt: BigInt(Math.floor(this.joinedAtMs / 1000)),
      joinedAtMs: BigInt(this.joinedAtMs),
      name: this.#name,
      version: this.#version,
      permission: this.#permission,
      isPublisher: published.length > 0 || this.#dataTracks.length > 0,
      dataTracks: this.#dataTracks,
      kind: this.kind,
      kindDetails: kindDetailsOf(this.#claims.kindDetails),
      clientProtocol: this.#client.clientProtocol,
      capabilities: capabilitiesOf(this.#client.capabilities),
      attributes: this.#attributes,
      ...(this.#endedBy === undefined ? {} : { disconnectReason: this.#endedBy }),
    })
  }

  /** `info()` encoded, once a version. */
  encodedInfo(): Uint8Array {
    this.#encoded ??= encodeInfo(this.info())
    return this.#encoded
  }

  /** The claims it joined with, as they are now. */
  tokenContents(): TokenContents {
    const { owner, kind, kindDetails, roomConfig, notBeforeS, video } = this.#claims
    return {
      // A second connection is made anew by the query, out of its owner's token.
      identity: owner ?? this.identity,
      name: this.#name,
      metadata: this.#metadata,
      attributes: this.#attributes,
      kind,
      kindDetails,
      notBeforeS,
      video: grantsOf(this.#permission, video),
      ...(roomConfig ? { roomConfig } : {}),
    }
  }
}
