/**
 * The calls of the API from node to node. Both sides have them from here: how the request and its answer travel, and what the node that is asked
 * does. Most messages are those of LiveKit's RoomService, so that nodes of different versions can read each other as its clients and servers do.
 */
import { AppError } from '@diemcau/core/errors.ts'
import {
  DataPacket,
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
  ParticipantInfo,
  PerformRpcRequest,
  PerformRpcResponse,
  RemoveParticipantResponse,
  RoomParticipantIdentity,
  SendDataResponse,
  UpdateParticipantRequest,
  UpdateSubscriptionsRequest,
  UpdateSubscriptionsResponse,
} from '@livekit/protocol'
import { z } from 'zod'
import type { Incarnation } from '../links/node-links.ts'
import { type HeldWord, heldWordSchema } from './held-words.ts'
import type { Held, OwnNode, Vouched } from './own-node.ts'

/** How something travels. */
interface Codec<T> {
  encode(value: T): Uint8Array
  /** Throws whatever it likes for what it cannot read. */
  decode(bytes: Uint8Array): T
}

/** A call of one node by another. */
export interface RoomCall<Request, Response> {
  readonly method: string
  readonly request: Codec<Request>
  readonly response: Codec<Response>
  /** It changes nothing: who does not answer need not have been the one to ask. */
  readonly isRead?: true
  /** Undefined: the one it is about is not here (any more, or yet), and nothing was done. */
  run(node: OwnNode, request: Request): Promise<Response | undefined>
}

/** A call about one participant: done by the node that holds the connection. */
export interface MemberCall<Request, Response> extends RoomCall<Request, Response> {
  of(request: Request): { room: string; identity: string }
}

interface WireMessage {
  toBinary(): Uint8Array
}
const proto = <T extends WireMessage>(type: { fromBinary(bytes: Uint8Array): T }): Codec<T> => ({
  encode: value => value.toBinary(),
  decode: bytes => type.fromBinary(bytes),
})

const json = <T>(schema: z.ZodType<T>): Codec<T> => ({
  encode: value => Buffer.from(JSON.stringify(value)),
  decode: bytes => schema.parse(JSON.parse(Buffer.from(bytes).toString())),
})

function memberCall<Request, Response>(
  method: string,
  request: Codec<Request>,
  response: Codec<Response>,
  of: MemberCall<Request, Response>['of'],
  run: (node: OwnNode, request: Request) => Promise<Response | undefined>,
): MemberCall<Request, Response> {
  return {
    method,
    request,
    response,
    of,
    run: async (node, asked) => {
      const { room, identity } = of(asked)
      return node.holds(room, identity) ? await run(node, asked) : undefined
    },
  }
}

const named = <T extends { room: string; identity: string }>({ room, identity }: T) => ({ room, identity })

/** `revokeTokenTs` revokes at the node that is asked only: the record has it by then. */
export const removeParticipant = memberCall(
  'RemoveParticipant',
  proto(RoomParticipantIdentity),
  proto(RemoveParticipantResponse),
  named,
  async (node, { room, identity, revokeTokenTs }) => {
    const isGone = await node.removeParticipant(room, identity, Number(revokeTokenTs))
    return isGone ? new RemoveParticipantResponse() : undefined
  },
)

export const mutePublishedTrack = memberCall(
  'MutePublishedTrack',
  proto(MuteRoomTrackRequest),
  proto(MuteRoomTrackResponse),
  named,
  async (node, { room, identity, trackSid, muted }) => {
    const track = await node.mutePublishedTrack(room, identity, trackSid, muted)
    return track && new MuteRoomTrackResponse({ track })
  },
)

/** As RoomService reads it: '' and no attributes mean "as it is". */
export const updateParticipant = memberCall(
  'UpdateParticipant',
  proto(UpdateParticipantRequest),
  proto(ParticipantInfo),
  named,
  (node, { room, identity, name, metadata, attributes, permission }) =>
    node.updateParticipant(room, identity, {
      ...(name === '' ? {} : { name }),
      ...(metadata === '' ? {} : { metadata }),
      ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
      ...(permission ? { permission } : {}),
    }),
)

