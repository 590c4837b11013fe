/** Texts that no database could hold, at the recorder's door: refused in words, and what runs goes on. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EncodedFileOutput, EncodedFileType, StopEgressRequest } from '@livekit/protocol'
import { AccessToken, EgressClient, EgressStatus, TwirpError } from 'livekit-server-sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { FakeSfu } from './fake-sfu.ts'
import { RecordingsChild } from './recordings-child.ts'
import { WebhookSink } from './webhook-sink.ts'

const PORT = 21_816
const SECRET = 'secret'
const URL_OF = `http://127.0.0.1:${PORT}`
const client = new EgressClient(URL_OF, 'devkey', SECRET)

let dataDir: string
let sfu: FakeSfu
let sink: WebhookSink
let recordings: RecordingsChild | null = null

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'recordings-api-'))
  sfu = await FakeSfu.create({ secret: SECRET })
  sink = await WebhookSink.create('devkey', SECRET)
  recordings = await RecordingsChild.start({
    RECORDINGS_PORT: String(PORT),
    SFU_URL: sfu.url,
    DATA_DIR: dataDir,
    WEBHOOK_URLS: sink.url,
    LIVEKIT_API_KEY: 'devkey',
    LIVEKIT_API_SECRET: SECRET,
    LOG_LEVEL: 'fatal',
  })
})
afterAll(async () => {
  await recordings?.stop()
  await sfu?.close()
  await sink?.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const output = (filepath = 'MT_fake') => ({
  file: new EncodedFileOutput({ fileType: EncodedFileType.MP4, filepath }),
})

test('U+0000 and half a surrogate pair are refused, no recording is begun by them and none is lost', async () => {
  const { egressId } = await client.startRoomCompositeEgress('MT_fake', output())
  const isActive = async () => {
    const [info, ...more] = await client.listEgress({})
    if (more.length > 0) return `${more.length} more recordings than were asked for`
    return info?.status === EgressStatus.EGRESS_ACTIVE ? null : `status ${info?.status} ${info?.error}`
  }
  await eventually(isActive)
  // What it says of itself meanwhile, to this machine, as it is no production.
  expect(await (await fetch(`${URL_OF}/readyz`)).json()).toEqual({ status: 'ready' })
  const figures = await (await fetch(`${URL_OF}/metrics`)).text()
  expect(figures).toContain('diemcau_recordings_jobs{phase="active"} 1')
  expect(figures).toContain('diemcau_recordings_attached 1')
  expect(figures).toMatch(/^diemcau_recordings_free_bytes [1-9]/m)

  for (const bad of ['MT_\0', '\0', 'x\ud800', '\udc00x']) {
    const calls: (() => Promise<unknown>)[] = [
      () => client.startRoomCompositeEgress(bad, output()),
      () => client.startRoomCompositeEgress('MT_fake', output(bad)),
      () => client.startRoomCompositeEgress('MT_fake', output(), { layout: `grid-${bad}` }),
      () => client.updateLayout(egressId, bad),
      () => client.stopEgress(bad),
      () => client.listEgress({ roomName: bad }),
    ]
    // Half a pair is no Unicode text: the decoder refuses it already.
    const code = bad.includes('\0') ? 'invalid_argument' : 'malformed'
    for (const call of calls) {
      const error: unknown = await call().catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(TwirpError)
      expect(error).toMatchObject({ status: 400, code })
    }
  }
  // The protobuf encoding can carry U+0000, too.
  const token = new AccessToken('devkey', SECRET)
  token.addGrant({ roomRecord: true })
  const answer = await fetch(`${URL_OF}/twirp/livekit.Egress/StopEgress`, {
    method: 'POST',
    headers: { 'content-type': 'application/protobuf', authorization: `Bearer ${await token.toJwt()}` },
    body: new Uint8Array(new StopEgressRequest({ egressId: `${egressId}\0` }).toBinary()),
  })
  expect({ status: answer.status, body: await answer.json() }).toMatchObject({
    status: 400,
    body: { code: 'invalid_argument' },
  })

  expect(await isActive()).toBeNull()
  expect(readdirSync(join(dataDir, 'recordings'))).toEqual([egressId])
  expect((await client.updateLayout(egressId, 'grid')).egressId).toBe(egressId)
  await client.stopEgress(egressId)
})
