/** A meeting that is end-to-end encrypted cannot be recorded, and its recording says so. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EgressClient, EncodedFileOutput, EncodedFileType } from 'livekit-server-sdk'
import { expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { FakeSfu } from './fake-sfu.ts'
import { RecordingsChild } from './recordings-child.ts'
import { WebhookSink } from './webhook-sink.ts'

const PORT = 21_812
const KEY = 'devkey'
const SECRET = 'secret'
const FAILED = 4

test('an encrypted meeting ends as a failed recording with its own code', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'recordings-sealed-'))
  const sfu = await FakeSfu.create({ secret: SECRET })
  const sink = await WebhookSink.create(KEY, SECRET)
  const recordings = await RecordingsChild.start({
    RECORDINGS_PORT: String(PORT),
    SFU_URL: sfu.url,
    DATA_DIR: dataDir,
    WEBHOOK_URLS: sink.url,
    LIVEKIT_API_KEY: KEY,
    LIVEKIT_API_SECRET: SECRET,
  })
  try {
    const client = new EgressClient(`http://127.0.0.1:${PORT}`, KEY, SECRET)
    await sfu.publish(
      {
        trackId: 'TR_sealed',
        participantId: 'PA_1',
        identity: 'an',
        name: 'An',
        attributes: {},
        kind: 'video',
        source: 'camera',
        mimeType: 'video/VP8',
        width: 640,
        height: 360,
        muted: false,
        encrypted: true,
      },
      { payloadType: 96, clockRate: 90_000 },
    )
    const file = new EncodedFileOutput({ fileType: EncodedFileType.MP4, filepath: 'x' })
    const { egressId } = await client.startRoomCompositeEgress(sfu.roomName, { file })
    await eventually(() => (sfu.attachments === 1 ? null : 'the recorder is not there'))
    await client.stopEgress(egressId)
    await eventually(async () => {
      const [info] = await client.listEgress({ egressId })
      return info?.status === FAILED ? null : `status is ${info?.status} (${info?.details})`
    })
    const [info] = await client.listEgress({ egressId })
    expect(info?.error).toBe('end_to_end_encrypted')
    expect(sfu.resumes).toEqual([])
  } finally {
    await recordings.stop()
    await sfu.close()
    await sink.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
})
