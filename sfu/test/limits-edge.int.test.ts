import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { eventually } from '../../testing/eventually.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { HTTP_LIMITS } from '../src/server/open-port.ts'
import { RawClient } from './fuzz-support/raw-client.ts'

/** Limits at the door of a running node: addresses, sizes, slow callers. */

let sfu: RunningSfu
let closers: (() => void)[] = []
beforeAll(async () => {
  sfu = await startSfu({
    workers: 1,
    env: { SFU_CONNECTIONS_PER_ADDRESS: '3', SFU_TRUST_PROXY: '1', SFU_MAX_MESSAGE_BYTES: '700000' },
  })
})
afterEach(() => {
  for (const close of closers) close()
  closers = []
})
afterAll(() => sfu?.stop())

/** The status with which an upgrade was answered; 101 for a socket that opened. */
async function upgrade(from: string, token: string): Promise<{ status: number; text: string }> {
  const socket = new WebSocket(`${sfu.wsUrl}/rtc?access_token=${token}`, {
    headers: { 'x-forwarded-for': from },
  })
  closers.push(() => socket.terminate())
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve({ status: 101, text: '' }))
    socket.once('unexpected-response', (_request, response) => {
      let text = ''
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
    socket.once('error', reject)
  })
}
const tokenOf = (identity: string) => sfu.token({ room: 'limits', identity })

it('refuses one connection too many of an address, not of another, and takes one again when one closed', async () => {
  for (let n = 0; n < 3; n++) expect((await upgrade('198.51.100.1', await tokenOf(`a${n}`))).status).toBe(101)
  expect(await upgrade('198.51.100.1', await tokenOf('a3'))).toEqual({
    status: 429,
    text: '3 connections are open from this address',
  })
  expect((await upgrade('198.51.100.2', await tokenOf('b'))).status).toBe(101)
  // What stands before the last hop the caller may have invented: it counts for nothing.
  expect((await upgrade('203.0.113.9, 198.51.100.1', await tokenOf('a4'))).status).toBe(429)
  closers.shift()?.()
  await eventually(async () => {
    const { status } = await upgrade('198.51.100.1', await tokenOf('a5'))
    return status === 101 ? null : `still ${status}`
  })
})

it('refuses a token too long for the headers, and one longer than LiveKit’s only as a token', async () => {
  const long = await fetch(`${sfu.url}/rtc/validate?access_token=${'a'.repeat(HTTP_LIMITS.headerBytes + 1)}`)
  expect([400, 431]).toContain(long.status)
  const shorter = await fetch(`${sfu.url}/rtc/validate?access_token=${'a'.repeat(100_000)}`)
  expect(shorter.status).toBe(401)
})

it('refuses a body over the limit and keeps answering', async () => {
  const response = await fetch(`${sfu.url}/twirp/livekit.RoomService/ListRooms`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: 'x'.repeat(800_000),
  })
  expect(response.status).toBe(400)
  expect(await response.text()).toContain('over 700000 bytes')
  expect((await fetch(`${sfu.url}/healthz`)).status).toBe(200)
})

it('cuts off callers who trickle their headers', { timeout: 120_000 }, async () => {
  const socket = connect(Number(new URL(sfu.url).port), '127.0.0.1')
  closers.push(() => socket.destroy())
  let answer = ''
  let isClosed = false
  socket.on('data', chunk => {
    answer += chunk
  })
  socket.on('close', () => {
    isClosed = true
  })
  socket.on('error', () => {
    isClosed = true
  })
  socket.write('GET /rtc HTTP/1.1\r\nhost: x\r\n')
  const trickle = setInterval(() => socket.writable && socket.write('x-a: b\r\n'), 500)
  closers.push(() => clearInterval(trickle))
  const limitMs = HTTP_LIMITS.headersTimeoutMs + 45_000
  await eventually(() => (isClosed ? null : 'still open'), limitMs)
  expect(answer).toMatch(/^HTTP\/1.1 (400|408) /)
})

it('closes a signal socket that does not read, and keeps the participant', { timeout: 120_000 }, async () => {
  const client = await RawClient.join(sfu, { room: 'limits', identity: 'deaf', canUpdateOwnMetadata: true })
  closers.push(() => client.terminate())
  client.pause()
  // Each is answered with itself: 60 a second of up to 500 kB are more than the kernel and we will hold.
  const value = { metadata: 'm'.repeat(500_000), requestId: 1 }
  let sent = 0
  const flood = setInterval(() => {
    sent += 1
    client.request({ case: 'updateMetadata', value: value as never })
  }, 20)
  closers.push(() => clearInterval(flood))
  await eventually(() => (sfu.output.includes('signal socket is too slow') ? null : `${sent} sent`), 90_000)
  const rss = Number(/^process_resident_memory_bytes (\d+)/m.exec(await metrics())?.[1])
  expect(rss).toBeLessThan(500e6)
  const back = await RawClient.join(
    sfu,
    { room: 'limits', identity: 'deaf' },
    { reconnect: '1', sid: client.sid },
  )
  closers.push(() => back.terminate())
  expect(back.cases()[0]).toBe('reconnect')
})

const metrics = async (): Promise<string> => (await fetch(`${sfu.url}/metrics`)).text()

it.each([
  [
    'an upgrade to nowhere',
    'GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    404,
  ],
  ['no HTTP', 'what is this\r\n\r\n', 400],
])('lets go of a caller refused for %s who keeps the line open', async (_what, request, status) => {
  const socket = connect({
    port: Number(new URL(sfu.url).port),
    host: '127.0.0.1',
    allowHalfOpen: true,
  })
  closers.push(() => socket.destroy())
  let answer = ''
  let isGone = false
  socket.on('data', chunk => {
    answer += chunk
  })
  socket.on('error', () => {
    isGone = true
  })
  socket.write(request)
  // Only a connection that is gone altogether refuses what is written to it.
  await eventually(() => {
    if (!isGone) socket.write('x')
    return isGone ? null : 'still open'
  }, 15_000)
  expect(answer).toContain(`HTTP/1.1 ${status}`)
})
