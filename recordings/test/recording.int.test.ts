import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CapturedTrack } from '@diemcau/core/contracts/capture.ts'
import { type Manifest, manifest as manifestSchema } from '@diemcau/core/recording/manifest.ts'
import {
  AccessToken,
  EgressClient,
  EgressStatus,
  EncodedFileOutput,
  EncodedFileType,
} from 'livekit-server-sdk'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findFfmpeg } from '../src/ffmpeg/find-ffmpeg.ts'
import { Clapper } from './clapper.ts'
import { eventually } from './eventually.ts'
import { FakeSfu } from './fake-sfu.ts'
import { measureClaps, soundDelays } from './measure-claps.ts'
import { RecordingsChild } from './recordings-child.ts'
import { WebhookSink } from './webhook-sink.ts'

const PORT = 21_810
const KEY = 'devkey'
const SECRET = 'secret'
const ROOM = 'MT_fake'
const MAX_SOUND_DELAY_MS = 80
const ffmpegPath = findFfmpeg(process.env.FFMPEG_PATH)
const COMPLETE = 3

const file = () => new EncodedFileOutput({ fileType: EncodedFileType.MP4, filepath: ROOM })
const client = new EgressClient(`http://127.0.0.1:${PORT}`, KEY, SECRET)

let dataDir: string
let sfu: FakeSfu
let sink: WebhookSink
let recordings: RecordingsChild | null
let clappers: Clapper[]

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'recordings-int-'))
  sfu = await FakeSfu.create({ secret: SECRET })
  sink = await WebhookSink.create(KEY, SECRET)
  clappers = []
  recordings = null
})

afterEach(async () => {
  for (const clapper of clappers) await clapper.stop()
  await recordings?.stop()
  await sfu.close()
  await sink.close()
  const left = processesIn(dataDir)
  rmSync(dataDir, { recursive: true, force: true })
  expect(left).toEqual([])
})

const start = async (more: Record<string, string> = {}) => {
  recordings = await RecordingsChild.start({
    RECORDINGS_PORT: String(PORT),
    SFU_URL: sfu.url,
    DATA_DIR: dataDir,
    WEBHOOK_URLS: sink.url,
    LIVEKIT_API_KEY: KEY,
    LIVEKIT_API_SECRET: SECRET,
    RECORDINGS_ROOM_WAIT_MS: '1500',
    RECORDINGS_NICE: '0',
    ...more,
  })
}

function track(participant: string, kind: 'audio' | 'video', mimeType: string): CapturedTrack {
  return {
    trackId: `TR_${participant}_${kind}`,
    participantId: `PA_${participant}`,
    identity: participant,
    name: `Điểm cầu ${participant} – UBND xã Đồng Hỷ`,
    attributes: {},
    kind,
    source: kind === 'audio' ? 'microphone' : 'camera',
    mimeType,
    width: 640,
    height: 360,
    muted: false,
  }
}

async function publish(
  participant: string,
  codec: 'VP8' | 'H264',
  options: { size?: string; hasClaps?: boolean } = {},
) {
  const videoPort = await sfu.publish(track(participant, 'video', `video/${codec}`), {
    payloadType: 96,
    clockRate: 90_000,
  })
  const audioPort = await sfu.publish(track(participant, 'audio', 'audio/opus'), {
    payloadType: 111,
    clockRate: 48_000,
  })
  const clap = (size?: string) => {
    const clapper = Clapper.start({
      ffmpegPath,
      videoPort,
      audioPort,
      codec,
      ...options,
      size: size ?? options.size,
    })
    clappers.push(clapper)
    return clapper
  }
  return { clapper: clap(), clap }
}

const folderOf = (egressId: string) => join(dataDir, 'recordings', egressId)
const stateOf = (egressId: string) => JSON.parse(readFileSync(join(folderOf(egressId), 'state.json'), 'utf8'))
const manifestOf = (egressId: string): Manifest =>
  manifestSchema.parse(JSON.parse(readFileSync(join(folderOf(egressId), 'manifest.json'), 'utf8')))

/** Bytes captured of a track so far: grows while it is recorded. */
function captured(egressId: string, trackId: string): number {
  const folder = join(folderOf(egressId), 'tracks', trackId)
  if (!existsSync(folder)) return 0
  return readdirSync(folder).reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0)
}

