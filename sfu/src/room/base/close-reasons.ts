/** Why a participant or a room ends, and how each reason reads on the wire and on the media side. */
import {
  DisconnectReason,
  LeaveRequest,
  LeaveRequest_Action,
  RegionSettings,
  RoomEndReason,
} from '@livekit/protocol'
import type { MediaCloseReason } from './ports.ts'

export type ParticipantCloseReason =
  | 'client_left'
  | 'duplicate_identity'
  | 'removed'
  /** A second connection whose owner has left. */
  | 'owner_left'
  /** Sent to another room, with a token for it. */
  | 'moved'
  | 'room_deleted'
  | 'room_closed'
  | 'node_stopping'
  | 'signal_lost'
  | 'media_lost'
  | 'worker_died'
  | 'join_failed'
  | 'bad_sdp'
  /** It receives too slowly, so that a reliable message to it could not be kept. */
  | 'data_lost'
  /** It sends reliable data faster than it is allowed to, and too much of it waits. */
  | 'data_flood'
  /** A test of the client's (SimulateScenario): it is told to come back from the start. */
  | 'simulated_reconnect'
  | 'simulated_leave'
  /** A test of the client's (SimulateScenario): the participant ends without being told. */
  | 'simulated_loss'

interface Meaning {
  wire: DisconnectReason
  action: LeaveRequest_Action
  media: MediaCloseReason
}

const { DISCONNECT, RECONNECT } = LeaveRequest_Action
const MEANINGS: Record<ParticipantCloseReason, Meaning> = {
  client_left: { wire: DisconnectReason.CLIENT_INITIATED, action: DISCONNECT, media: 'left' },
  duplicate_identity: { wire: DisconnectReason.DUPLICATE_IDENTITY, action: DISCONNECT, media: 'replaced' },
  removed: { wire: DisconnectReason.PARTICIPANT_REMOVED, action: DISCONNECT, media: 'left' },
  owner_left: { wire: DisconnectReason.PARTICIPANT_REMOVED, action: DISCONNECT, media: 'left' },
  moved: { wire: DisconnectReason.MIGRATION, action: RECONNECT, media: 'left' },
  room_deleted: { wire: DisconnectReason.ROOM_DELETED, action: DISCONNECT, media: 'room_closed' },
  room_closed: { wire: DisconnectReason.ROOM_CLOSED, action: DISCONNECT, media: 'room_closed' },
  // The supervisor starts the node again, so clients are asked to come back rather than to give up.
  node_stopping: { wire: DisconnectReason.SERVER_SHUTDOWN, action: RECONNECT, media: 'node_stopping' },
  signal_lost: { wire: DisconnectReason.SIGNAL_CLOSE, action: RECONNECT, media: 'left' },
  media_lost: { wire: DisconnectReason.CONNECTION_TIMEOUT, action: RECONNECT, media: 'transport_failed' },
  worker_died: { wire: DisconnectReason.MIGRATION, action: RECONNECT, media: 'worker_died' },
  join_failed: { wire: DisconnectReason.JOIN_FAILURE, action: DISCONNECT, media: 'left' },
  // The same description would come again after a reconnect, so the client is sent away.
  bad_sdp: { wire: DisconnectReason.MEDIA_FAILURE, action: DISCONNECT, media: 'left' },
  // A full reconnect starts the numbering of messages anew on both sides (as LiveKit does on a data channel error).
  data_lost: { wire: DisconnectReason.STATE_MISMATCH, action: RECONNECT, media: 'left' },
  data_flood: { wire: DisconnectReason.STATE_MISMATCH, action: RECONNECT, media: 'left' },
  simulated_reconnect: { wire: DisconnectReason.STATE_MISMATCH, action: RECONNECT, media: 'left' },
  simulated_loss: { wire: DisconnectReason.SIGNAL_CLOSE, action: RECONNECT, media: 'left' },
  simulated_leave: { wire: DisconnectReason.UNKNOWN_REASON, action: DISCONNECT, media: 'left' },
}

export const wireReasonOf = (reason: ParticipantCloseReason): DisconnectReason => MEANINGS[reason].wire
export const mediaReasonOf = (reason: ParticipantCloseReason): MediaCloseReason => MEANINGS[reason].media
/** `otherUrls`: of other nodes, for who is to come back. */
export const leaveRequestOf = (reason: ParticipantCloseReason, otherUrls: string[] = []): LeaveRequest =>
  leaveRequest(MEANINGS[reason].wire, MEANINGS[reason].action, otherUrls)

export const leaveRequest = (
  reason: DisconnectReason,
  action: LeaveRequest_Action,
  otherUrls: string[],
): LeaveRequest =>
  new LeaveRequest({
    reason,
    action,
    canReconnect: action !== DISCONNECT,
    ...(action !== DISCONNECT && otherUrls.length > 0 ? { regions: regionsOf(otherUrls) } : {}),
  })

/** Places a client may connect to, the nearest first. One node is one region. */
export const regionsOf = (urls: string[]): RegionSettings =>
  new RegionSettings({
    regions: urls.map((url, at) => ({
      region: at === 0 ? 'local' : `node-${at}`,
      url,
      distance: BigInt(at),
    })),
  })

/** Reasons of which the client is told nothing: it said goodbye itself, or is to believe that we are dead. */
export const isSilent = (reason: ParticipantCloseReason): boolean =>
  reason === 'client_left' || reason === 'simulated_loss'

/** The client hears that it is to come back at once, with a new join. */
export const isToldToComeBack = (reason: ParticipantCloseReason): boolean =>
  MEANINGS[reason].action === RECONNECT && !isSilent(reason)

/** `vacated`: it goes on at other nodes, and nobody is in it here. */
export type RoomCloseReason = 'deleted' | 'idle' | 'node_stopping' | 'vacated'
export const participantReasonOf = (reason: RoomCloseReason): ParticipantCloseReason =>
  reason === 'deleted' ? 'room_deleted' : reason === 'idle' ? 'room_closed' : 'node_stopping'
export const roomEndReasonOf = (reason: RoomCloseReason): RoomEndReason =>
  reason === 'deleted'
    ? RoomEndReason.ROOM_END_API_DELETE
    : reason === 'idle'
      ? RoomEndReason.ROOM_END_IDLE_TIMEOUT
      : RoomEndReason.ROOM_END_SERVER_SHUTDOWN
