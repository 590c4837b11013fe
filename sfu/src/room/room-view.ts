/** What the parts of a room (its messages, its broadcasts) may see of it. */
import type { ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'
import type {
  ParticipantInfo,
  ParticipantInfo_Kind,
  ParticipantPermission,
  Room as RoomMessage,
} from '@livekit/protocol'
import type { RoomLimits } from './limits.ts'
import type { Outbox } from './outbox.ts'
import type { Participant } from './participant.ts'
import type { Publication } from './publication.ts'

export interface RoomOptions {
  name: string
  emptyTimeoutS: number
  departureTimeoutS: number
  /** 0: no limit but the node's. */
  maxParticipants: number
  metadata: string
}

/** Somebody the others know of: a participant with its connection here, or one forwarded from another room. */
export interface Member {
  readonly id: ParticipantId
  readonly identity: string
  readonly name: string
  readonly attributes: Record<string, string>
  readonly kind: ParticipantInfo_Kind
  readonly permission: ParticipantPermission
  readonly isHidden: boolean
  readonly isObserver: boolean
  readonly isClosed: boolean
  isKnownToObservers: boolean
  readonly budget: { mayAnnounceNow(): boolean }
  /** Only with a connection of its own. */
  readonly outbox?: Outbox
  readonly publications: {
    published(): Publication[]
    get(trackSid: string): Publication | undefined
    markSubscribed(publication: Publication): void
  }
  allowsSubscriber(subscriber: Participant, trackId: TrackId): boolean
  info(): ParticipantInfo
  encodedInfo(): Uint8Array
}

export interface RoomView {
  readonly id: RoomId
  readonly name: string
  readonly createdAtMs: number
  readonly options: RoomOptions
  bySid(sid: string): Participant | undefined
  /** Who publishes a track that others may have. */
  publisherOf(trackSid: string): Member | undefined
  /** Those with a connection here, by identity. */
  readonly participants: ReadonlyMap<string, Participant>
  readonly captures: { readonly size: number }
  /** Those others know of. */
  visible(): Member[]
  message(): RoomMessage
}

/** Above this size news of observers is batched and kept from other observers. */
export const isLargeRoom = (room: RoomView, limits: RoomLimits): boolean =>
  room.participants.size > limits.promptUpdatesUpTo
