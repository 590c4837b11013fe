import type { AddressInfo } from 'node:net'
import type { CaptureCommand, CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { AccessToken, type VideoGrant } from 'livekit-server-sdk'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../../testing/eventually.ts'
import type { JoinQuery, VerifiedClaims } from '../src/room/base/claims.ts'
import type { RoomDirectory } from '../src/room/room-api.ts'
import { HttpEdge } from '../src/server/http-edge.ts'
import { createMetrics } from '../src/server/metrics.ts'
import { openPort } from '../src/server/open-port.ts'
import { createTokenVerifier } from '../src/server/verify-token.ts'
import { someReport } from './node-report.ts'

/** The HTTP and WebSocket edge alone, on a real port, with no rooms behind it. */

/** A page of the portal, which is another origin. */
const ORIGIN = 'https://portal.example'
const KEY = { key: 'testkey', secret: 'a-test-secret' }
const METRICS_TOKEN = '0123456789abcdef0123456789abcdef'
let edge: HttpEdge
let base: string
let port: number
let accepted: { claims: VerifiedClaims; query: JoinQuery; socket: WebSocket }[]
let capture: { commands: CaptureCommand[]; send(event: CaptureEvent): void; closedBy: string | null }
/** What is commanded of `TR_slow` waits for it. */
let slow: PromiseWithResolvers<void>
let unready: string | undefined
let sockets: WebSocket[]
const log = pino({ level: 'silent' })

beforeEach(async () => {
  accepted = []
  sockets = []
  capture = { commands: [], send: () => {}, closedBy: null }
  slow = Promise.withResolvers()
  unready = undefined
  const rooms: Pick<RoomDirectory, 'hasRoom' | 'openCapture' | 'assertJoinable'> = {
    async assertJoinable({ video }) {
      if (video.room === 'MT_none') throw new AppError('not_found', 'requested room does not exist')
    },
    hasRoom: name => name === 'MT_1',
    async openCapture(room, send) {
      if (room !== 'MT_1') throw new AppError('not_found', 'no such room')
      capture.send = send
      send({ type: 'joined', roomName: room, roomId: 'RM_1', at: 1, tracks: [] })
      return {
        async handle(command) {
          if (command.trackId === 'TR_slow') await slow.promise
          if (command.type === 'consume' && command.trackId === 'TR_gone')
            throw new AppError('track_not_found', 'no such track')
          capture.commands.push(command)
        },
        async close(reason) {
          capture.closedBy = reason
        },
      }
    },
  }
  const server = await openPort(0, '127.0.0.1')
  port = (server.address() as AddressInfo).port
  edge = new HttpEdge({
    server,
    maxMessageBytes: 16_384,
    joinsPerMinute: 5,
    connectionsPerAddress: 100,
    trustedProxies: 'any',
    verify: createTokenVerifier([KEY]),
    rooms: rooms as RoomDirectory,
    acceptRtc: (socket, claims, query) => void accepted.push({ socket, claims, query }),
    twirp: async call => ({
      status: 200,
      contentType: 'application/json',
      body: JSON.stringify({ route: call.route }),
    }),
    metrics: createMetrics(async () => someReport()),
    notReady: () => unready,
    metricsAccess: { token: METRICS_TOKEN, production: true },
    log,
  })
  base = `127.0.0.1:${port}`
})
afterEach(async () => {
  for (const socket of sockets) socket.terminate()
  await edge.close()
  await edge.close()
})

async function tokenFor(
  grant: VideoGrant,
  options: { identity?: string; ttl?: string; secret?: string } = {},
) {
  const token = new AccessToken(KEY.key, options.secret ?? KEY.secret, {
    identity: options.identity ?? 'an',
    ttl: options.ttl,
  })
  token.addGrant(grant)
  return token.toJwt()
}
const joinGrant = { roomJoin: true, room: 'MT_1' }

/** 101 with the open socket, or the status and body of the refusal. */
function upgrade(path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; body: string; cors: string | undefined; socket: WebSocket }>(
    (resolve, reject) => {
      const socket = new WebSocket(`ws://${base}${path}`, { headers: { origin: ORIGIN, ...headers } })
      sockets.push(socket)
      socket.once('open', () => resolve({ status: 101, body: '', cors: undefined, socket }))
      socket.once('unexpected-response', (_request, response) => {
        let body = ''
        response.on('data', chunk => {
          body += chunk
        })
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body,
            cors: response.headers['access-control-allow-origin'],
            socket,
          }),
        )
      })
      socket.once('error', reject)
    },
  )
}
const closeOf = (socket: WebSocket) =>
  new Promise<{ code: number; reason: string }>(resolve =>
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
  )
