/** What RoomService refuses before it asks the rooms, and what it hands to them of its newer methods. */
import { AppError } from '@diemcau/core/errors.ts'
import { RoomEgress } from '@livekit/protocol'
import { describe, expect, it } from 'vitest'
import type { VideoGrants } from '../room/base/claims.ts'
import type { RoomDirectory } from '../room/room-api.ts'
import { createRoomService } from './room-service.ts'
import { createTwirpHandler } from './twirp-handler.ts'
import { ABSENT_SERVICES } from './unimplemented.ts'

function setUp(video: VideoGrants, rooms: Partial<RoomDirectory> = {}) {
  const faults: unknown[] = []
  const handle = createTwirpHandler({
    roomService: createRoomService(rooms as RoomDirectory),
    egress: () => Promise.reject(new Error('not asked here')),
    verify: async () => ({
      identity: '',
      name: '',
      metadata: '',
      attributes: {},
      kind: '',
      kindDetails: [],
      expiresAtS: 0,
      notBeforeS: 0,
      video,
    }),
    onInternalError: error => void faults.push(error),
  })
  const call = async (route: string, body: object) => {
    const { status, body: answer } = await handle({
      route: route.includes('/') ? route : `livekit.RoomService/${route}`,
      httpMethod: 'POST',
      contentType: 'application/json',
      authorization: 'Bearer x',
      body: new TextEncoder().encode(JSON.stringify(body)),
    })
    return { status, ...(JSON.parse(Buffer.from(answer).toString()) as { code?: string; msg?: string }) }
  }
  return { call, faults }
}

describe('CreateRoom', () => {
  const { call } = setUp({ roomCreate: true })

  it('refuses what would silently not happen: egress, agents, replay, presets', async () => {
    const egress = new RoomEgress({}).toJson()
    expect(await call('CreateRoom', { name: 'a', egress })).toMatchObject({
      code: 'unimplemented',
      msg: expect.stringContaining('egress'),
    })
    expect(await call('CreateRoom', { name: 'a', agents: [{ agentName: 'x' }] })).toMatchObject({
      code: 'unimplemented',
      msg: expect.stringContaining('agent'),
    })
    expect((await call('CreateRoom', { name: 'a', replayEnabled: true })).code).toBe('unimplemented')
    expect(await call('CreateRoom', { name: 'a', roomPreset: 'big' })).toMatchObject({
      status: 400,
      msg: 'unknown room preset: big',
    })
  })
})

describe('SendData', () => {
  it('takes a nonce of 16 bytes or none', async () => {
    const { call } = setUp({ roomAdmin: true, room: 'a' }, { sendData: async () => {} })
    const send = (bytes: number) =>
      call('SendData', { room: 'a', data: 'aGk=', nonce: Buffer.alloc(bytes, 1).toString('base64') })
    expect(await send(15)).toMatchObject({ code: 'invalid_argument' })
    expect((await send(16)).status).toBe(200)
    expect((await send(0)).status).toBe(200)
  })
})

describe.each(['MoveParticipant', 'ForwardParticipant'])('%s', name => {
  it('needs roomAdmin of the room and destinationRoom of the other', async () => {
    const moved: unknown[] = []
    const take = async (...args: unknown[]) => void moved.push(args)
    const rooms: Partial<RoomDirectory> =
      name === 'MoveParticipant' ? { moveParticipant: take } : { forwardParticipant: take }
    const body = { room: 'a', identity: 'an', destinationRoom: 'b' }
    for (const grants of [
      { roomAdmin: true, room: 'a' },
      { roomAdmin: true, room: 'a', destinationRoom: 'c' },
      { roomAdmin: true, room: 'b', destinationRoom: 'b' },
      { room: 'a', destinationRoom: 'b' },
    ])
      expect((await setUp(grants, rooms).call(name, body)).status).toBe(403)
    expect(moved).toEqual([])
    const { call } = setUp({ roomAdmin: true, room: 'a', destinationRoom: 'b' }, rooms)
    expect((await call(name, body)).status).toBe(200)
    expect((await call(name, { ...body, identity: '' })).code).toBe('invalid_argument')
    expect(moved).toEqual([['a', 'an', 'b']])
  })
})

describe('PerformRpc', () => {
  it('hands on the call and its answer, or the word of the method that failed', async () => {
    const { call, faults } = setUp(
      { roomAdmin: true, room: 'a' },
      {
        async performRpc(_room, identity, { method, payload, timeoutMs }) {
          if (method === 'fails') throw new AppError('rpc_failed', 'RpcError 7: no')
          return `${identity}.${method}(${payload}) within ${timeoutMs}`
        },
      },
    )
    const body = { room: 'a', destinationIdentity: 'an', method: 'm', payload: 'p', responseTimeoutMs: 7 }
    expect(await call('PerformRpc', body)).toMatchObject({ status: 200, payload: 'an.m(p) within 7' })
    expect(await call('PerformRpc', { ...body, method: 'fails' })).toEqual({
      status: 500,
      code: 'internal',
      msg: 'RpcError 7: no',
    })
    expect(faults).toEqual([])
    expect((await call('PerformRpc', { ...body, method: '' })).code).toBe('invalid_argument')
    expect((await call('PerformRpc', { ...body, destinationIdentity: '' })).code).toBe('invalid_argument')
  })
})

describe('services that are not part of this server', () => {
  it('say so', async () => {
    const { call } = setUp({})
    for (const [service, reason] of Object.entries(ABSENT_SERVICES))
      expect(await call(`${service}/Anything`, {})).toEqual({
        status: 501,
        code: 'unimplemented',
        msg: `Anything is not implemented: ${reason}`,
      })
    expect(await call('livekit.Brandnew/Do', {})).toMatchObject({ code: 'unimplemented' })
  })
})
