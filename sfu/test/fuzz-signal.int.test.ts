import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import {
  AddTrackRequest,
  SessionDescription,
  SignalRequest,
  TrackSource,
  TrackType,
  TrickleRequest,
  UpdateTrackSettings,
} from '@livekit/protocol'
import { dispose } from '@livekit/rtc-node'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { budget, timeLimit } from './fuzz-support/budget.ts'
import { HonestPair, loggedLines } from './fuzz-support/honest-pair.ts'
import { messageOf } from './fuzz-support/messages.ts'
import { mutatedBytes, mutatedLines } from './fuzz-support/mutations.ts'
import { RawClient } from './fuzz-support/raw-client.ts'

/** Bad input on the signalling socket of a real server, with two honest participants in the same room. */

const ROOM = 'fuzz-signal'
/** Ways in which the server may close a socket for what came on it (RFC 6455 §7.4.1), each with a reason in words. */
const CLOSE_CODES = new Set([1000, 1003, 1007, 1008, 1009])
/** Lines of info and above that one bad client may cause, its joining and leaving included. */
const LINES_PER_CLIENT = 25

let sfu: RunningSfu
let pair: HonestPair
let visitors = 0

beforeAll(async () => {
  sfu = await startSfu({ workers: 2, env: { SFU_JOINS_PER_MINUTE: '100000' } })
  pair = await HonestPair.create(sfu, ROOM)
})
afterAll(async () => {
  await pair?.close()
  await sfu?.stop()
  await dispose()
})

const join = (query: Record<string, string> = {}) =>
  RawClient.join(sfu, { room: ROOM, identity: `visitor-${visitors++}`, canUpdateOwnMetadata: true }, query)

/** Lets a new client do something; it must be answered or closed with a reason, in time, without a flood in the log. */
async function expectAnswered(act: (client: RawClient) => void | Promise<void>): Promise<void> {
  const client = await join()
  expect(client.cases()[0]).toBe('join')
  await act(client)
  if (!(await client.settled())) {
    expect(CLOSE_CODES, JSON.stringify(client.closed)).toContain(client.closed?.code)
    expect(client.closed?.reason).not.toBe('')
  }
  client.request({ case: 'leave', value: {} as never })
  client.terminate()
  // Of this client only: those before it are let go at any time.
  expect(loggedLines(sfu, `visitor-${visitors - 1}`)).toBeLessThan(LINES_PER_CLIENT)
}

const samples = [
  new SignalRequest({
    message: { case: 'addTrack', value: new AddTrackRequest({ cid: 'c', name: 'camera' }) },
  }),
  new SignalRequest({
    message: { case: 'trackSetting', value: new UpdateTrackSettings({ trackSids: ['TR_1'] }) },
  }),
  new SignalRequest({
    message: { case: 'offer', value: new SessionDescription({ type: 'offer', sdp: 'v=0', id: 1 }) },
  }),
].map(message => message.toBinary())

it('answers or closes for any bytes', { timeout: timeLimit(240_000) }, async () => {
  const frame = fc.oneof(fc.uint8Array({ maxLength: 400 }), mutatedBytes(samples))
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 4 }), frames =>
      expectAnswered(client => {
        for (const bytes of frames) client.sendBytes(bytes)
      }),
    ),
    budget(30),
  )
  await pair.expectUnharmed()
})

it('answers or closes for any well-formed message', { timeout: timeLimit(240_000) }, async () => {
  const type = SignalRequest as unknown as Parameters<typeof messageOf<SignalRequest>>[0]
  await fc.assert(
    fc.asyncProperty(fc.array(messageOf(type), { minLength: 1, maxLength: 8 }), messages =>
      expectAnswered(client => {
        for (const message of messages) client.sendBytes(message.toBinary())
      }),
    ),
    budget(30),
  )
  await pair.expectUnharmed()
})

it.each([
  ['a text frame', 'hello', 1003],
  ['no protobuf', Uint8Array.of(255, 255, 255, 255), 1007],
  ['more than a signal message may have', new Uint8Array(900 * 1024), 1009],
  ['more than the socket takes', new Uint8Array(3 * 1024 * 1024), 1009],
])('closes the socket of a client that sends %s, and keeps the participant', async (_what, frame, code) => {
  const client = await join()
  client.sendBytes(frame)
  await client.until(() => client.closed !== undefined, 'the close')
  expect(client.closed?.code).toBe(code)
  const again = await RawClient.join(
    sfu,
    { room: ROOM, identity: `visitor-${visitors - 1}` },
    { reconnect: '1', sid: client.sid },
  )
  expect(again.cases()[0]).toBe('reconnect')
  again.request({ case: 'leave', value: {} as never })
  await pair.expectUnharmed()
})

it('closes the socket of a client that sends too many messages', async () => {
  const client = await join()
  for (let count = 0; count < 3_000; count++) client.request({ case: 'ping', value: 1n })
  await client.until(() => client.closed !== undefined, 'the close')
  expect(client.closed).toEqual({ code: 1008, reason: 'too many signal messages' })
  await pair.expectUnharmed()
})

