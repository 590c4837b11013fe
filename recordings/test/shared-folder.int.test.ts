/** Two recorders share a folder of recordings: what one leaves the other goes on with, and never both at a time. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Manifest, manifest as manifestSchema } from '@diemcau/core/recording/manifest.ts'
import { dispose } from '@livekit/rtc-node'
import { EgressClient, EgressStatus, EncodedFileOutput, EncodedFileType } from 'livekit-server-sdk'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { eventually } from './eventually.ts'
import { NativeClapper } from './native-clapper.ts'
import { RecordingsChild } from './recordings-child.ts'

const PORTS = { a: 21_840, b: 21_841 }
type Name = keyof typeof PORTS
const ROOM = 'MT_shared'
/** Of a machine that is busy with other things. */
const LIMIT_MS = 60_000

let root: string
let sfu: RunningSfu
let clapper: NativeClapper
const recorders = new Map<Name, RecordingsChild>()

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'recordings-shared-'))
  sfu = await startSfu({ workers: 1, recordingsUrl: urlOf('a') })
  await startRecorder('a')
  await startRecorder('b')
  clapper = await NativeClapper.join(
    sfu.wsUrl,
    await sfu.token({ room: ROOM, identity: 'hall-1', name: 'Điểm cầu 1', roomJoin: true }),
  )
  await clapper.publish()
})

afterEach(async () => {
  await clapper.leave()
  await Promise.all([...recorders.values()].map(recorder => recorder.stop()))
  recorders.clear()
  await sfu.stop()
  rmSync(root, { recursive: true, force: true })
})

afterAll(() => dispose())

function urlOf(name: Name): string {
  return `http://127.0.0.1:${PORTS[name]}`
}

async function startRecorder(name: Name): Promise<void> {
  const recorder = await RecordingsChild.start({
    RECORDINGS_PORT: String(PORTS[name]),
    SFU_URL: sfu.url,
    NODE_NAME: name,
    DATA_DIR: join(root, name),
    RECORDINGS_SHARED_DIR: join(root, 'shared'),
    WEBHOOK_URLS: sfu.webhooks.url,
    LIVEKIT_API_KEY: sfu.apiKey,
    LIVEKIT_API_SECRET: sfu.apiSecret,
    RECORDINGS_NICE: '0',
  })
  recorders.set(name, recorder)
}

const at = (name: Name) => new EgressClient(urlOf(name), sfu.apiKey, sfu.apiSecret)

async function recordFor(ms: number): Promise<void> {
  const until = Date.now() + ms
  await eventually(() => (Date.now() > until ? null : 'recording'), ms + 5000)
}

/** How many tracks the SFU sends to recorders, and how many recordings each living recorder works on. */
async function whoRecords(names: Name[]): Promise<string> {
  const text = await (await fetch(`${sfu.url}/metrics`)).text()
  const tracks = /^diemcau_sfu_media_open\{kind="plainTransports"\} (\d+)$/m.exec(text)?.[1]
  const running = await Promise.all(
    names.map(async name => {
      const health = (await (await fetch(`${urlOf(name)}/healthz`)).json()) as { running: number }
      return `${name}=${health.running}`
    }),
  )
  return [`tracks=${tracks}`, ...running].join(' ')
}
const isRecordedAs = (wanted: string, names: Name[]) =>
  eventually(async () => {
    const now = await whoRecords(names)
    return now === wanted ? null : now
  }, LIMIT_MS)

async function startRecording(name: Name) {
  const output = new EncodedFileOutput({ fileType: EncodedFileType.MP4, filepath: ROOM })
  const { egressId } = await at(name).startRoomCompositeEgress(ROOM, { file: output }, { layout: 'speaker' })
  const folder = join(root, 'shared', egressId)
  const hasStatus = (asked: Name, status: EgressStatus) => async () => {
    const infos = await at(asked).listEgress({ egressId })
    return infos[0]?.status === status
      ? null
      : `${infos.length} of status ${infos[0]?.status}: ${infos[0]?.error}`
  }
  await eventually(hasStatus(name, EgressStatus.EGRESS_ACTIVE), LIMIT_MS)
  return {
    egressId,
    folder,
    hasStatus,
    finish: async (asked: Name): Promise<Manifest> => {
      await at(asked).stopEgress(egressId)
      await eventually(hasStatus(asked, EgressStatus.EGRESS_COMPLETE), 2 * LIMIT_MS)
      await sfu.webhooks.waitFor(({ event }) => event === 'egress_ended', LIMIT_MS)
      return manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')))
    },
    toldEnds: () =>
      new Set(sfu.webhooks.events.filter(({ event }) => event === 'egress_ended').map(({ id }) => id)).size,
  }
}

