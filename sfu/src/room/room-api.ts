/**
 * What the edges (`signalling`, `api`, `server`) ask of rooms. Implemented by `RoomRegistry` for those of one process, and by
 * `ClusterDirectory` for those of a cluster. Protocol messages are the room's vocabulary (docs/decisions/0002): ParticipantInfo, TrackInfo and Room are LiveKit's own, so that SDKs
 * and API see one truth.
 */
import type { CaptureCloseReason, CaptureCommand, CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import type {
  DataPacket,
  ParticipantInfo,
  Room as RoomMessage,
  TrackInfo,
  WebhookEvent,
} from '@livekit/protocol'
import type { VerifiedClaims } from './base/claims.ts'
import type { RpcCall } from './data/api-rpc.ts'

/** A cluster asks its other nodes first. */
type Awaitable<T> = T | Promise<T>

/** Errors are AppError with codes: not_found, over_limit, already_exists, failed_precondition, invalid_argument, permission_denied, resource_exhausted, unavailable. */
export interface RoomDirectory {
  /** Throws AppError('not_found') when the room is not there and joining does not make it. */
  assertJoinable(claims: Pick<VerifiedClaims, 'video'>): Awaitable<void>
  createRoom(options: {
    name: string
    emptyTimeoutS?: number
    departureTimeoutS?: number
    maxParticipants?: number
    metadata?: string
  }): Promise<RoomMessage>
  listRooms(names?: string[]): Awaitable<RoomMessage[]>
  hasRoom(name: string): Awaitable<boolean>
  /** Sends every participant LeaveRequest{reason ROOM_DELETED, action DISCONNECT} and closes the room. */
  deleteRoom(name: string): Promise<void>
  listParticipants(room: string): Awaitable<ParticipantInfo[]>
  getParticipant(room: string, identity: string): Awaitable<ParticipantInfo>
  /**
   * Tokens of that identity issued before `revokeTokensBeforeS` (seconds since the epoch) are refused from now on, also when it is not
   * in the room just now ('not_found'). Its second connections go with it.
   */
  removeParticipant(room: string, identity: string, revokeTokensBeforeS?: number): Promise<void>
  mutePublishedTrack(room: string, identity: string, trackSid: string, muted: boolean): Promise<TrackInfo>
  updateParticipant(
    room: string,
    identity: string,
    changes: {
      name?: string
      metadata?: string
      attributes?: Record<string, string>
      /** Whole new permission set, as in UpdateParticipantRequest. */
      permission?: NonNullable<ParticipantInfo['permission']>
    },
  ): Promise<ParticipantInfo>
  updateSubscriptions(room: string, identity: string, trackSids: string[], subscribe: boolean): Promise<void>
  /** The client comes back in the other room by itself, with its tracks. The room is made when it is not there. */
  moveParticipant(room: string, identity: string, destination: string): Promise<void>
  /** The participant is shown in the other room as well, with its tracks, until it leaves its own. That room is made when it is not there. */
  forwardParticipant(room: string, identity: string, destination: string): Promise<void>
  /** Calls a method the participant has registered; resolves with its answer. */
  performRpc(room: string, identity: string, call: RpcCall): Promise<string>
  sendData(room: string, packet: DataPacket): Promise<void>
  updateRoomMetadata(room: string, metadata: string): Promise<RoomMessage>
  /** Recorder's view of a room (core/contracts/capture.ts). Throws AppError('not_found') when the room does not exist. */
  openCapture(
    room: string,
    send: (event: CaptureEvent) => void,
  ): Promise<{
    handle(command: CaptureCommand): Promise<void>
    close(reason: CaptureCloseReason): Promise<void>
  }>
}

/** Where the room reports facts; implemented by `webhooks/event-outbox.ts` (webhooks, at least once). Must not throw or block. */
export interface RoomEventSink {
  /** `event` has name, room, participant, track and createdAt (seconds) filled; the sink adds id and sends. */
  emit(event: Pick<WebhookEvent, 'event'> & Partial<WebhookEvent>): void
}