const get = async (path: string, init?: RequestInit) => {
  const response = await fetch(`http://${base}${path}`, { ...init, headers: { origin: ORIGIN } })
  return {
    status: response.status,
    body: await response.text(),
    cors: response.headers.get('access-control-allow-origin'),
  }
}

describe('/rtc', () => {
  it('takes the token from the query or from the Authorization header and hands both over', async () => {
    const token = await tokenFor(joinGrant)
    expect((await upgrade(`/rtc?access_token=${token}&auto_subscribe=0&sdk=js&protocol=16`)).status).toBe(101)
    expect((await upgrade('/rtc?sdk=rust', { authorization: `Bearer ${token}` })).status).toBe(101)
    expect(
      accepted.map(({ claims, query }) => [
        claims.identity,
        claims.video.room,
        query.sdk,
        query.autoSubscribe,
      ]),
    ).toEqual([
      ['an', 'MT_1', 'js', false],
      ['an', 'MT_1', 'rust', true],
    ])
  })

  it('answers 401 with the reason to no, invalid, expired and foreign tokens', async () => {
    const cases = [
      ['', 'no access token'],
      ['nonsense', 'not a JWT'],
      [await tokenFor(joinGrant, { ttl: '-1h' }), 'expired'],
      [await tokenFor(joinGrant, { secret: 'of-another-server' }), 'another secret'],
    ]
    for (const [token, reason] of cases) {
      for (const answer of [
        await upgrade(`/rtc?access_token=${token}`, forwarded()),
        await get(`/rtc/validate?access_token=${token}`),
      ]) {
        expect(answer.status).toBe(401)
        expect(answer.body).toContain(reason)
        expect(answer.cors).toBe(ORIGIN)
      }
    }
    expect(accepted).toEqual([])
  })

  it('answers 403 without roomJoin and for a room the token does not name', async () => {
    const stranger = await tokenFor({ room: 'MT_1', canPublish: true })
    expect((await upgrade(`/rtc?access_token=${stranger}`)).status).toBe(403)
    const token = await tokenFor(joinGrant)
    const answer = await upgrade(`/rtc?access_token=${token}&room=MT_2`)
    expect(answer).toMatchObject({ status: 403, body: 'permission denied: the token is for another room' })
    expect((await get(`/rtc/validate?access_token=${token}&room=MT_2`)).status).toBe(403)
  })

  it('lets a good token be validated from a page of another origin', async () => {
    const token = await tokenFor(joinGrant)
    expect(await get(`/rtc/validate?access_token=${token}`)).toEqual({
      status: 200,
      body: 'success',
      cors: ORIGIN,
    })
  })

  it('names the origin that asks in each answer, as livekit-server does, and allows what it asks for', async () => {
    const preflight = await fetch(`http://${base}/twirp/livekit.RoomService/ListRooms`, {
      method: 'OPTIONS',
      headers: {
        origin: ORIGIN,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,x-new-header',
      },
    })
    expect(preflight.status).toBe(204)
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization,x-new-header',
      'access-control-max-age': '86400',
      vary: expect.stringContaining('Origin'),
    })
    for (const path of ['/', '/rtc/validate', '/elsewhere', '/rtc']) {
      const { headers } = await fetch(`http://${base}${path}`, { headers: { origin: 'null' } })
      expect([path, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([
        path,
        'null',
        'Origin',
      ])
    }
    const { headers } = await fetch(`http://${base}/`)
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([null, 'Origin'])
  })

  it('is the same with repeated and trailing slashes, as every other address', async () => {
    const token = await tokenFor(joinGrant)
    for (const path of ['//rtc', '/rtc/', '///rtc//'])
      expect([path, (await upgrade(`${path}?access_token=${token}`)).status]).toEqual([path, 101])
    for (const path of ['//rtc/validate', '/rtc//validate/'])
      expect([path, (await get(`${path}?access_token=${token}`)).body]).toEqual([path, 'success'])
    for (const path of ['//twirp/livekit.RoomService/ListRooms', '/twirp//livekit.RoomService/ListRooms/'])
      expect(JSON.parse((await get(path, { method: 'POST', body: '{}' })).body)).toEqual({
        route: 'livekit.RoomService/ListRooms',
      })
    for (const path of ['//', '//healthz/', '//settings//regions?access_token=x', '//rtc/v1'])
      expect([path, (await get(path)).status]).toEqual([
        path,
        path.includes('v1') ? 404 : path.includes('x') ? 401 : 200,
      ])
  })

  it('refuses a join request: 404, as of the one-connection version, and none of its options is lost', async () => {
    const token = await tokenFor(joinGrant)
    const query = `access_token=${token}&join_request=CgQIARAB`
    for (const answer of [await upgrade(`/rtc?${query}`), await get(`/rtc/validate?${query}`)]) {
      expect(answer).toMatchObject({ status: 404, cors: ORIGIN })
      expect(answer.body).toContain('join_request')
      expect(answer.body).not.toContain('requested room does not exist')
    }
    expect(accepted).toEqual([])
    expect((await upgrade(`/rtc?access_token=${token}&join_request=`)).status).toBe(101)
    expect((await upgrade('/rtc?access_token=x&join_request=CgQIARAB')).status).toBe(401)
  })

  it.each([
    ['an identity with U+0000', { identity: 'a\u0000' }, 401, 'invalid token: claim sub is malformed'],
    ['an identity with a line break', { identity: 'a\nb' }, 400, 'identity holds control characters'],
    ['half a surrogate pair in its room', { room: 'MT_\ud800' }, 401, 'claim video.room is malformed'],
    ['agents in its roomConfig', { roomConfig: { agents: [{ agentName: 'x' }] } }, 501, 'agent dispatch'],
    [
      'egress in its roomConfig',
      { roomConfig: { egress: { room: {} } } },
      501,
      'egress started with the room',
    ],
    ['a preset', { roomPreset: 'x' }, 400, 'unknown room preset'],
  ])('refuses a token with %s in words', async (_what, change, status, text) => {
    const { identity = 'an', room = 'MT_1', ...rest } = change as Record<string, string>
    const token = new AccessToken(KEY.key, KEY.secret, { identity })
    token.addGrant({ ...joinGrant, room })
    Object.assign(token, rest)
    if ('roomConfig' in rest) token.roomConfig = rest.roomConfig as never
    const query = `access_token=${await token.toJwt()}`
    for (const answer of [await upgrade(`/rtc?${query}`), await get(`/rtc/validate?${query}`)]) {
      expect(answer.status).toBe(status)
      expect(answer.body).toContain(text)
    }
  })

  it('takes tokens as long as metadata and attributes at their limits make them', async () => {
    const token = new AccessToken(KEY.key, KEY.secret, {
      identity: 'an',
      metadata: 'm'.repeat(512 * 1024),
      attributes: { a: 'b'.repeat(64 * 1024 - 1) },
    })
    token.addGrant(joinGrant)
    expect((await upgrade(`/rtc?access_token=${await token.toJwt()}`)).status).toBe(101)
  })

  it('answers 404 for a room that is not there when joining makes none, but not to a resume', async () => {
    const token = await tokenFor({ ...joinGrant, room: 'MT_none' })
    const refusal = { status: 404, body: 'requested room does not exist', cors: ORIGIN }
    expect(await upgrade(`/rtc?access_token=${token}`)).toMatchObject(refusal)
    expect(await get(`/rtc/validate?access_token=${token}`)).toEqual(refusal)
    // Signalling tells a resume of nobody to join anew, and that is what is refused.
    expect((await upgrade(`/rtc?access_token=${token}&reconnect=1&sid=PA_1`)).status).toBe(101)
  })

  it('is not spoken in the one-connection version: 404, so that SDKs fall back', async () => {
    const token = await tokenFor(joinGrant)
    for (const answer of [
      await upgrade(`/rtc/v1?access_token=${token}`),
      await get(`/rtc/v1/validate?access_token=${token}`),
      await get(`/rtc/v1?access_token=${token}`),
    ]) {
      expect(answer.status).toBe(404)
      expect(answer.cors).toBe(ORIGIN)
      expect(answer.body).not.toContain('requested room does not exist')
    }
  })

  it('limits joins a minute from one address, not from another', async () => {
    const from = (address: string) => upgrade('/rtc?access_token=x', { 'x-forwarded-for': address })
    for (let n = 0; n < 5; n++) expect((await from('198.51.100.1')).status).toBe(401)
    expect((await from('198.51.100.1')).status).toBe(429)
    expect((await from('198.51.100.2')).status).toBe(401)
  })

  it('closes a socket whose message is too large, with a reason, and nothing else', async () => {
    const token = await tokenFor(joinGrant)
    const { socket } = await upgrade(`/rtc?access_token=${token}`)
    const other = await upgrade(`/rtc?access_token=${token}`)
    const closed = closeOf(socket)
    socket.send(new Uint8Array(20_000))
    expect((await closed).code).toBe(1009)
    expect(other.socket.readyState).toBe(WebSocket.OPEN)
    expect((await get('/healthz')).status).toBe(200)
  })
})

