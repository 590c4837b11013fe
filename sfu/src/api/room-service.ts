import { AppError } from '@diemcau/core/errors.ts'
import {
  CreateRoomRequest,
  DataPacket,
  DeleteRoomRequest,
  DeleteRoomResponse,
  ForwardParticipantRequest,
  ForwardParticipantResponse,
  ListParticipantsRequest,
  ListParticipantsResponse,
  ListRoomsRequest,
  ListRoomsResponse,
  MoveParticipantRequest,
  MoveParticipantResponse,
  MuteRoomTrackRequest,
  MuteRoomTrackResponse,
  PerformRpcRequest,
  PerformRpcResponse,
  RemoveParticipantResponse,
  RoomParticipantIdentity,
  SendDataRequest,
  SendDataResponse,
  UpdateParticipantRequest,
  UpdateRoomMetadataRequest,
  UpdateSubscriptionsRequest,
  UpdateSubscriptionsResponse,
  UserPacket,
} from '@livekit/protocol'
import type { VerifiedClaims } from '../room/claims.ts'
import type { RoomDirectory } from '../room/room-api.ts'
import { assertDestination, assertGranted, type RequiredGrant } from './grants.ts'

/** The messages of @livekit/protocol, as far as this service needs them. */
interface WireMessage {
  toBinary(): Uint8Array
  toJsonString(options?: { emitDefaultValues?: boolean; useProtoFieldName?: boolean }): string
}
interface WireType<T> {
  fromBinary(bytes: Uint8Array): T
  fromJsonString(text: string, options?: { ignoreUnknownFields?: boolean }): T
}
export interface Method {
  /** Decodes, checks the grant, runs. `invalid_argument` and `malformed` are told apart as Twirp does. */
  call(body: Uint8Array, encoding: Encoding, claims: VerifiedClaims): Promise<WireMessage>
}
export type Encoding = 'json' | 'protobuf'

/** LiveKit's RoomService (livekit_room.proto) over this node's rooms. Methods that are missing here are `unimplemented`. */
export function createRoomService(rooms: RoomDirectory): ReadonlyMap<string, Method> {
  return new Map<string, Method>([
    [
      'CreateRoom',
      method(CreateRoomRequest, 'roomCreate', null, request => {
        assertNamed('name', request.name)
        assertBuilt(request)
        return rooms.createRoom({
          name: request.name,
          // proto3 has no "absent" for numbers: 0 means LiveKit's default.
          emptyTimeoutS: request.emptyTimeout || undefined,
          departureTimeoutS: request.departureTimeout || undefined,
          maxParticipants: request.maxParticipants || undefined,
          metadata: request.metadata || undefined,
        })
      }),
    ],
    [
      'ListRooms',
      method(ListRoomsRequest, 'roomList', null, async request => {
        const names = request.names.length > 0 ? request.names : undefined
        return new ListRoomsResponse({ rooms: rooms.listRooms(names) })
      }),
    ],
    [
      'DeleteRoom',
      method(DeleteRoomRequest, 'roomCreate', 'room', async request => {
        await rooms.deleteRoom(request.room)
        return new DeleteRoomResponse()
      }),
    ],
    [
      'ListParticipants',
      method(
        ListParticipantsRequest,
        'roomAdmin',
        'room',
        async request => new ListParticipantsResponse({ participants: rooms.listParticipants(request.room) }),
      ),
    ],
    [
      'GetParticipant',
      method(RoomParticipantIdentity, 'roomAdmin', 'room', async request => {
        assertNamed('identity', request.identity)
        return rooms.getParticipant(request.room, request.identity)
      }),
    ],
    [
      'RemoveParticipant',
      method(RoomParticipantIdentity, 'roomAdmin', 'room', async request => {
        assertNamed('identity', request.identity)
        await rooms.removeParticipant(request.room, request.identity, Number(request.revokeTokenTs))
        return new RemoveParticipantResponse()
      }),
    ],
    [
      'MutePublishedTrack',
      method(MuteRoomTrackRequest, 'roomAdmin', 'room', async request => {
        assertNamed('identity', request.identity)
        assertNamed('track_sid', request.trackSid)
        const { room, identity, trackSid, muted } = request
        return new MuteRoomTrackResponse({
          track: await rooms.mutePublishedTrack(room, identity, trackSid, muted),
        })
      }),
    ],
    [
      'UpdateParticipant',
      method(UpdateParticipantRequest, 'roomAdmin', 'room', request => {
        assertNamed('identity', request.identity)
        return rooms.updateParticipant(request.room, request.identity, {
          // An empty string means "leave as it is", as LiveKit reads it.
          name: request.name || undefined,
          metadata: request.metadata || undefined,
          attributes: Object.keys(request.attributes).length > 0 ? request.attributes : undefined,
          permission: request.permission,
        })
      }),
    ],
    [
      'UpdateSubscriptions',
      method(UpdateSubscriptionsRequest, 'roomAdmin', 'room', async request => {
        assertNamed('identity', request.identity)
        const sids = [...request.trackSids, ...request.participantTracks.flatMap(tracks => tracks.trackSids)]
        await rooms.updateSubscriptions(request.room, request.identity, [...new Set(sids)], request.subscribe)
        return new UpdateSubscriptionsResponse()
      }),
    ],
    [
      'SendData',
      method(SendDataRequest, 'roomAdmin', 'room', async request => {
        if (request.nonce.length !== 0 && request.nonce.length !== 16)
          throw new AppError('invalid_argument', `nonce has 16 bytes or none, not ${request.nonce.length}`)
        await rooms.sendData(request.room, dataPacketOf(request, rooms))
        return new SendDataResponse()
      }),
    ],
    [
      'MoveParticipant',
      method(MoveParticipantRequest, 'roomAdmin', 'room', async (request, claims) => {
        assertDestination(claims, request.destinationRoom)
        assertNamed('identity', request.identity)
        await rooms.moveParticipant(request.room, request.identity, request.destinationRoom)
        return new MoveParticipantResponse()
      }),
    ],
    [
      'ForwardParticipant',
      method(ForwardParticipantRequest, 'roomAdmin', 'room', async (request, claims) => {
        assertDestination(claims, request.destinationRoom)
        assertNamed('identity', request.identity)
        await rooms.forwardParticipant(request.room, request.identity, request.destinationRoom)
        return new ForwardParticipantResponse()
      }),
    ],
    [
      'PerformRpc',
      method(PerformRpcRequest, 'roomAdmin', 'room', async request => {
        assertNamed('destination_identity', request.destinationIdentity)
        assertNamed('method', request.method)
        const { room, destinationIdentity, method: name, payload, responseTimeoutMs } = request
        const call = { method: name, payload, timeoutMs: responseTimeoutMs }
        return new PerformRpcResponse({ payload: await rooms.performRpc(room, destinationIdentity, call) })
      }),
    ],
    [
      'UpdateRoomMetadata',
      method(UpdateRoomMetadataRequest, 'roomAdmin', 'room', request =>
        rooms.updateRoomMetadata(request.room, request.metadata),
      ),
    ],
  ])
}

