import { AppError } from '@diemcau/core/errors.ts'
import {
  CreateRoomRequest,
  type DataPacket,
  DataPacket_Kind,
  ListRoomsResponse,
  ParticipantInfo,
  Room,
  TrackInfo,
} from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import type { VerifiedClaims, VideoGrants } from '../room/base/claims.ts'
import type { RpcCall } from '../room/data/api-rpc.ts'
import type { RoomDirectory } from '../room/room-api.ts'
import { createEgressProxy } from './egress-proxy.ts'
import { createRoomService } from './room-service.ts'
import { createTwirpHandler } from './twirp-handler.ts'

/** Rooms that only note what they are asked. */
class FakeRooms implements RoomDirectory {
  async assertJoinable() {}
  async moveParticipant(room: string, identity: string, destination: string) {
    this.#note('moveParticipant', room, identity, destination)
  }
  async forwardParticipant(room: string, identity: string, destination: string) {
    this.#note('forwardParticipant', room, identity, destination)
  }
  async performRpc(room: string, identity: string, call: RpcCall) {
    this.#note('performRpc', room, identity, call)
    return `${call.method} of ${call.payload}`
  }
  calls: unknown[][] = []
  packets: DataPacket[] = []
  failure: unknown
  #note(...call: unknown[]): void {
    this.calls.push(call)
    if (this.failure !== undefined) throw this.failure
  }
  async createRoom(options: Parameters<RoomDirectory['createRoom']>[0]) {
    this.#note('createRoom', options)
    return new Room({ sid: 'RM_1', name: options.name })
  }
  async listRooms(names?: string[]) {
    this.#note('listRooms', names)
    return [new Room({ sid: 'RM_1', name: 'MT_1' })]
  }
  async deleteRoom(name: string) {
    this.#note('deleteRoom', name)
  }
  async listParticipants(room: string) {
    this.#note('listParticipants', room)
    return [new ParticipantInfo({ sid: 'PA_1', identity: 'an', attributes: { some_key: 'x' } })]
  }
  async getParticipant(room: string, identity: string) {
    this.#note('getParticipant', room, identity)
    return new ParticipantInfo({ sid: 'PA_1', identity })
  }
  async removeParticipant(room: string, identity: string) {
    this.#note('removeParticipant', room, identity)
  }
  async mutePublishedTrack(room: string, identity: string, sid: string, muted: boolean) {
    this.#note('mutePublishedTrack', room, identity, sid, muted)
    return new TrackInfo({ sid, muted })
  }
  async updateParticipant(room: string, identity: string, changes: object) {
    this.#note('updateParticipant', room, identity, changes)
    return new ParticipantInfo({ identity })
  }
  async updateSubscriptions(room: string, identity: string, sids: string[], subscribe: boolean) {
    this.#note('updateSubscriptions', room, identity, sids, subscribe)
  }
  async sendData(room: string, packet: DataPacket) {
    this.#note('sendData', room)
    this.packets.push(packet)
  }
  async updateRoomMetadata(room: string, metadata: string) {
    this.#note('updateRoomMetadata', room, metadata)
    return new Room({ name: room, metadata })
  }
  hasRoom(): never {
    throw new Error('not part of the API')
  }
  openCapture(): never {
    throw new Error('not part of the API')
  }
}

const claimsOf = (video: VideoGrants): VerifiedClaims => ({
  identity: '',
  name: '',
  metadata: '',
  attributes: {},
  kind: '',
  kindDetails: [],
  expiresAtS: 0,
  notBeforeS: 0,
  video,
})

function setUp(video: VideoGrants = {}, fetchImpl?: typeof fetch) {
  const rooms = new FakeRooms()
  const internal: string[] = []
  const handle = createTwirpHandler({
    roomService: createRoomService(rooms),
    egress: createEgressProxy('http://recordings:7980', fetchImpl),
    verify: async token => {
      if (token !== 'good') throw new AppError('unauthenticated', 'invalid token')
      return claimsOf(video)
    },
    onInternalError: (_error, route) => void internal.push(route),
  })
  const call = async (
    route: string,
    body: object | Uint8Array | string = {},
    options: { contentType?: string; authorization?: string; httpMethod?: string } = {},
  ) => {
    const answer = await handle({
      route,
      httpMethod: options.httpMethod ?? 'POST',
      contentType: options.contentType ?? 'application/json;charset=UTF-8',
      authorization: options.authorization ?? 'Bearer good',
      body:
        body instanceof Uint8Array
          ? body
          : new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
    })
    return { ...answer, json: () => JSON.parse(Buffer.from(answer.body).toString()) }
  }
  return { rooms, internal, call }
}
const room = (name: string) => `livekit.RoomService/${name}`