/** Waits until `ms` of media time more are on the disk, which is what a recording is made of. */
async function recordFor(egressId: string, trackId: string, ms: number): Promise<void> {
  const until = Date.now() + ms
  const before = captured(egressId, trackId)
  await eventually(
    () =>
      Date.now() < until
        ? 'too early'
        : captured(egressId, trackId) > before
          ? null
          : `nothing captured of ${trackId}`,
    ms + 5000,
  )
}

const hasStatus = (egressId: string, status: number) => async () => {
  const [info] = await client.listEgress({ egressId })
  return info?.status === status ? null : `status is ${info?.status} (${info?.error} ${info?.details})`
}

/** Commands that still run with a working folder inside `folder`. */
function processesIn(folder: string): string[] {
  if (!existsSync('/proc/self/cwd')) return []
  return readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
    } catch {
      // Ended meanwhile, or somebody else's.
      return false
    }
  })
}

test('a recording survives kill -9 while capturing and while composing, with sound and picture together', async () => {
  await start()
  const hall = await publish('A', 'VP8')
  await publish('B', 'H264', { size: '320x240', hasClaps: false })
  const { egressId } = await client.startRoomCompositeEgress(ROOM, { file: file() }, { layout: 'speaker' })
  await eventually(hasStatus(egressId, 1))
  sfu.speak('PA_A')
  await recordFor(egressId, 'TR_A_video', 4500)

  // The publisher's layer changes: another size, and a clock and counters that begin anew.
  await hall.clapper.stop()
  hall.clap('320x180')
  await recordFor(egressId, 'TR_A_video', 3500)

  const killedAtMs = Date.now()
  await recordings?.kill()
  await start()
  await eventually(() => (sfu.attachments === 2 ? null : 'the recorder has not come back'))
  await recordFor(egressId, 'TR_A_video', 3500)

  // The SFU is restarted: the socket breaks and comes back.
  sfu.dropCaptures()
  await eventually(() => (sfu.attachments === 3 ? null : 'the recorder has not dialled again'))
  await recordFor(egressId, 'TR_A_video', 3000)

  expect((await client.stopEgress(egressId)).status).toBe(EgressStatus.EGRESS_ENDING)
  await eventually(() => (stateOf(egressId).progressPercent > 15 ? null : 'not composing yet'), 60_000)
  await recordings?.kill()
  await start()
  await eventually(hasStatus(egressId, COMPLETE), 120_000)

  const [info] = await client.listEgress({ egressId })
  const result = info!.fileResults[0]!
  const state = stateOf(egressId)
  const recordedMs = state.captureEndedAtMs - state.startedAtMs
  expect(Math.abs(Number(result.duration) / 1e6 - recordedMs)).toBeLessThan(1000)

  const manifest = manifestOf(egressId)
  expect(manifest.gaps.map(({ reason }) => reason)[0]).toBe('recorder_restarted')
  // The gap begins where the last whole cluster on the disk ends: what was in memory is lost, not more.
  expect(killedAtMs - manifest.startedAtMs - manifest.gaps[0]!.fromMs).toBeLessThan(3000)
  const sizes = manifest.tracks.find(({ trackId }) => trackId === 'TR_A_video')!.segments.map(s => s.width)
  expect(new Set(sizes)).toEqual(new Set([640, 320]))

  const claps = await measureClaps(ffmpegPath, join(folderOf(egressId), 'recording.mp4'))
  const delays = soundDelays(claps)
  console.log(`sound after picture, ms: ${delays.map(delay => Math.round(delay)).join(' ')}`)
  expect(claps.flashes.length).toBeGreaterThanOrEqual(5)
  // A clap whose flash or beep fell into a gap has no partner; all others are together.
  const pairs = delays.filter(delay => Math.abs(delay) < 400)
  expect(pairs.length).toBeGreaterThanOrEqual(5)
  expect(Math.max(...pairs.map(Math.abs))).toBeLessThan(MAX_SOUND_DELAY_MS)

  const report = JSON.parse(readFileSync(join(folderOf(egressId), 'report.json'), 'utf8'))
  expect(report.faults).toEqual([])
  expect(report.report.video).toMatchObject({ codec: 'h264', width: 1280, height: 720 })
  // Black only where nothing could be recorded, however long the restarts took on this machine.
  const gapMs = manifest.gaps.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
  expect(report.report.blackShare).toBeLessThan(gapMs / recordedMs + 0.1)
  expect(report.report.maxDb).toBeGreaterThan(-20)

  await eventually(() =>
    sink.events.some(({ event }) => event === 'egress_ended') ? null : 'no egress_ended',
  )
  const names = sink.events.map(({ event }) => event)
  expect(names[0]).toBe('egress_started')
  expect(names.at(-1)).toBe('egress_ended')
  expect(sink.events.some(({ egressInfo }) => /^composing \d+$/.test(egressInfo?.details ?? ''))).toBe(true)

  await checkFileServer(result.location, Number(result.size))
  expect(existsSync(folderOf(egressId))).toBe(false)
  expect(await client.listEgress({ egressId })).toEqual([])
}, 240_000)

