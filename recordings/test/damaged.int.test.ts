/** What lies damaged on the disk costs the recording it belongs to, and no other. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newRecording, type RecordingState } from '@diemcau/core/recording/status.ts'
import { EgressClient, EgressStatus } from 'livekit-server-sdk'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { FakeSfu } from './fake-sfu.ts'
import { RecordingsChild } from './recordings-child.ts'
import { WebhookSink } from './webhook-sink.ts'

const PORT = 21_814
const SECRET = 'secret'
const client = new EgressClient(`http://127.0.0.1:${PORT}`, 'devkey', SECRET)
const startedAtMs = Date.now() - 60_000

let dataDir: string
let sfu: FakeSfu
let sink: WebhookSink
let recordings: RecordingsChild | null

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'recordings-damaged-'))
  sfu = await FakeSfu.create({ secret: SECRET })
  sink = await WebhookSink.create('devkey', SECRET)
  recordings = null
})
afterEach(async () => {
  await recordings?.stop()
  await sfu.close()
  await sink.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const folderOf = (egressId: string) => join(dataDir, 'recordings', egressId)

/** A recording as a former process left it: two seconds were captured, the file is still to be made. */
function leave(egressId: string, over: Partial<RecordingState> = {}): string {
  const folder = folderOf(egressId)
  mkdirSync(folder, { recursive: true })
  const state: RecordingState = {
    ...newRecording({ egressId, roomName: 'MT_fake', layout: 'grid', at: startedAtMs, request: {} }),
    phase: 'ending',
    startedAtMs,
    aliveAtMs: startedAtMs + 2000,
    captureEndedAtMs: startedAtMs + 2000,
    endReason: 'stopped',
    ...over,
  }
  writeFileSync(join(folder, 'state.json'), JSON.stringify(state))
  return folder
}

const start = async () => {
  recordings = await RecordingsChild.start({
    RECORDINGS_PORT: String(PORT),
    SFU_URL: sfu.url,
    DATA_DIR: dataDir,
    WEBHOOK_URLS: sink.url,
    LIVEKIT_API_KEY: 'devkey',
    LIVEKIT_API_SECRET: SECRET,
    RECORDINGS_NICE: '0',
    LOG_LEVEL: 'fatal',
  })
}

test('folders that cannot be used fail with words, all others go on', async () => {
  // A file where a folder belongs stands for every fault of rights or of the disk, also for a tester who is root.
  writeFileSync(join(leave('EG_noTracks'), 'tracks'), '')
  writeFileSync(
    join(leave('EG_noTracksLive', { phase: 'active', captureEndedAtMs: null, endReason: null }), 'tracks'),
    '',
  )
  mkdirSync(join(leave('EG_noJournal'), 'journal.jsonl'))
  writeFileSync(join(leave('EG_noState'), 'state.json'), '{"version":1,')
  writeFileSync(join(dataDir, 'recordings', 'EG_aFile'), 'no folder at all')
  leave('EG_oddRequest', { request: { roomName: ['not', 'a', 'name'] } })
  const damaged = join(leave('EG_oddTracks'), 'tracks')
  mkdirSync(join(damaged, 'TR_a', '00001.mkv'), { recursive: true })
  writeFileSync(join(damaged, 'TR_a', '00002.mkv'), Buffer.alloc(5000, 0x1f))
  writeFileSync(join(damaged, 'TR_b'), 'no folder')
  leave('EG_whole')
  await start()

  const done = [EgressStatus.EGRESS_COMPLETE, EgressStatus.EGRESS_FAILED, EgressStatus.EGRESS_ABORTED]
  await eventually(async () => {
    const open = (await client.listEgress()).filter(({ status }) => !done.includes(status))
    return open.length === 0 ? null : `${open.map(({ egressId }) => egressId)} not finished`
  }, 90_000)
  const all = await client.listEgress()
  const outcome = Object.fromEntries(all.map(({ egressId, status }) => [egressId, EgressStatus[status]]))
  expect(outcome).toEqual({
    EG_noTracks: 'EGRESS_FAILED',
    EG_noTracksLive: 'EGRESS_FAILED',
    EG_noJournal: 'EGRESS_FAILED',
    EG_oddRequest: 'EGRESS_COMPLETE',
    EG_oddTracks: 'EGRESS_COMPLETE',
    EG_whole: 'EGRESS_COMPLETE',
  })
  expect(all.find(({ egressId }) => egressId === 'EG_noTracks')?.error).toMatch(/folder cannot be used/)
  await eventually(() => {
    const told = sink.events.filter(({ event }) => event === 'egress_ended').map(e => e.egressInfo?.egressId)
    return told.includes('EG_noTracks') && told.includes('EG_whole') ? null : `told: ${told}`
  })
}, 120_000)

test('what was recorded is readable by its own user only, also where an older version left it open', async () => {
  const folder = leave('EG_modes')
  chmodSync(join(dataDir, 'recordings'), 0o755)
  rmSync(join(folder, 'state.json'))
  leave('EG_modes')
  await start()
  await eventually(async () => {
    const [info] = await client.listEgress({ egressId: 'EG_modes' })
    return info?.status === EgressStatus.EGRESS_COMPLETE ? null : `status ${info?.status}`
  }, 60_000)
  const modeOf = (path: string) => statSync(path).mode & 0o777
  expect(modeOf(join(dataDir, 'recordings'))).toBe(0o700)
  const made = readdirSync(folder).filter(name => name !== 'state.json')
  expect(made).toContain('recording.mp4')
  for (const name of [...made, 'state.json']) {
    const path = join(folder, name)
    expect([name, modeOf(path)]).toEqual([name, statSync(path).isDirectory() ? 0o700 : 0o600])
  }
}, 90_000)