export const updateSubscriptions = memberCall(
  'UpdateSubscriptions',
  proto(UpdateSubscriptionsRequest),
  proto(UpdateSubscriptionsResponse),
  named,
  async (node, { room, identity, trackSids, subscribe }) => {
    await node.updateSubscriptions(room, identity, trackSids, subscribe)
    return new UpdateSubscriptionsResponse()
  },
)

export const moveParticipant = memberCall(
  'MoveParticipant',
  proto(MoveParticipantRequest),
  proto(MoveParticipantResponse),
  named,
  async (node, { room, identity, destinationRoom }) => {
    const isMoved = await node.moveParticipant(room, identity, destinationRoom)
    return isMoved ? new MoveParticipantResponse() : undefined
  },
)

export const forwardParticipant = memberCall(
  'ForwardParticipant',
  proto(ForwardParticipantRequest),
  proto(ForwardParticipantResponse),
  named,
  async (node, { room, identity, destinationRoom }) => {
    const isShown = await node.forwardParticipant(room, identity, destinationRoom)
    return isShown ? new ForwardParticipantResponse() : undefined
  },
)

export const performRpc = memberCall(
  'PerformRpc',
  proto(PerformRpcRequest),
  proto(PerformRpcResponse),
  ({ room, destinationIdentity }) => ({ room, identity: destinationIdentity }),
  async (node, { room, destinationIdentity, method, payload, responseTimeoutMs }) => {
    const call = { method, payload, timeoutMs: responseTimeoutMs }
    return new PerformRpcResponse({ payload: await node.performRpc(room, destinationIdentity, call) })
  },
)

/** Of the rooms named that the node is in, without their metadata. */
export const listRooms: RoomCall<ListRoomsRequest, ListRoomsResponse> = {
  method: 'ListRooms',
  isRead: true,
  request: proto(ListRoomsRequest),
  response: proto(ListRoomsResponse),
  run: async (node, { names }) => new ListRoomsResponse({ rooms: node.listRooms(names) }),
}

export const listParticipants: RoomCall<ListParticipantsRequest, ListParticipantsResponse> = {
  method: 'ListParticipants',
  isRead: true,
  request: proto(ListParticipantsRequest),
  response: proto(ListParticipantsResponse),
  run: async (node, { room }) =>
    node.knows(room)
      ? new ListParticipantsResponse({ participants: await node.listParticipants(room) })
      : undefined,
}

/** Sids of those in the room whom the node that is asked holds, or shows there. What it has said of them before comes before its answer. */
export const membersHeld: RoomCall<{ name: string; sid: string }, string[]> = {
  method: 'MembersHeld',
  isRead: true,
  request: json(z.object({ name: z.string(), sid: z.string() })),
  response: json(z.array(z.string())),
  run: async (node, { name, sid }) => node.membersHeld(name, sid),
}

export const getHeldParticipant = memberCall(
  'GetHeldParticipant',
  proto(RoomParticipantIdentity),
  proto(ParticipantInfo),
  named,
  async (node, { room, identity }) => node.getParticipant(room, identity),
)

/** Throws 'not_found' where the room is and nobody of that identity. */
export const getParticipant: RoomCall<RoomParticipantIdentity, ParticipantInfo> = {
  method: 'GetParticipant',
  isRead: true,
  request: proto(RoomParticipantIdentity),
  response: proto(ParticipantInfo),
  run: async (node, { room, identity }) =>
    node.holds(room, identity) || node.knows(room) ? node.getParticipant(room, identity) : undefined,
}

/** The record has it: each node takes it too, because a resume does not ask the record. */
export const revokeTokens: RoomCall<RoomParticipantIdentity, RemoveParticipantResponse> = {
  method: 'RevokeTokens',
  request: proto(RoomParticipantIdentity),
  response: proto(RemoveParticipantResponse),
  run: async (node, { room, identity, revokeTokenTs }) => {
    node.revoke(room, identity, Number(revokeTokenTs))
    return new RemoveParticipantResponse()
  },
}

