import { EgressInfo, EgressStatus } from 'livekit-server-sdk'
import { describe, expect, it } from 'vitest'
import { applyEgressInfo, type RecordingFacts } from './recording-status.ts'

const fresh: RecordingFacts = {
  status: 'requested',
  startedAt: null,
  endedAt: null,
  durationMs: null,
  sizeBytes: null,
  progress: null,
  error: null,
  location: null,
}
const startedAt = 1_795_000_000_123_000_000n
const info = (status: EgressStatus, over: Record<string, unknown> = {}) =>
  new EgressInfo({ egressId: 'EG_1', status, startedAt, ...over })
const file = { location: 'http://recordings/files/EG_1/recording.mp4', duration: 61_500_000_000n, size: 42n }
const all = [
  info(EgressStatus.EGRESS_STARTING, { startedAt: 0n }),
  info(EgressStatus.EGRESS_ACTIVE),
  info(EgressStatus.EGRESS_ENDING),
  info(EgressStatus.EGRESS_ENDING, { details: 'composing 10' }),
  info(EgressStatus.EGRESS_ENDING, { details: 'composing 80' }),
  info(EgressStatus.EGRESS_COMPLETE, { fileResults: [file] }),
]
const fold = (row: RecordingFacts, list: EgressInfo[]): RecordingFacts =>
  list.reduce((r, i) => applyEgressInfo(r, i) ?? r, row)

describe('recording status', () => {
  it('follows the recorder from request to file', () => {
    const seen: string[] = []
    let row = fresh
    for (const i of all) {
      row = applyEgressInfo(row, i) ?? row
      seen.push(row.progress === null ? row.status : `${row.status} ${row.progress}`)
    }
    expect(seen).toEqual(['starting', 'recording', 'stopping', 'composing 10', 'composing 80', 'ready 100'])
    expect(row).toMatchObject({ durationMs: 61_500, sizeBytes: 42n, location: file.location, error: null })
    expect(row.startedAt?.toISOString()).toBe(new Date(1_795_000_000_123).toISOString())
  })
  it('never goes back, whatever comes late or twice', () => {
    const done = fold(fresh, all)
    expect(fold(fresh, [all[0]!, all[4]!, all[3]!, all[1]!, all[5]!, all[2]!, all[5]!])).toEqual(done)
    expect(applyEgressInfo(done, info(EgressStatus.EGRESS_FAILED, { error: 'late' }))).toBeNull()
  })
  it('says nothing about news that changes nothing', () => {
    const active = fold(fresh, [all[1]!])
    expect(applyEgressInfo(active, all[1]!)).toBeNull()
  })
  it('keeps the reason of a failure', () => {
    expect(applyEgressInfo(fresh, info(EgressStatus.EGRESS_FAILED, { error: 'disk full' }))).toMatchObject({
      status: 'failed',
      error: 'disk full',
    })
    expect(applyEgressInfo(fresh, info(EgressStatus.EGRESS_ABORTED))).toMatchObject({ error: 'failed' })
  })
})
