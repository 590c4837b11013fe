import { AppError } from '@diemcau/core/errors.ts'
import { type TwirpMethod, twirpMethod } from '@diemcau/core/livekit/twirp.ts'
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
import type { VerifiedClaims } from '../room/base/claims.ts'
import { assertBuilt } from '../room/base/room-configuration.ts'
import type { RoomDirectory } from '../room/room-api.ts'
import { assertDestination, assertGranted, type RequiredGrant } from './grants.ts'

type Method = TwirpMethod<VerifiedClaims>

/** LiveKit's RoomService (livekit_room.proto) over all rooms there are. Methods that are missing here are `unimplemented`. */
export function createRoomService(rooms: RoomDirectory): ReadonlyMap<string, Method> {
  return new Map<string, Method>([
    [
      'CreateRoom',
      method(CreateRoomRequest, 'roomCreate', null, request => {
        assertNamed('name', request.name)
        assertBuilt(request, request.roomPreset)
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
        return new ListRoomsResponse({ rooms: await rooms.listRooms(names) })
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
        async request =>
          new ListParticipantsResponse({ participants: await rooms.listParticipants(request.room) }),
      ),
    ],
    [
      'GetParticipant',
      method(RoomParticipantIdentity, 'roomAdmin', 'room', async request => {
        assertNamed('identity', request.identity)
        return await rooms.getParticipant(request.room, request.identity)
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
        await rooms.sendData(request.room, await dataPacketOf(request, rooms))
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

/** A method of the service: its grant is checked before its fields, so that a stranger learns nothing of what would be valid. */
function method<Request>(
  type: Parameters<typeof twirpMethod<Request, VerifiedClaims>>[0],
  grant: RequiredGrant,
  roomField: (keyof Request & string) | null,
  run: Parameters<typeof twirpMethod<Request, VerifiedClaims>>[1],
): Method {
  return twirpMethod(type, async (request, claims) => {
    const room = roomField === null ? '' : String(request[roomField])
    assertGranted(claims, grant, room)
    if (roomField !== null) assertNamed(roomField, room)
    return await run(request, claims)
  })
}

function assertNamed(field: string, value: string): void {
  if (value === '') throw new AppError('invalid_argument', `${field} is required`)
}

/** A server's packet has no sender. Destinations by sid (deprecated in the protocol) are turned into identities. */
async function dataPacketOf(request: SendDataRequest, rooms: RoomDirectory): Promise<DataPacket> {
  const destinations = new Set(request.destinationIdentities)
  if (request.destinationSids.length > 0) {
    const wanted = new Set(request.destinationSids)
    for (const participant of await rooms.listParticipants(request.room))
      if (wanted.has(participant.sid)) destinations.add(participant.identity)
    // When all those that were named have gone, an empty list would mean everyone.
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