/** What is known of the node that asks: how long ago a beat was asked that counted it, ms; and whether the record is reached. */
export const vouch: RoomCall<{ inst: Incarnation }, Vouched> = {
  method: 'Vouch',
  isRead: true,
  request: json(z.object({ inst: z.string().transform(inst => inst as Incarnation) })),
  response: json(z.object({ vouchedMs: z.number().nonnegative().nullable(), reachesRecord: z.boolean() })),
  run: async (node, { inst }) => node.vouch(inst),
}

/** What the record has to be told as soon as it is back. */
export const holdWord: RoomCall<HeldWord, Held> = {
  method: 'HoldWord',
  request: json(heldWordSchema),
  response: json(z.object({ isHeld: z.boolean(), reachesRecord: z.boolean() })),
  run: async (node, word) => node.hold(word),
}

export interface SendData {
  room: string
  packet: DataPacket
}

/** The length of the room's name in two bytes, the name, the packet. */
const sendDataCodec: Codec<SendData> = {
  encode: ({ room, packet }) => {
    const name = Buffer.from(room)
    const head = Buffer.alloc(2)
    head.writeUInt16BE(name.length)
    return Buffer.concat([head, name, packet.toBinary()])
  },
  decode: bytes => {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const end = 2 + view.readUInt16BE(0)
    if (end > view.length) throw new RangeError('cut off')
    return { room: view.toString('utf8', 2, end), packet: DataPacket.fromBinary(view.subarray(end)) }
  },
}

export const sendData: RoomCall<SendData, SendDataResponse> = {
  method: 'SendData',
  request: sendDataCodec,
  response: proto(SendDataResponse),
  run: async (node, { room, packet }) => {
    if (!node.isIn(room)) return undefined
    await node.sendData(room, packet)
    return new SendDataResponse()
  },
}

const CALLS: ReadonlyMap<string, RoomCall<never, never>> = new Map(
  [
    ...[removeParticipant, mutePublishedTrack, updateParticipant, updateSubscriptions, moveParticipant],
    ...[
      vouch,
      holdWord,
      forwardParticipant,
      performRpc,
      listRooms,
      listParticipants,
      getParticipant,
      revokeTokens,
      sendData,
      membersHeld,
      getHeldParticipant,
    ],
  ].map(call => [call.method, call as RoomCall<never, never>]),
)

/** The first byte of an answer: what follows is the response, or nothing was done here. */
const DONE = 0
const NOT_HERE = 1

/** Another node's call, done here. @throws AppError('unimplemented') for a call of a later version, ('malformed'), and those of the call itself */
export async function answerCall(node: OwnNode, method: string, payload: Uint8Array): Promise<Uint8Array> {
  const call = CALLS.get(method) as RoomCall<unknown, unknown> | undefined
  if (!call) throw new AppError('unimplemented', `this node does not know the call ${method}`)
  const response = await call.run(node, decoded(call.request, payload, method))
  if (response === undefined) return Uint8Array.of(NOT_HERE)
  return Buffer.concat([Uint8Array.of(DONE), call.response.encode(response)])
}

/** Undefined as `RoomCall.run`. @throws AppError('malformed') */
export function readAnswer<Request, Response>(
  call: RoomCall<Request, Response>,
  answer: Uint8Array,
): Response | undefined {
  if (answer[0] === NOT_HERE) return undefined
  if (answer[0] !== DONE) throw new AppError('malformed', `an answer to ${call.method} that cannot be read`)
  return decoded(call.response, answer.subarray(1), call.method)
}

function decoded<T>(codec: Codec<T>, bytes: Uint8Array, method: string): T {
  try {
    return codec.decode(bytes)
  } catch (error) {
    throw new AppError('malformed', `what another node says with ${method} cannot be read`, { cause: error })
  }
}
