/** What the parts of a room (its messages, its broadcasts) may see of it. */
import type { RoomId } from '@diemcau/core/ids.ts'
import type { Room as RoomMessage } from '@livekit/protocol'
import type { RoomLimits } from './limits.ts'
import type { Participant } from './participant.ts'

export interface RoomOptions {
  name: string
  emptyTimeoutS: number
  departureTimeoutS: number
  /** 0: no limit but the node's. */
  maxParticipants: number
  metadata: string
}

export interface RoomView {
  readonly id: RoomId
  readonly name: string
  readonly createdAtMs: number
  readonly options: RoomOptions
  /** Who publishes a track that others may have. */
  publisherOf(trackSid: string): Participant | undefined
  /** By identity. */
  readonly participants: ReadonlyMap<string, Participant>
  readonly captures: { readonly size: number }
  /** Those others know of. */
  visible(): Participant[]
  message(): RoomMessage
}

/** Above this size news of observers is batched and kept from other observers. */
export const isLargeRoom = (room: RoomView, limits: RoomLimits): boolean =>
  room.participants.size > limits.promptUpdatesUpTo
