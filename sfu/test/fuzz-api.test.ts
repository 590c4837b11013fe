import {
  CreateRoomRequest,
  DeleteRoomRequest,
  ForwardParticipantRequest,
  ListParticipantsRequest,
  ListRoomsRequest,
  MoveParticipantRequest,
  MuteRoomTrackRequest,
  PerformRpcRequest,
  RoomParticipantIdentity,
  SendDataRequest,
  UpdateParticipantRequest,
  UpdateRoomMetadataRequest,
  UpdateSubscriptionsRequest,
} from '@livekit/protocol'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEgressProxy } from '../src/api/egress-proxy.ts'
import { createRoomService } from '../src/api/room-service.ts'
import { createTwirpHandler } from '../src/api/twirp-handler.ts'
import type { VerifiedClaims } from '../src/room/base/claims.ts'
import { createTokenVerifier } from '../src/server/verify-token.ts'
import { budget } from './fuzz-support/budget.ts'
import { type MessageClass, messageOf } from './fuzz-support/messages.ts'
import { mutatedBytes, mutatedLines } from './fuzz-support/mutations.ts'
import { TestRooms } from './room-support/test-room.ts'

/** Twirp bodies on every method over real rooms (media in memory), and tokens. */

const METHODS: Record<string, MessageClass<object>> = {
  CreateRoom: CreateRoomRequest,
  ListRooms: ListRoomsRequest,
  DeleteRoom: DeleteRoomRequest,
  ListParticipants: ListParticipantsRequest,
  GetParticipant: RoomParticipantIdentity,
  RemoveParticipant: RoomParticipantIdentity,
  MutePublishedTrack: MuteRoomTrackRequest,
  UpdateParticipant: UpdateParticipantRequest,
  UpdateSubscriptions: UpdateSubscriptionsRequest,
  SendData: SendDataRequest,
  UpdateRoomMetadata: UpdateRoomMetadataRequest,
  MoveParticipant: MoveParticipantRequest,
  ForwardParticipant: ForwardParticipantRequest,
  PerformRpc: PerformRpcRequest,
} as never

let rooms: TestRooms
let faults: unknown[]
const everything = (room: string): VerifiedClaims =>
  ({
    identity: 'portal',
    name: '',
    metadata: '',
    attributes: {},
    kind: '',
    video: { roomCreate: true, roomList: true, roomAdmin: true, room, destinationRoom: 'S' },
  }) as VerifiedClaims

beforeEach(() => {
  rooms = new TestRooms()
  faults = []
})
afterEach(() => rooms.registry.close())

/** A handler whose caller may do everything in the room its request names. */
const handler = (room: string) =>
  createTwirpHandler({
    roomService: createRoomService(rooms.registry),
    egress: createEgressProxy('http://127.0.0.1:9'),
    verify: async () => everything(room),
    onInternalError: error => faults.push(error),
  })

/** Answered soon, in Twirp's form, and never as a fault of ours. */
async function call(name: string, contentType: string, body: Uint8Array, room: string): Promise<number> {
  const answer = await handler(room)({
    route: `livekit.RoomService/${name}`,
    httpMethod: 'POST',
    contentType,
    authorization: 'Bearer x',
    body,
  })
  expect(faults).toEqual([])
  if (answer.status !== 200) {
    const error = JSON.parse(String(answer.body)) as { code: string; msg: string }
    expect(error.code).not.toBe('internal')
    expect(error.msg).not.toBe('')
  }
  return answer.status
}

describe('bodies of RoomService', () => {
  it.each(Object.keys(METHODS))('of %s, valid or broken, are answered and never fail inside', async name => {
    await rooms.join('an')
    const type = METHODS[name] as MessageClass<{
      room?: string
      destinationRoom?: string
      toBinary(): Uint8Array
      toJsonString(): string
    }>
    const seen = new Set<number>()
    await fc.assert(
      fc.asyncProperty(messageOf(type, 3), fc.boolean(), async (request, isHere) => {
        if (isHere && 'room' in request) request.room = 'R'
        if (isHere && 'destinationRoom' in request) request.destinationRoom = 'S'
        const bytes = request.toBinary()
        seen.add(await call(name, 'application/protobuf', bytes, request.room ?? ''))
        let json = ''
        try {
          json = request.toJsonString()
        } catch {
          // protobuf-es itself refuses to write some values, such as a Timestamp out of range, as JSON.
          return
        }
        await call(name, 'application/json', Buffer.from(json), request.room ?? '')
      }),
      budget(25),
    )
    await fc.assert(
      fc.asyncProperty(
        mutatedBytes([
          new type().toBinary(),
          new RoomParticipantIdentity({ room: 'R', identity: 'an' }).toBinary(),
        ]),
        body => call(name, 'application/protobuf', body, 'R').then(() => undefined),
      ),
      budget(40),
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), text =>
        call(name, 'application/json', Buffer.from(text), 'R').then(() => undefined),
      ),
      budget(40),
    )
    expect(seen.size).toBeGreaterThan(0)
  })

  it('on any route and of any type are answered in Twirp’s form', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string(),
        fc.constantFrom('application/json', 'application/protobuf', 'text/html', '', 'a/b; charset=x'),
        fc.constantFrom('POST', 'GET', 'PUT', ''),
        async (route, contentType, httpMethod) => {
          const answer = await handler('')({
            route,
            contentType,
            httpMethod,
            authorization: '',
            body: new Uint8Array(3),
          })
          expect(answer.status).toBeGreaterThanOrEqual(400)
          expect(answer.status).toBeLessThan(502)
          expect(JSON.parse(String(answer.body))).toHaveProperty('code')
          expect(faults).toEqual([])
        },
      ),
      budget(150),
    )
  })
})