it('lets a client join that sends thousands of candidates meanwhile, and ends one that does not stop', async () => {
  const client = await join()
  const candidateInit = JSON.stringify({
    candidate: 'candidate:1 1 udp 2122194687 2001:db8:85a3:8d3:1319:8a2e:370:7348 50000 typ host ufrag EsAw',
    sdpMid: '0',
    sdpMLineIndex: 0,
  })
  const trickle = () =>
    client.request({ case: 'trickle', value: new TrickleRequest({ candidateInit, final: false }) })
  for (let count = 0; count < 3_000; count++) trickle()
  client.request({
    case: 'addTrack',
    value: new AddTrackRequest({
      cid: 'c',
      name: 'c',
      type: TrackType.AUDIO,
      source: TrackSource.MICROPHONE,
    }),
  })
  await client.until(() => client.cases().includes('trackPublished'), 'the answer to addTrack')
  expect(client.closed).toBeUndefined()
  for (let count = 0; count < 20_000; count++) trickle()
  await client.until(() => client.closed !== undefined, 'the close')
  expect(client.closed).toEqual({ code: 1008, reason: 'too many signal messages' })
  await pair.expectUnharmed()
})

it('publishes a track once that an offer names in a hundred sections', async () => {
  const producers = async () => {
    const metrics = await (await fetch(`${sfu.url}/metrics`)).text()
    return Number(/_media_open\{[^}]*kind="producers"[^}]*\} (\d+)/.exec(metrics)?.[1])
  }
  const before = await producers()
  const sdp = readFileSync(path.join(folder, 'chromium-opus-vp8-simulcast.sdp'), 'utf8')
  const [head = '', ...sections] = sdp.split(/^(?=m=)/m)
  const sound = sections.find(section => section.startsWith('m=audio'))!
  const many = Array.from({ length: 100 }, (_, n) =>
    sound.replace(/^a=mid:.*$/m, `a=mid:a${n}`).replaceAll(/^a=ssrc:\d+/gm, `a=ssrc:${1_000 + n}`),
  )
  const client = await join()
  const cid = /^a=msid:\S+ (\S+)/m.exec(sound)?.[1] ?? ''
  const microphone = { name: 'mic', type: TrackType.AUDIO, source: TrackSource.MICROPHONE }
  client.request({ case: 'addTrack', value: new AddTrackRequest({ cid, ...microphone }) })
  const bundle = many.map((_, n) => `a${n}`).join(' ')
  const offer = head.replace(/^a=group:BUNDLE .*$/m, `a=group:BUNDLE ${bundle}`) + many.join('')
  client.request({ case: 'offer', value: new SessionDescription({ type: 'offer', sdp: offer, id: 7 }) })
  await client.until(() => client.all('answer').length > 0 || client.closed !== undefined, 'the answer')
  const answer = client.all('answer')[0]?.sdp ?? ''
  expect(answer.match(/^a=recvonly/gm)).toHaveLength(1)
  expect(answer.match(/^a=inactive/gm)).toHaveLength(99)
  // One, and perhaps one more for each worker that it is carried to.
  expect(await producers()).toBeLessThan(before + 5)
  client.request({ case: 'leave', value: {} as never })
  await pair.expectUnharmed()
})

const folder = path.resolve(import.meta.dirname, '../src/sdp/fixtures')
const offers = readdirSync(folder)
  .filter(name => name.endsWith('.sdp'))
  .map(name => readFileSync(path.join(folder, name), 'utf8'))
/** Each track a recorded offer sends is announced first, so that its sections get as far as mediasoup. */
const cidsOf = (sdp: string) => [
  ...new Set([...sdp.matchAll(/^a=msid:\S+ (\S+)/gm)].map(([, cid]) => cid ?? '')),
]

it('answers or ends the participant for any description', { timeout: timeLimit(300_000) }, async () => {
  const outcomes: Record<string, number> = {}
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        { weight: 4, arbitrary: mutatedLines(offers, '\r\n') },
        { weight: 1, arbitrary: fc.constantFrom(...offers) },
      ),
      async sdp => {
        const client = await join()
        for (const cid of cidsOf(sdp).slice(0, 6)) {
          const kind = /m=audio/.test(sdp.split(cid)[0]?.split('\r\nm=').at(-1) ?? '') ? 'AUDIO' : 'VIDEO'
          client.request({
            case: 'addTrack',
            value: new AddTrackRequest({
              cid,
              name: 'x',
              type: TrackType[kind],
              source: kind === 'AUDIO' ? TrackSource.MICROPHONE : TrackSource.CAMERA,
              width: 640,
              height: 360,
            }),
          })
        }
        const value = new SessionDescription({ type: 'offer', sdp, id: 7 })
        client.request({ case: 'offer', value })
        await client.until(
          () => client.all('answer').length + client.all('leave').length > 0 || client.closed !== undefined,
          'an answer or a leave',
        )
        const outcome = client.all('answer').length > 0 ? 'answered' : 'ended'
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
        if (outcome === 'ended') expect(client.all('leave').length).toBe(1)
        client.request({ case: 'leave', value: {} as never })
        client.terminate()
      },
    ),
    budget(30),
  )
  console.log('descriptions', outcomes)
  // Otherwise the mutations would only ever reach the parser.
  expect(outcomes.answered ?? 0).toBeGreaterThan(0)
  await pair.expectUnharmed()
})

it('takes or refuses any answer to its own offer', { timeout: timeLimit(240_000) }, async () => {
  await fc.assert(
    fc.asyncProperty(mutatedLines(offers, '\r\n'), fc.nat(), (sdp, id) =>
      expectAnswered(async client => {
        await client.until(() => client.all('offer').length > 0, 'an offer')
        const value = new SessionDescription({ type: 'answer', sdp, id: id % 3 })
        client.request({ case: 'answer', value })
      }),
    ),
    budget(12),
  )
  await pair.expectUnharmed()
})
