import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { VerifiedClaims } from '../room/base/claims.ts'
import { HttpEdge, type HttpEdgeOptions } from './http-edge.ts'
import { openPort } from './open-port.ts'

const CLAIMS: VerifiedClaims = {
  identity: 'an',
  name: '',
  metadata: '',
  attributes: {},
  kind: 'standard',
  kindDetails: [],
  expiresAtS: 0,
  notBeforeS: 0,
  video: { roomJoin: true, room: 'MT_1' },
}

const unused = () => {
  throw new Error('not of this test')
}

/** An edge on a port of its own, where everybody may join; what else is not used throws. */
async function openEdge(notReady?: HttpEdgeOptions['notReady']) {
  const accepted: string[] = []
  const server = await openPort(0, '127.0.0.1')
  const { port } = server.address() as AddressInfo
  const edge = new HttpEdge({
    server,
    maxMessageBytes: 1024,
    joinsPerMinute: 10,
    connectionsPerAddress: 10,
    trustedProxies: [],
    verify: async () => CLAIMS,
    rooms: { assertJoinable: () => {} } as unknown as HttpEdgeOptions['rooms'],
    acceptRtc: (socket, { identity }) => {
      accepted.push(identity)
      socket.close()
    },
    twirp: unused,
    metrics: { countJoin: () => {} } as unknown as HttpEdgeOptions['metrics'],
    metricsAccess: { token: undefined, production: true },
    ...(notReady ? { notReady } : {}),
    log: pino({ level: 'silent' }),
  })
  onTestFinished(() => edge.close())
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: response.status, body: await response.json() }
  }
  /** The status of an upgrade: 101 when it was accepted. */
  const join = (query: string) =>
    new Promise<number>(resolve => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/rtc?access_token=x&${query}`)
      socket.on('open', () => resolve(101))
      socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode ?? 0))
      socket.on('error', () => {})
    })
  return { edge, ask, join, accepted }
}

it('is ready while nothing speaks against newcomers, and says what does', async () => {
  let reason: string | undefined
  const { ask } = await openEdge(() => reason)
  expect(await ask('/readyz')).toEqual({ status: 200, body: { status: 'ready' } })
  reason = 'draining'
  expect(await ask('/readyz')).toEqual({ status: 503, body: { status: 'not ready', reason: 'draining' } })
  // It lives and serves those it has: nobody should start it again.
  expect((await ask('/healthz')).status).toBe(200)
  reason = undefined
  expect((await ask('/readyz')).status).toBe(200)
})

it('is ready when it is alone, until it stops', async () => {
  const { edge, ask } = await openEdge()
  expect((await ask('/readyz')).status).toBe(200)
  edge.refuseNew()
  expect(await ask('/readyz')).toEqual({ status: 503, body: { status: 'not ready', reason: 'stopping' } })
  expect((await ask('/healthz')).status).toBe(503)
})

it('tells newcomers at once when it takes none, and goes on with those who come back to their connection', async () => {
  let reason: string | undefined = 'cut off'
  const { join, accepted } = await openEdge(() => reason)
  expect(await join('room=MT_1')).toBe(503)
  expect(accepted).toEqual([])
  expect(await join('reconnect=1&sid=PA_1')).toBe(101)
  expect(accepted).toEqual(['an'])
  reason = undefined
  expect(await join('room=MT_1')).toBe(101)
  expect(accepted).toEqual(['an', 'an'])
})