let nextAddress = 1
/** Another address each time, to stay clear of the limit of joins. */
const forwarded = () => ({ 'x-forwarded-for': `203.0.113.${nextAddress++}` })

describe('the other addresses', () => {
  it('answer health, metrics, the root, Twirp and nothing else', async () => {
    expect(await get('/')).toMatchObject({ status: 200, body: 'OK' })
    expect(JSON.parse((await get('/healthz')).body)).toEqual({ status: 'ok' })
    expect((await get('/metrics')).status).toBe(404)
    const withToken = { authorization: `Bearer ${METRICS_TOKEN}` }
    const metrics = await (await fetch(`http://${base}/metrics`, { headers: withToken })).text()
    expect(metrics).toContain('diemcau_sfu_rooms 2')
    expect(metrics).toContain('diemcau_sfu_participants 7')
    expect(metrics).toContain('diemcau_sfu_worker_peers{worker="0",pid="4711"} 2')
    const twirp = await get('/twirp/livekit.RoomService/ListRooms', { method: 'POST', body: '{}' })
    expect(JSON.parse(twirp.body)).toEqual({ route: 'livekit.RoomService/ListRooms' })
    expect((await get('/rtc')).status).toBe(426)
    expect((await get('/elsewhere')).status).toBe(404)
    expect((await upgrade('/elsewhere')).status).toBe(404)
  })

  it('refuse an API body over the limit', async () => {
    const answer = await get('/twirp/livekit.RoomService/CreateRoom', {
      method: 'POST',
      body: 'x'.repeat(40_000),
    })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body).code).toBe('invalid_argument')
  })

  it('say 503 while the node stops', async () => {
    edge.refuseNew()
    expect((await get('/healthz')).status).toBe(503)
    expect((await upgrade(`/rtc?access_token=${await tokenFor(joinGrant)}`)).status).toBe(503)
  })

  it('cannot be taken by a second node', async () => {
    await expect(openPort(port, '127.0.0.1')).rejects.toMatchObject({ code: 'port_in_use' })
  })
})