function method<Request>(
  type: WireType<Request>,
  grant: RequiredGrant,
  roomField: (keyof Request & string) | null,
  run: (request: Request, claims: VerifiedClaims) => Promise<WireMessage>,
): Method {
  return {
    async call(body, encoding, claims) {
      let request: Request
      try {
        request =
          encoding === 'json'
            ? type.fromJsonString(new TextDecoder().decode(body), { ignoreUnknownFields: true })
            : type.fromBinary(body)
      } catch (cause) {
        throw new AppError('malformed', 'the request could not be decoded', { cause })
      }
      const room = roomField === null ? '' : String(request[roomField])
      // The grant is checked before the fields, so that a stranger learns nothing of what would be valid.
      assertGranted(claims, grant, room)
      if (roomField !== null) assertNamed(roomField, room)
      return await run(request, claims)
    },
  }
}

/** What of CreateRoomRequest would not happen is refused, so that nobody waits for it. */
function assertBuilt(request: CreateRoomRequest): void {
  const refuse = (what: string): never => {
    throw new AppError('unimplemented', `${what} is not part of this server`)
  }
  if (request.egress) refuse('egress started by CreateRoom')
  if (request.agents.length > 0) refuse('agent dispatch')
  if (request.replayEnabled) refuse('replay')
  if (request.roomPreset !== '')
    throw new AppError('invalid_argument', `unknown room preset: ${request.roomPreset.slice(0, 64)}`)
}

function assertNamed(field: string, value: string): void {
  if (value === '') throw new AppError('invalid_argument', `${field} is required`)
}

/** A server's packet has no sender. Destinations by sid (deprecated in the protocol) are turned into identities. */
function dataPacketOf(request: SendDataRequest, rooms: RoomDirectory): DataPacket {
  const destinations = new Set(request.destinationIdentities)
  if (request.destinationSids.length > 0) {
    const wanted = new Set(request.destinationSids)
    for (const participant of rooms.listParticipants(request.room))
      if (wanted.has(participant.sid)) destinations.add(participant.identity)
    // All those named are gone: an empty list would mean everyone.
    if (destinations.size === 0) throw new AppError('not_found', 'none of the destinations is in the room')
  }
  const destinationIdentities = [...destinations]
  const user = new UserPacket({
    payload: request.data,
    topic: request.topic,
    nonce: request.nonce,
    destinationIdentities,
  })
  return new DataPacket({ kind: request.kind, destinationIdentities, value: { case: 'user', value: user } })
}