/** Method, a valid body, and the one grant it needs. */
const METHODS: [string, Record<string, unknown>, keyof VideoGrants][] = [
  ['CreateRoom', { name: 'MT_1' }, 'roomCreate'],
  ['ListRooms', {}, 'roomList'],
  ['DeleteRoom', { room: 'MT_1' }, 'roomCreate'],
  ['ListParticipants', { room: 'MT_1' }, 'roomAdmin'],
  ['GetParticipant', { room: 'MT_1', identity: 'an' }, 'roomAdmin'],
  ['RemoveParticipant', { room: 'MT_1', identity: 'an' }, 'roomAdmin'],
  ['MutePublishedTrack', { room: 'MT_1', identity: 'an', trackSid: 'TR_1', muted: true }, 'roomAdmin'],
  ['UpdateParticipant', { room: 'MT_1', identity: 'an', name: 'An' }, 'roomAdmin'],
  [
    'UpdateSubscriptions',
    { room: 'MT_1', identity: 'an', trackSids: ['TR_1'], subscribe: true },
    'roomAdmin',
  ],
  ['SendData', { room: 'MT_1', data: 'aGk=', kind: 'RELIABLE' }, 'roomAdmin'],
  ['UpdateRoomMetadata', { room: 'MT_1', metadata: 'm' }, 'roomAdmin'],
  ['PerformRpc', { room: 'MT_1', destinationIdentity: 'an', method: 'm' }, 'roomAdmin'],
]

describe('RoomService grants', () => {
  const grants: (keyof VideoGrants)[] = ['roomCreate', 'roomList', 'roomAdmin', 'roomJoin', 'roomRecord']
  for (const [name, body, needed] of METHODS)
    it(`${name} needs ${needed} and nothing else will do`, async () => {
      for (const grant of grants) {
        const { call, rooms } = setUp({ [grant]: true, room: 'MT_1' })
        const answer = await call(room(name), body)
        expect([grant, answer.status]).toEqual([grant, grant === needed ? 200 : 403])
        if (grant !== needed) {
          expect(answer.json().code).toBe('permission_denied')
          expect(rooms.calls).toEqual([])
        }
      }
    })

  for (const [name, body] of METHODS.filter(([, , needed]) => needed === 'roomAdmin'))
    it(`${name} is refused with the admin token of another room, or of none`, async () => {
      for (const named of ['MT_2', undefined, '']) {
        const { call, rooms } = setUp({ roomAdmin: true, room: named })
        expect((await call(room(name), body)).status).toBe(403)
        expect((await call(room(name), { ...body, room: '' })).status).not.toBe(200)
        expect(rooms.calls).toEqual([])
      }
    })

  it('are asked for before anything else: no token, bad token', async () => {
    const { call } = setUp({ roomList: true })
    for (const authorization of ['', 'Bearer bad', 'Basic good']) {
      const answer = await call(room('ListRooms'), {}, { authorization })
      expect(answer.status).toBe(401)
      expect(answer.json()).toEqual({ code: 'unauthenticated', msg: 'invalid token' })
    }
  })
})

