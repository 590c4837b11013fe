import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseJournal } from '@diemcau/core/recording/journal.ts'
import { type ManifestTrack, manifest as manifestSchema } from '@diemcau/core/recording/manifest.ts'
import { dispose, VideoRotation } from '@livekit/rtc-node'
import { EgressClient, EncodedFileOutput, EncodedFileType } from 'livekit-server-sdk'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { NativePeer } from '../../testing/native-peer.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { findFfmpeg } from '../src/ffmpeg/find-ffmpeg.ts'
import { eventually } from './eventually.ts'
import { measureClaps, soundDelays } from './measure-claps.ts'
import { NativeClapper } from './native-clapper.ts'
import { RecordingsChild } from './recordings-child.ts'

const PORT = 21_830
const ROOM = 'MT_recorded'
const ACTIVE = 1
const COMPLETE = 3
const RECORD_MS = 7000

let dataDir: string
let sfu: RunningSfu
let recordings: RecordingsChild
let clapper: NativeClapper
let other: NativePeer

const grants = (identity: string) => ({ room: ROOM, identity, name: `Điểm cầu ${identity}`, roomJoin: true })

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'recordings-sfu-'))
  sfu = await startSfu({ workers: 2, recordingsUrl: `http://127.0.0.1:${PORT}` })
  recordings = await RecordingsChild.start({
    RECORDINGS_PORT: String(PORT),
    SFU_URL: sfu.url,
    DATA_DIR: dataDir,
    WEBHOOK_URLS: sfu.webhooks.url,
    LIVEKIT_API_KEY: sfu.apiKey,
    LIVEKIT_API_SECRET: sfu.apiSecret,
    RECORDINGS_NICE: '0',
  })
  clapper = await NativeClapper.join(sfu.wsUrl, await sfu.token(grants('hall-1')))
  other = await NativePeer.join(sfu, grants('hall-2'))
  await clapper.publish()
})

afterEach(async () => {
  await clapper.leave()
  await other.leave()
  const code = await recordings.stop()
  await sfu.stop()
  rmSync(dataDir, { recursive: true, force: true })
  expect(code).toBe(0)
})

afterAll(() => dispose())

/** Starts a recording through the SFU's port, as the portal does it. */
async function startRecording() {
  const client = new EgressClient(sfu.url, sfu.apiKey, sfu.apiSecret)
  const output = new EncodedFileOutput({ fileType: EncodedFileType.MP4, filepath: ROOM })
  const { egressId } = await client.startRoomCompositeEgress(ROOM, { file: output }, { layout: 'speaker' })
  const info = async () => (await client.listEgress({ egressId }))[0]
  const hasStatus = (status: number) => async () => {
    const now = await info()
    return now?.status === status ? null : `status is ${now?.status} (${now?.error} ${now?.details})`
  }
  await eventually(hasStatus(ACTIVE))
  const folder = join(dataDir, 'recordings', egressId)
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  return {
    folder,
    info,
    journal: () => parseJournal(read('journal.jsonl')),
    stop: async () => {
      await client.stopEgress(egressId)
      await eventually(hasStatus(COMPLETE), 120_000)
      const manifest = manifestSchema.parse(JSON.parse(read('manifest.json')))
      return { manifest, ...JSON.parse(read('report.json')) }
    },
  }
}

async function recordFor(ms: number): Promise<void> {
  const until = Date.now() + ms
  await eventually(() => (Date.now() > until ? null : 'recording'), ms + 5000)
}

async function delaysIn(folder: string): Promise<number[]> {
  const claps = await measureClaps(findFfmpeg(process.env.FFMPEG_PATH), join(folder, 'recording.mp4'))
  const delays = soundDelays(claps).filter(delay => Math.abs(delay) < 400)
  console.log(`sound after picture, ms: ${delays.map(delay => Math.round(delay)).join(' ')}`)
  return delays.sort((a, b) => a - b)
}

const median = (sorted: number[]): number => sorted[Math.floor(sorted.length / 2)]!

test('a meeting on the real SFU becomes a file with picture and sound together', async () => {
  // Held upright from the start, then laid down: the way it is held comes through the SFU with the picture.
  clapper.rotation = VideoRotation.VIDEO_ROTATION_90
  const recording = await startRecording()
  // Somebody comes while it runs: a second publisher on the other worker.
  await other.publishCamera()
  await recordFor(RECORD_MS / 2)
  clapper.rotation = VideoRotation.VIDEO_ROTATION_0
  await recordFor(RECORD_MS / 2)
  const { manifest, report, faults } = await recording.stop()
  const info = await recording.info()
  expect(Math.abs(Number(info!.fileResults[0]!.duration) / 1e6 - manifest.lengthMs)).toBeLessThan(1000)
  const turns = manifest.tracks.flatMap(({ segments }: ManifestTrack) =>
    segments.flatMap(({ turns }) => turns),
  )
  expect(turns.map(({ rotation }: { rotation: number }) => rotation)).toEqual([90, 0])
  expect(turns[0].fromMs).toBeLessThan(1500)
  expect(Math.abs(turns[1].fromMs - RECORD_MS / 2)).toBeLessThan(1500)
  const tracks = manifest.tracks.map(({ source, segments }: ManifestTrack) => [source, segments.length > 0])
  expect(tracks.sort()).toEqual([
    ['camera', true],
    ['camera', true],
    ['microphone', true],
  ])
  expect(
    manifest.speakers.some((entry: { participantIds: string[] }) => entry.participantIds.length > 0),
  ).toBe(true)
  const delays = await delaysIn(recording.folder)
  expect(delays.length).toBeGreaterThanOrEqual(3)
  expect(Math.abs(median(delays))).toBeLessThan(80)
  expect(faults).toEqual([])
  expect(report.blackShare).toBeLessThan(0.3)
  expect(report.maxDb).toBeGreaterThan(-25)
  await sfu.webhooks.waitFor(event => event.event === 'egress_ended', 10_000)
}, 240_000)

test('a recording goes on by itself when the SFU was killed and the participants are back', async () => {
  const recording = await startRecording()
  await recordFor(3000)
  await sfu.kill()
  await sfu.start()
  const hasCome = (since: number) => () => {
    const later = recording.journal().slice(since)
    const kinds = later.flatMap(entry =>
      entry.type === 'attached'
        ? entry.tracks.map(({ kind }) => kind)
        : entry.type === 'track_published'
          ? [entry.track.kind]
          : [],
    )
    return kinds.includes('audio') && kinds.includes('video')
      ? null
      : `came back: ${kinds.join(' ') || 'nothing'}`
  }
  const lostAt = () => recording.journal().findIndex(({ type }) => type === 'detached')
  await eventually(() => (lostAt() >= 0 ? null : 'the recorder has not noticed'))
  await eventually(hasCome(lostAt()), 60_000)
  await recordFor(4000)
  const { manifest, faults } = await recording.stop()
  expect(faults).toEqual([])
  expect(manifest.gaps).toHaveLength(1)
  // Sound that arrives with the first packet after the gap was heard a moment before the gap's end.
  const after = manifest.tracks.filter(({ segments }: ManifestTrack) =>
    segments.some(({ fromMs }) => fromMs > manifest.gaps[0]!.fromMs),
  )
  expect(after.map(({ kind }: ManifestTrack) => kind).sort()).toEqual(['audio', 'video'])
  const delays = await delaysIn(recording.folder)
  expect(delays.length).toBeGreaterThanOrEqual(3)
  expect(Math.abs(median(delays))).toBeLessThan(80)
}, 240_000)