async function checkFileServer(location: string, size: number): Promise<void> {
  const token = new AccessToken(KEY, SECRET)
  token.addGrant({ roomRecord: true })
  const jwt = await token.toJwt()
  const headers = { authorization: `Bearer ${jwt}` }
  expect((await fetch(location)).status).toBe(401)
  const foreign = new AccessToken(KEY, SECRET)
  foreign.addGrant({ roomRecord: true, room: 'MT_another' })
  expect((await fetch(`${location}?access_token=${await foreign.toJwt()}`)).status).toBe(403)
  const whole = await fetch(`${location}?access_token=${jwt}`, { method: 'HEAD' })
  expect(whole.headers.get('content-length')).toBe(String(size))
  const part = await fetch(location, { headers: { ...headers, range: 'bytes=4-7' } })
  expect(part.status).toBe(206)
  expect(part.headers.get('content-range')).toBe(`bytes 4-7/${size}`)
  expect(await part.text()).toBe('ftyp')
  expect((await fetch(location, { headers: { ...headers, range: `bytes=${size}-` } })).status).toBe(416)
  expect((await fetch(location, { method: 'DELETE', headers })).status).toBe(204)
  expect((await fetch(location, { headers })).status).toBe(404)
}

test('the end of the room ends the recording, and a graceful stop in between loses nothing', async () => {
  await start()
  await publish('A', 'VP8', { size: '320x180' })
  const { egressId } = await client.startRoomCompositeEgress(ROOM, { file: file() }, { layout: 'grid' })
  await eventually(hasStatus(egressId, 1))
  await recordFor(egressId, 'TR_A_video', 1500)
  expect(await recordings?.stop()).toBe(0)
  await start()
  await eventually(hasStatus(egressId, 1))
  await recordFor(egressId, 'TR_A_video', 1500)
  sfu.closeRoom()
  await eventually(hasStatus(egressId, COMPLETE), 120_000)
  expect(stateOf(egressId).endReason).toBe('room_closed')
  expect(manifestOf(egressId).gaps.map(({ reason }) => reason)).toEqual(['recorder_stopping'])
}, 200_000)

test('a room that stays away ends the recording with what there is; one that never was fails it', async () => {
  await start()
  await publish('A', 'VP8', { size: '320x180' })
  const { egressId } = await client.startRoomCompositeEgress(ROOM, { file: file() })
  await eventually(hasStatus(egressId, 1))
  await recordFor(egressId, 'TR_A_video', 1500)
  sfu.isRoomOpen = false
  sfu.dropCaptures()
  const never = await client.startRoomCompositeEgress(ROOM, { file: file() })
  await eventually(hasStatus(egressId, COMPLETE), 120_000)
  expect(stateOf(egressId).endReason).toBe('room_lost')
  await eventually(hasStatus(never.egressId, 4), 10_000)
  const [info] = await client.listEgress({ egressId: never.egressId })
  expect(info?.error).toContain('404')
}, 200_000)

test('without ffmpeg or room on the disk a recording is refused with the reason', async () => {
  await start({ FFMPEG_PATH: join(dataDir, 'no-ffmpeg') })
  await expect(client.startRoomCompositeEgress(ROOM, { file: file() })).rejects.toThrow(/no-ffmpeg/)
  await recordings?.stop()
  await start({ RECORDINGS_MIN_FREE_BYTES: String(2 ** 52) })
  await expect(client.startRoomCompositeEgress(ROOM, { file: file() })).rejects.toThrow(/free on the disk/)
}, 30_000)
