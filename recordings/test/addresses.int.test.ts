/** A recorder with the addresses of several media servers: it goes on with the next, and asks again for what did not come. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CapturedTrack } from '@diemcau/core/contracts/capture.ts'
import type { JournalEntry } from '@diemcau/core/recording/journal.ts'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CaptureSession } from '../src/capture/capture-session.ts'
import { mintCaptureToken } from '../src/server/token.ts'
import { eventually } from './eventually.ts'
import { FakeSfu } from './fake-sfu.ts'

let dataDir: string
let first: FakeSfu
let second: FakeSfu
let session: CaptureSession | null
let journal: JournalEntry[]
let ends: unknown[]

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'recordings-addresses-'))
  first = await FakeSfu.create({ secret: 'secret' })
  second = await FakeSfu.create({ secret: 'secret' })
  session = null
  journal = []
  ends = []
})
afterEach(async () => {
  await session?.close()
  await first.close()
  await second.close()
  rmSync(dataDir, { recursive: true, force: true })
})

function record(...sfuUrls: [string, ...string[]]): void {
  session = new CaptureSession(
    {
      sfuUrls,
      mintToken: () => mintCaptureToken(first.roomName, { key: 'devkey', secret: 'secret' }),
      rtpAddress: '127.0.0.1',
      trackFolder: trackId => join(dataDir, trackId),
      roomWaitMs: 60_000,
      log: pino({ level: 'silent' }),
    },
    { onAttached: () => {}, onJournal: entry => journal.push(entry), onEnded: end => ends.push(end) },
  )
  session.start(null)
}
const attached = (...counts: [number, number]) =>
  eventually(() =>
    `${first.attachments} ${second.attachments}` === counts.join(' ')
      ? null
      : `attached ${first.attachments} and ${second.attachments} times`,
  )
const publish = (sfu: FakeSfu) => {
  const track: CapturedTrack = {
    trackId: 'TR_1',
    participantId: 'PA_1',
    identity: 'an',
    name: 'An',
    attributes: {},
    kind: 'audio',
    source: 'microphone',
    mimeType: 'audio/opus',
    width: 0,
    height: 0,
    muted: false,
  }
  return sfu.publish(track, { payloadType: 111, clockRate: 48_000 })
}
const told = () => journal.map(({ type }) => type).join()

test('it is at the first, at the second when that is lost, and at the first again when the second stops', async () => {
  const { url } = first
  record(url, second.url)
  await attached(1, 0)
  await first.close()
  await attached(1, 1)
  // One that comes back takes nothing away from the other: a change would cut the film.
  first = await FakeSfu.create({ secret: 'secret', port: Number(new URL(url).port) })
  second.broadcast({ type: 'closed', at: Date.now(), reason: 'node_stopping' })
  await attached(1, 1)
  expect(told()).toBe('attached,detached,attached,detached,attached')
  expect(ends).toEqual([])
})

test('one that says nothing is not waited for where there is another', async () => {
  const sockets: Socket[] = []
  const mute: Server = createServer(socket => void sockets.push(socket))
  await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
  const { port } = mute.address() as { port: number }
  record(`http://127.0.0.1:${port}`, second.url)
  await eventually(() => (sockets.length === 1 ? null : 'not tried'))
  await attached(0, 1)
  for (const socket of sockets) socket.destroy()
  await new Promise(resolve => mute.close(resolve))
})

test('a room that one of them does not have is found at the next', async () => {
  first.isRoomOpen = false
  record(first.url, second.url)
  await attached(0, 1)
})

test('of one that is about to stop it takes the room at the next before it lets go', async () => {
  await publish(first)
  await publish(second)
  record(first.url, second.url)
  await eventually(() => (first.resumes.length === 1 ? null : 'nothing flows'))
  first.broadcast({ type: 'moving', at: Date.now() })
  await eventually(() => (second.resumes.length === 1 ? null : 'nothing flows at the next'))
  expect(first.recorders).toBe(1)
  await eventually(() => (first.recorders === 0 ? null : 'it is still at the first'))
  expect(told()).toBe('attached,moved')
  // And from that one as well.
  second.broadcast({ type: 'moving', at: Date.now() })
  await eventually(() => (first.resumes.length === 2 && second.recorders === 0 ? null : 'not back'))
  expect(told()).toBe('attached,moved,moved')
  expect(ends).toEqual([])
})

test('it stays at one that is about to stop where no other takes the room, and is cut when that closes', async () => {
  second.isRoomOpen = false
  record(first.url, second.url)
  await attached(1, 0)
  // It takes nobody any more, while it still serves whom it has.
  first.isRoomOpen = false
  first.broadcast({ type: 'moving', at: Date.now() })
  await eventually(() => (second.tries === 1 && first.tries === 2 ? null : 'not all were tried'))
  expect([first.recorders, told()]).toEqual([1, 'attached'])
  second.isRoomOpen = true
  first.broadcast({ type: 'closed', at: Date.now(), reason: 'node_stopping' })
  await eventually(() => (second.recorders === 1 ? null : 'not attached'))
  expect(told()).toBe('attached,detached,attached')
  expect(ends).toEqual([])
})

test('with one address it goes on until it is closed', async () => {
  record(first.url)
  await attached(1, 0)
  first.broadcast({ type: 'moving', at: Date.now() })
  first.broadcast({ type: 'closed', at: Date.now(), reason: 'node_stopping' })
  await attached(2, 0)
  expect(told()).toBe('attached,detached,attached')
})

test('a track that cannot come, or comes no more, is asked for again until it is there', async () => {
  await publish(first)
  first.refusals = 2
  record(first.url)
  await eventually(() => (first.resumes.length === 1 ? null : `resumed ${first.resumes.length} times`))
  expect(told()).toBe('attached,track_failed,track_recovered')
  // A late word about another port is not about this one.
  first.broadcast({ type: 'consume_failed', trackId: 'TR_1', port: 9, reason: 'worker_died' })
  first.lose('TR_1')
  await eventually(() => (first.resumes.length === 2 ? null : `resumed ${first.resumes.length} times`))
  expect(told()).toBe('attached,track_failed,track_recovered,track_failed,track_recovered')
  first.refusals = Number.POSITIVE_INFINITY
  first.lose('TR_1')
  await eventually(() => (first.consumes > 5 ? null : `asked ${first.consumes} times`))
  first.unpublish('TR_1')
  await eventually(() => (told().endsWith('track_unpublished') ? null : told()))
  const asked = first.consumes
  // Longer than it waits between two tries of which so few have failed.
  const until = Date.now() + 1500
  await eventually(() => (Date.now() > until ? null : 'too early to tell'))
  expect(first.consumes).toBe(asked)
})
