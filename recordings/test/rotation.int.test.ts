/** A telephone is turned while it is recorded: the film shows every moment upright, in both codecs. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { manifest as manifestSchema } from '@diemcau/core/recording/manifest.ts'
import { EgressClient, EgressStatus, EncodedFileOutput, EncodedFileType } from 'livekit-server-sdk'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findFfmpeg } from '../src/ffmpeg/find-ffmpeg.ts'
import { Clapper } from './clapper.ts'
import { eventually } from './eventually.ts'
import { FakeSfu } from './fake-sfu.ts'
import { RecordingsChild } from './recordings-child.ts'
import { WebhookSink } from './webhook-sink.ts'

const PORT = 21_818
const client = new EgressClient(`http://127.0.0.1:${PORT}`, 'devkey', 'secret')
const ffmpegPath = findFfmpeg(process.env.FFMPEG_PATH)
const STAY_MS = 2500

let dataDir: string
let sfu: FakeSfu
let sink: WebhookSink
let recordings: RecordingsChild | null
let phone: Clapper | null

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'recordings-rotation-'))
  sfu = await FakeSfu.create({ secret: 'secret' })
  sink = await WebhookSink.create('devkey', 'secret')
  recordings = null
  phone = null
})
afterEach(async () => {
  await phone?.stop()
  await recordings?.stop()
  await sfu.close()
  await sink.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Mean brightness of four places of the film at a time: middle left, right, top and bottom of where an upright picture lies. */
async function brightness(file: string, atSeconds: number) {
  const { stdout } = await promisify(execFile)(
    ffmpegPath,
    [
      ...['-v', 'error', '-ss', String(atSeconds), '-i', file, '-frames:v', '1'],
      ...['-vf', 'scale=64:36', '-f', 'rawvideo', '-pix_fmt', 'gray', '-'],
    ],
    { encoding: 'buffer' },
  )
  const at = (x: number, y: number) => stdout[y * 64 + x]!
  return { farLeft: at(4, 18), farRight: at(59, 18), top: at(32, 4), bottom: at(32, 30) }
}

test.each(['VP8', 'H264'] as const)(
  'a telephone that is turned while it is recorded stands upright in the film: %s',
  async codec => {
    recordings = await RecordingsChild.start({
      RECORDINGS_PORT: String(PORT),
      SFU_URL: sfu.url,
      DATA_DIR: dataDir,
      WEBHOOK_URLS: sink.url,
      LIVEKIT_API_KEY: 'devkey',
      LIVEKIT_API_SECRET: 'secret',
      RECORDINGS_NICE: '0',
    })
    const file = new EncodedFileOutput({ fileType: EncodedFileType.MP4, filepath: 'MT_fake' })
    const { egressId } = await client.startRoomCompositeEgress('MT_fake', { file })
    const statusIs = (status: EgressStatus) => async () => {
      const [info] = await client.listEgress({ egressId })
      return info?.status === status ? null : `status ${info?.status} ${info?.error}`
    }
    await eventually(statusIs(EgressStatus.EGRESS_ACTIVE))
    sfu.quarters = 0
    const videoPort = await sfu.publish(
      {
        trackId: 'TR_phone',
        participantId: 'PA_phone',
        identity: 'phone',
        name: '',
        attributes: {},
        kind: 'video',
        source: 'camera',
        mimeType: `video/${codec}`,
        width: 640,
        height: 360,
        muted: false,
      },
      { payloadType: 96, clockRate: 90_000 },
    )
    // White on the left, black on the right, a key frame only every ten seconds: turns fall between them.
    phone = Clapper.startPicture({
      ffmpegPath,
      videoPort,
      codec,
      graph: `color=black:s=640x360:r=25,drawbox=w=320:h=360:color=white:t=fill,noise=alls=8:allf=t[out0]`,
      keyFrameEvery: 250,
    })
    // From when it is written on: a sender on a busy machine takes its time to begin.
    const captured = join(dataDir, 'recordings', egressId, 'tracks', 'TR_phone', '00001.mkv')
    await eventually(
      () => ((statSync(captured, { throwIfNoEntry: false })?.size ?? 0) > 2000 ? null : 'nothing captured'),
      30_000,
    )
    const stay = async () => {
      const until = Date.now() + STAY_MS
      await eventually(() => (Date.now() > until ? null : 'recording'), STAY_MS + 5000)
    }
    for (const quarters of [0, 1, 3, 2]) {
      sfu.quarters = quarters
      await stay()
    }
    await client.stopEgress(egressId)
    await eventually(statusIs(EgressStatus.EGRESS_COMPLETE), 150_000)

    const folder = join(dataDir, 'recordings', egressId)
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')))
    // A file of ten seconds ends with the next key frame, and the one after it begins with how the telephone is held.
    const turns = manifest.tracks[0]!.segments.flatMap(segment => segment.turns).filter(
      ({ rotation }, i, all) => rotation !== all[i - 1]?.rotation,
    )
    expect(turns.map(({ rotation }) => rotation)).toEqual([90, 270, 180])
    const seen = async (fromMs: number) =>
      await brightness(join(folder, 'recording.mp4'), (fromMs + STAY_MS / 2) / 1000)

    const before = await seen(turns[0]!.fromMs - STAY_MS)
    expect(before.farLeft).toBeGreaterThan(200)
    expect(before.farRight).toBeLessThan(60)
    // Turned clockwise: what was left is up. An upright picture is shown whole, with nothing beside it.
    const upright = await seen(turns[0]!.fromMs)
    expect(upright.top).toBeGreaterThan(200)
    expect(upright.bottom).toBeLessThan(60)
    expect(Math.max(upright.farLeft, upright.farRight)).toBeLessThan(60)
    const otherWay = await seen(turns[1]!.fromMs)
    expect(otherWay.bottom).toBeGreaterThan(200)
    expect(otherWay.top).toBeLessThan(60)
    const upsideDown = await seen(turns[2]!.fromMs)
    expect(upsideDown.farRight).toBeGreaterThan(200)
    expect(upsideDown.farLeft).toBeLessThan(60)
  },
  120_000,
)