describe('/internal/capture', () => {
  const recorder = { room: 'MT_1', roomRecord: true, hidden: true, recorder: true }
  const connect = async (grant: VideoGrant) =>
    upgrade(`/internal/capture?access_token=${await tokenFor(grant)}`)

  it('is for tokens with roomRecord and a room that exists', async () => {
    expect((await upgrade('/internal/capture')).status).toBe(401)
    expect((await connect({ room: 'MT_1', roomJoin: true })).status).toBe(403)
    expect((await connect({ roomRecord: true })).status).toBe(403)
    expect((await connect({ ...recorder, room: 'MT_2' })).status).toBe(404)
    expect((await connect(recorder)).status).toBe(101)
  })

  it('passes events and commands in order, and tells the room when the recorder has gone', async () => {
    const { socket } = await connect(recorder)
    const events: CaptureEvent[] = []
    socket.on('message', data => events.push(JSON.parse(String(data))))
    socket.send(JSON.stringify({ type: 'consume', trackId: 'TR_gone', address: '127.0.0.1', port: 5000 }))
    for (const trackId of ['TR_1', 'TR_2', 'TR_3']) socket.send(JSON.stringify({ type: 'resume', trackId }))
    await eventually(() => (capture.commands.length === 3 ? null : 'commands are missing'))
    expect(capture.commands.map(command => command.trackId)).toEqual(['TR_1', 'TR_2', 'TR_3'])
    await eventually(() => (events.length > 0 ? null : 'the failure was not told'))
    expect(events).toContainEqual({
      type: 'consume_failed',
      trackId: 'TR_gone',
      port: 5000,
      reason: 'track_not_found',
    })
    socket.close()
    await eventually(() => (capture.closedBy === 'recorder_gone' ? null : 'the room was not told'))
  })

  it('holds commands of other tracks up for none that is slow to come', async () => {
    const { socket } = await connect(recorder)
    const send = (type: 'resume' | 'release', trackId: string) =>
      socket.send(JSON.stringify({ type, trackId }))
    send('resume', 'TR_slow')
    send('release', 'TR_slow')
    send('resume', 'TR_1')
    const done = () => capture.commands.map(({ type, trackId }) => `${type} ${trackId}`).join()
    await eventually(() => (done() === 'resume TR_1' ? null : done()))
    slow.resolve()
    await eventually(() => (done() === 'resume TR_1,resume TR_slow,release TR_slow' ? null : done()))
  })

  it('is not for a node that newcomers are led away from', async () => {
    unready = 'this node is about to stop'
    expect((await connect(recorder)).status).toBe(503)
    unready = undefined
    expect((await connect(recorder)).status).toBe(101)
  })

  it('closes on a malformed command and after the room’s last word', async () => {
    const first = await connect(recorder)
    const firstClosed = closeOf(first.socket)
    first.socket.send('{"type":"consume"}')
    expect(await firstClosed).toEqual({ code: 4400, reason: 'bad_command' })
    const second = await connect(recorder)
    const secondClosed = closeOf(second.socket)
    capture.send({ type: 'closed', at: 2, reason: 'deleted' })
    expect(await secondClosed).toEqual({ code: 1000, reason: 'deleted' })
  })
})
