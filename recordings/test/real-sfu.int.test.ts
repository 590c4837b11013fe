import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manifest as manifestSchema } from '@diemcau/core/recording/manifest.ts'
import { dispose } from '@livekit/rtc-node'
import { EgressClient, EncodedFileOutput, EncodedFileType } from 'livekit-server-sdk'
import { afterAll, expect, test } from 'vitest'
import { NativePeer } from '../../sfu/test/harness/native-peer.ts'
import { startSfu } from '../../sfu/test/harness/start-sfu.ts'
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

afterAll(() => dispose())

test('a meeting on the real SFU becomes a file with picture and sound together', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'recordings-sfu-'))
  const sfu = await startSfu({ workers: 2, recordingsUrl: `http://127.0.0.1:${PORT}` })
  const recordings = await RecordingsChild.start({
    RECORDINGS_PORT: String(PORT),
    SFU_URL: sfu.url,
    DATA_DIR: dataDir,
    WEBHOOK_URLS: sfu.webhooks.url,
    LIVEKIT_API_KEY: sfu.apiKey,
    LIVEKIT_API_SECRET: sfu.apiSecret,
    RECORDINGS_NICE: '0',
  })
  const grants = (identity: string) => ({
    room: ROOM,
    identity,
    name: `Điểm cầu ${identity}`,
    roomJoin: true,
  })
  const clapper = await NativeClapper.join(sfu.wsUrl, await sfu.token(grants('hall-1')))
  const other = await NativePeer.join(sfu, grants('hall-2'))
  try {
    await clapper.publish()
    // Through the SFU's port, as the portal does it.
    const client = new EgressClient(sfu.url, sfu.apiKey, sfu.apiSecret)
    const output = new EncodedFileOutput({ fileType: EncodedFileType.MP4, filepath: ROOM })
    const { egressId } = await client.startRoomCompositeEgress(ROOM, { file: output }, { layout: 'speaker' })
    const hasStatus = (status: number) => async () => {
      const [info] = await client.listEgress({ egressId })
      return info?.status === status ? null : `status is ${info?.status} (${info?.error} ${info?.details})`
    }
    await eventually(hasStatus(ACTIVE))
    const startedAt = Date.now()
    // Somebody comes while it runs: a second publisher on the other worker.
    await other.publishCamera()
    await eventually(() => (Date.now() - startedAt > RECORD_MS ? null : 'recording'), RECORD_MS + 1000)
    await client.stopEgress(egressId)
    await eventually(hasStatus(COMPLETE), 120_000)

    const folder = join(dataDir, 'recordings', egressId)
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')))
    const [info] = await client.listEgress({ egressId })
    expect(Math.abs(Number(info!.fileResults[0]!.duration) / 1e6 - manifest.lengthMs)).toBeLessThan(1000)
    expect(manifest.tracks.map(({ source, segments }) => [source, segments.length > 0]).sort()).toEqual([
      ['camera', true],
      ['camera', true],
      ['microphone', true],
    ])
    expect(manifest.speakers.some(({ participantIds }) => participantIds.length > 0)).toBe(true)

    const claps = await measureClaps(findFfmpeg(process.env.FFMPEG_PATH), join(folder, 'recording.mp4'))
    const delays = soundDelays(claps).filter(delay => Math.abs(delay) < 400)
    console.log(`sound after picture, ms: ${delays.map(delay => Math.round(delay)).join(' ')}`)
    expect(delays.length).toBeGreaterThanOrEqual(3)
    const sorted = delays.toSorted((a, b) => a - b)
    expect(Math.abs(sorted[Math.floor(sorted.length / 2)]!)).toBeLessThan(80)
    const { report, faults } = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))
    expect(faults).toEqual([])
    expect(report.blackShare).toBeLessThan(0.3)
    expect(report.maxDb).toBeGreaterThan(-25)

    await sfu.webhooks.waitFor(event => event.event === 'egress_ended', 10_000)
  } finally {
    await clapper.leave()
    await other.leave()
    const code = await recordings.stop()
    await sfu.stop()
    rmSync(dataDir, { recursive: true, force: true })
    expect(code).toBe(0)
  }
}, 240_000)