/** Each track has material of both sides of the only gap, and the gap is all that is missing. */
function expectBothParts({ gaps, tracks, lengthMs }: Manifest): void {
  expect(gaps).toHaveLength(1)
  const { fromMs, toMs } = gaps[0]!
  console.log(`nothing was captured for ${Math.round(toMs - fromMs)} ms of ${Math.round(lengthMs)} ms`)
  expect(fromMs).toBeGreaterThan(1000)
  expect(toMs).toBeLessThan(lengthMs)
  for (const { kind, segments } of tracks) {
    expect(
      segments.some(segment => segment.fromMs < fromMs),
      `${kind} before the gap`,
    ).toBe(true)
    expect(
      segments.some(segment => segment.toMs > toMs),
      `${kind} behind the gap`,
    ).toBe(true)
    for (const segment of segments)
      expect(segment.toMs < toMs || segment.fromMs > fromMs, `${kind} across the gap`).toBe(true)
  }
  expect(tracks.map(({ kind }) => kind).sort()).toEqual(['audio', 'video'])
}

test('a recorder is killed: the other goes on with its recording, and the film has both parts', async () => {
  const recording = await startRecording('a')
  await isRecordedAs('tracks=2 a=1 b=0', ['a', 'b'])
  // Known at the other one, too, which has no part in it.
  expect((await at('b').listEgress({ roomName: ROOM })).map(({ egressId }) => egressId)).toEqual([
    recording.egressId,
  ])
  await recordFor(4000)
  await recorders.get('a')!.kill()
  recorders.delete('a')
  await isRecordedAs('tracks=2 b=1', ['b'])
  expect(await recording.hasStatus('b', EgressStatus.EGRESS_ACTIVE)()).toBeNull()
  await startRecorder('a')
  await recordFor(4000)
  // One that comes back leaves it where it is; asked there to end it, it passes that on.
  await isRecordedAs('tracks=2 a=0 b=1', ['a', 'b'])
  expectBothParts(await recording.finish('a'))
  expect(recording.toldEnds()).toBe(1)

  const token = await sfu.token({ room: ROOM, roomRecord: true })
  const headers = { authorization: `Bearer ${token}` }
  const file = (name: Name) => `${urlOf(name)}/files/${recording.egressId}/recording.mp4`
  const sizes = await Promise.all(
    (['a', 'b'] as const).map(async name => (await (await fetch(file(name), { headers })).blob()).size),
  )
  expect(sizes[0]).toBeGreaterThan(10_000)
  expect(sizes[1]).toBe(sizes[0])
  expect(readdirSync(recording.folder).filter(name => name.startsWith('work'))).toEqual([])
  // Deleted at the one, gone at both.
  expect((await fetch(file('a'), { method: 'DELETE', headers })).status).toBe(204)
  await eventually(async () => {
    const left = await at('b').listEgress({ egressId: recording.egressId })
    return left.length === 0 && !existsSync(recording.folder) ? null : 'still there'
  }, LIMIT_MS)
}, 300_000)

test('a recorder that was silent and wakes up gives up what another one has taken over', async () => {
  const recording = await startRecording('a')
  await isRecordedAs('tracks=2 a=1 b=0', ['a', 'b'])
  await recordFor(3000)
  recorders.get('a')!.pause()
  await eventually(async () => {
    const { running } = (await (await fetch(`${urlOf('b')}/healthz`)).json()) as { running: number }
    return running === 1 ? null : 'not taken over'
  }, LIMIT_MS)
  await recordFor(3000)
  recorders.get('a')!.wake()
  await isRecordedAs('tracks=2 a=0 b=1', ['a', 'b'])
  await recordFor(2000)
  expectBothParts(await recording.finish('b'))
  expect(recording.toldEnds()).toBe(1)
}, 300_000)

test('a recorder that is stopped hands its recording on at once', async () => {
  const recording = await startRecording('a')
  await recordFor(3000)
  expect(await recorders.get('a')!.stop()).toBe(0)
  recorders.delete('a')
  await isRecordedAs('tracks=2 b=1', ['b'])
  await recordFor(3000)
  expectBothParts(await recording.finish('b'))
  expect(recording.toldEnds()).toBe(1)
}, 300_000)
