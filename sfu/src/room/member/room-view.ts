/** What the parts of a room (its messages, its broadcasts) may see of it. */
import type { ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'
import type {
  ParticipantInfo,
  ParticipantInfo_Kind,
  ParticipantPermission,
  Room as RoomMessage,
} from '@livekit/protocol'
import type { RoomLimits } from '../base/limits.ts'
import { isServant } from '../base/permissions.ts'
import type { Participant } from './participant.ts'
import type { SignalBacklog } from './signal-backlog.ts'
import type { TrackFacts } from './track-facts.ts'

export interface RoomOptions {
  name: string
  emptyTimeoutS: number
  departureTimeoutS: number
  /** 0: no limit but the node's. */
  maxParticipants: number
  metadata: string
}

/** Somebody the others know of: a participant with its connection here, or a copy of one whose connection is elsewhere. */
export interface Member {
  readonly id: ParticipantId
  readonly identity: string
  readonly name: string
  readonly attributes: Record<string, string>
  readonly kind: ParticipantInfo_Kind
  /** Of a second connection: the identity it belongs to. */
  readonly owner?: string | undefined
  readonly permission: ParticipantPermission
  readonly isHidden: boolean
  readonly isObserver: boolean
  readonly isClosed: boolean
  isKnownToObservers: boolean
  readonly budget: { mayAnnounceNow(): boolean }
  /** Only with a connection of its own. */
  readonly backlog?: SignalBacklog
  readonly publications: {
    published(): TrackFacts[]
    get(trackSid: string): TrackFacts | undefined
    /** Somebody subscribed to it: its publisher is told once. */
    markSubscribed(trackId: TrackId): void
  }
  allowsSubscriber(subscriber: Pick<Participant, 'id' | 'identity'>, trackId: TrackId): boolean
  info(): ParticipantInfo
  encodedInfo(): Uint8Array
}

export interface RoomView {
  readonly id: RoomId
  readonly name: string
  readonly createdAtMs: number
  readonly options: RoomOptions
  bySid(sid: string): Participant | undefined
  /** Of a sid: who it is, wherever the connection is. */
  memberBySid(sid: string): Member | undefined
  /** Who publishes a track that others may have. */
  publisherOf(trackSid: string): Member | undefined
  /** Those with a connection here, by identity. */
  readonly participants: ReadonlyMap<string, Participant>
  /** How many have their connection here or on another node. */
  readonly size: number
  /** All there are, hidden ones too. */
  members(): Member[]
  readonly captures: { readonly isRecording: boolean }
  /** Those others know of. */
  visible(): Member[]
  message(): RoomMessage
}

/** Whether a member counts as a person in the room: it is not the second connection of another one, and not a recorder, egress or agent. */
export const isCounted = ({
  owner,
  permission,
  kind,
}: Pick<Member, 'owner' | 'permission' | 'kind'>): boolean =>
  owner === undefined && !isServant(permission, kind)

/** Above this size news of observers is batched. */
export const isLargeRoom = (room: RoomView, limits: RoomLimits): boolean =>
  room.size > limits.promptUpdatesUpTo