describe('Twirp', () => {
  it('speaks protobuf as well as JSON', async () => {
    const { call, rooms } = setUp({ roomCreate: true, roomList: true })
    const binary = new CreateRoomRequest({ name: 'MT_1', emptyTimeout: 300, maxParticipants: 5 }).toBinary()
    const created = await call(room('CreateRoom'), binary, { contentType: 'application/protobuf' })
    expect(created.contentType).toBe('application/protobuf')
    expect(Room.fromBinary(created.body as Uint8Array).sid).toBe('RM_1')
    expect(rooms.calls[0]).toEqual([
      'createRoom',
      {
        name: 'MT_1',
        emptyTimeoutS: 300,
        departureTimeoutS: undefined,
        maxParticipants: 5,
        metadata: undefined,
      },
    ])
    const listed = await call(room('ListRooms'), {})
    expect(listed.contentType).toBe('application/json')
    expect(listed.json().rooms[0]).toMatchObject({ name: 'MT_1', num_participants: 0 })
    expect(ListRoomsResponse.fromJsonString(String(listed.body)).rooms[0]?.name).toBe('MT_1')
  })

  it('leaves map keys of users alone', async () => {
    const { call } = setUp({ roomAdmin: true, room: 'MT_1' })
    const listed = await call(room('ListParticipants'), { room: 'MT_1' })
    expect(listed.json().participants[0].attributes).toEqual({ some_key: 'x' })
  })

  it('answers what it does not know: unimplemented, bad_route, malformed', async () => {
    const { call } = setUp({ roomAdmin: true, room: 'MT_1', roomCreate: true })
    const codeOf = async (...args: Parameters<typeof call>) => {
      const answer = await call(...args)
      expect(answer.contentType).toBe('application/json')
      return [answer.status, answer.json().code]
    }
    expect(await codeOf(room('BrandNew'))).toEqual([501, 'unimplemented'])
    expect(await codeOf('livekit.SIP/CreateSIPTrunk')).toEqual([501, 'unimplemented'])
    expect(await codeOf('livekit.Ingress/CreateIngress')).toEqual([501, 'unimplemented'])
    expect(await codeOf('livekit.SIP/CreateSIPTrunk', {}, { authorization: '' })).toEqual([
      401,
      'unauthenticated',
    ])
    expect(await codeOf('other.Service/Do')).toEqual([404, 'bad_route'])
    expect(await codeOf('livekit.RoomService')).toEqual([404, 'bad_route'])
    expect(await codeOf(room('CreateRoom'), {}, { httpMethod: 'GET' })).toEqual([404, 'bad_route'])
    expect(await codeOf(room('CreateRoom'), {}, { contentType: 'text/plain' })).toEqual([404, 'bad_route'])
    expect(await codeOf(room('CreateRoom'), '{"name":')).toEqual([400, 'malformed'])
    expect(await codeOf(room('CreateRoom'), { name: 7 })).toEqual([400, 'malformed'])
    expect(
      await codeOf(room('CreateRoom'), new Uint8Array([255, 255]), { contentType: 'application/protobuf' }),
    ).toEqual([400, 'malformed'])
    expect(await codeOf(room('CreateRoom'), {})).toEqual([400, 'invalid_argument'])
    expect(await codeOf(room('GetParticipant'), { room: 'MT_1' })).toEqual([400, 'invalid_argument'])
  })

  it('maps the errors of rooms to codes and statuses, and reveals nothing of those it does not know', async () => {
    const { call, rooms, internal } = setUp({ roomAdmin: true, room: 'MT_1' })
    const outcome = async (failure: unknown) => {
      rooms.failure = failure
      const answer = await call(room('GetParticipant'), { room: 'MT_1', identity: 'an' })
      return [answer.status, answer.json().code, answer.json().msg]
    }
    expect(await outcome(new AppError('not_found', 'no such participant'))).toEqual([
      404,
      'not_found',
      'no such participant',
    ])
    expect(await outcome(new AppError('over_limit', 'metadata too long'))).toEqual([
      400,
      'invalid_argument',
      'metadata too long',
    ])
    expect(await outcome(new AppError('resource_exhausted', 'full'))).toEqual([
      429,
      'resource_exhausted',
      'full',
    ])
    expect(await outcome(new AppError('unavailable', 'stopping'))).toEqual([503, 'unavailable', 'stopping'])
    expect(await outcome(new AppError('media_failed', 'a secret'))).toEqual([
      500,
      'internal',
      'internal error',
    ])
    expect(await outcome(new TypeError('a secret'))).toEqual([500, 'internal', 'internal error'])
    expect(internal).toHaveLength(2)
  })
})

describe('SendData', () => {
  it('carries payload, kind, topic and destinations, sids among them', async () => {
    const { call, rooms } = setUp({ roomAdmin: true, room: 'MT_1' })
    await call(room('SendData'), {
      room: 'MT_1',
      data: Buffer.from('chào').toString('base64'),
      kind: 'LOSSY',
      topic: 'floor',
      destinationSids: ['PA_1', 'PA_gone'],
      destinationIdentities: ['binh'],
    })
    const packet = rooms.packets[0]!
    expect(packet.kind).toBe(DataPacket_Kind.LOSSY)
    expect(packet.destinationIdentities.sort()).toEqual(['an', 'binh'])
    expect(packet.value.case).toBe('user')
    if (packet.value.case !== 'user') return
    expect(Buffer.from(packet.value.value.payload).toString()).toBe('chào')
    expect(packet.value.value.topic).toBe('floor')
  })

  it('to sids of which none is there goes to nobody, not to everybody', async () => {
    const { call, rooms } = setUp({ roomAdmin: true, room: 'MT_1' })
    const answer = await call(room('SendData'), { room: 'MT_1', data: 'aGk=', destinationSids: ['PA_gone'] })
    expect(answer.status).toBe(404)
    expect(rooms.packets).toEqual([])
  })
})

describe('Egress', () => {
  it('is handed to recordings with the caller’s own token, and the answer handed back', async () => {
    const seen: unknown[] = []
    const { call } = setUp({}, async (input, init) => {
      seen.push(
        String(input),
        new Headers(init?.headers).get('authorization'),
        Buffer.from(init?.body as Uint8Array).toString(),
      )
      return new Response('{"code":"not_found","msg":"no such egress"}', {
        status: 404,
        headers: { 'content-type': 'application/json' },
      })
    })
    const answer = await call(
      'livekit.Egress/StopEgress',
      { egressId: 'EG_1' },
      { authorization: 'Bearer theirs' },
    )
    expect(seen).toEqual([
      'http://recordings:7980/twirp/livekit.Egress/StopEgress',
      'Bearer theirs',
      '{"egressId":"EG_1"}',
    ])
    expect([answer.status, answer.json().code]).toEqual([404, 'not_found'])
  })

  it('is unavailable while recordings is down', async () => {
    const { call } = setUp({}, () => Promise.reject(new TypeError('fetch failed')))
    const answer = await call('livekit.Egress/ListEgress')
    expect([answer.status, answer.json().code]).toEqual([503, 'unavailable'])
  })
})