describe('tokens', () => {
  const secret = 'a-secret-of-more-than-32-characters-xx'
  const verify = createTokenVerifier([{ key: 'key', secret }])
  const outcome = async (token: string): Promise<string> => {
    try {
      await verify(token)
      return 'accepted'
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      expect(message.length).toBeLessThan(200)
      return code ?? String(error)
    }
  }
  const sign = (claims: object, alg = 'HS256', key = secret) =>
    new SignJWT({ iss: 'key', exp: Math.floor(Date.now() / 1000) + 600, ...claims })
      .setProtectedHeader({ alg })
      .sign(new TextEncoder().encode(key))

  it('that were changed anywhere are not accepted', async () => {
    const token = await sign({ sub: 'an', video: { roomJoin: true, room: 'R' } })
    expect(await outcome(token)).toBe('accepted')
    await fc.assert(
      fc.asyncProperty(mutatedLines([token], '.'), fc.nat(), fc.string(), async (text, at, piece) => {
        const position = at % token.length
        const changed = `${token.slice(0, position)}${piece}${token.slice(position + 1)}`
        for (const candidate of [text, changed]) {
          // The last character of a base64 text holds bits that do not count.
          if (candidate.slice(0, -1) === token.slice(0, -1)) continue
          expect(await outcome(candidate)).toBe('unauthenticated')
        }
      }),
      budget(200),
    )
  })

  it('of another algorithm or none are not accepted', async () => {
    const [header, payload] = (await sign({ sub: 'an' })).split('.')
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    for (const alg of ['none', 'None', 'NONE', 'RS256', 'ES256', 'HS256 ', '', 'dir'])
      for (const signature of ['', 'AAAA'])
        expect(await outcome(`${encode({ alg, typ: 'JWT' })}.${payload}.${signature}`)).toBe(
          'unauthenticated',
        )
    expect(await outcome(`${header}.${payload}.`)).toBe('unauthenticated')
    for (const alg of ['HS384', 'HS512'])
      expect(await outcome(await sign({ sub: 'an' }, alg, `${secret}${secret}`))).toBe('unauthenticated')
    expect(await outcome(await sign({ sub: 'an' }, 'HS256', ''.padEnd(32, '\0')))).toBe('unauthenticated')
    // Names a key that asks the reader to fetch one from elsewhere (CVE-style header injection).
    const sneaky = encode({
      alg: 'HS256',
      jwk: { kty: 'oct', k: 'AA' },
      jku: 'http://127.0.0.1:9/',
      kid: '../',
    })
    expect(await outcome(`${sneaky}.${payload}.AAAA`)).toBe('unauthenticated')
  })

  it('with any signed claims are accepted with sane values or refused with a reason', async () => {
    const claim = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('an', true, 1e300, null, [], {}))
    const video = fc.dictionary(
      fc.constantFrom('roomJoin', 'room', 'canPublish', 'canPublishSources', 'hidden', '__proto__', 'x'),
      claim,
    )
    const claims = fc.record(
      {
        sub: claim,
        name: claim,
        metadata: claim,
        attributes: claim,
        kind: claim,
        video,
        nbf: claim,
        exp: claim,
      },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(claims, async value => {
        const token = await sign(value)
        try {
          const verified = await verify(token)
          for (const text of [verified.identity, verified.name, verified.metadata, verified.kind])
            expect(typeof text).toBe('string')
          expect(Object.values(verified.attributes).every(one => typeof one === 'string')).toBe(true)
        } catch (error) {
          expect(error).toHaveProperty('code', 'unauthenticated')
        }
      }),
      budget(250),
    )
  })

  it('of any size are answered in time', async () => {
    for (const length of [1_000, 100_000, 1_000_000]) {
      const started = performance.now()
      for (const text of [
        'a'.repeat(length),
        '.'.repeat(length),
        `${'e'.repeat(length)}.${'e'.repeat(length)}.x`,
      ])
        expect(await outcome(text)).toBe('unauthenticated')
      expect(performance.now() - started).toBeLessThan(10_000)
    }
  })
})
