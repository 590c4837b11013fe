import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readSegmentFact } from '../matroska/segment-reader.ts'
import { SegmentNames } from './segment-names.ts'
import { TrackPipeline } from './track-pipeline.ts'

const PACKET_MS = 20
const [PAYLOAD_TYPE, SSRC] = [111, 7]
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'track-pipeline-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A packet of sound, RFC 3550 §5.1. */
function packet(number: number): Buffer {
  const bytes = Buffer.alloc(40, 0xfc)
  bytes.writeUInt8(0x80, 0)
  bytes.writeUInt8(PAYLOAD_TYPE, 1)
  bytes.writeUInt16BE(number & 0xffff, 2)
  bytes.writeUInt32BE(number * 960, 4)
  bytes.writeUInt32BE(SSRC, 8)
  return bytes
}

const names = new SegmentNames()
const open = () =>
  new TrackPipeline({
    stream: {
      kind: 'audio',
      mimeType: 'audio/opus',
      payloadType: PAYLOAD_TYPE,
      ssrc: SSRC,
      clockRate: 48_000,
      channels: 2,
    },
    nextPath: () => names.path(folder),
    onKeyFrameWanted: () => {},
    onError: error => {
      throw error
    },
  })
const feed = (pipeline: TrackPipeline, fromMs: number, toMs: number) => {
  for (let ms = fromMs; ms < toMs; ms += PACKET_MS)
    pipeline.handleDatagram(packet(ms / PACKET_MS), 1_000_000 + ms)
}
const lengths = async () => {
  const facts = await Promise.all(
    readdirSync(folder)
      .sort()
      .map(name => readSegmentFact(join(folder, name), name)),
  )
  return facts.map(fact => [fact?.file, Math.round((fact?.frames ?? 0) * PACKET_MS)])
}

describe('the files of a track', () => {
  it('are of ten seconds each; one whose track comes another way ends with its own, and none follows', async () => {
    const pipeline = open()
    feed(pipeline, 0, 15_000)
    pipeline.retire()
    feed(pipeline, 15_000, 25_000)
    await pipeline.close()
    expect(await lengths()).toEqual([
      ['00001.mkv', 10_000],
      ['00002.mkv', 10_000],
    ])
  })

  it('have names of their own also while the track comes two ways', async () => {
    const [former, next] = [open(), open()]
    feed(former, 0, 1000)
    feed(next, 500, 1500)
    feed(former, 1000, 12_000)
    await Promise.all([former.close(), next.close()])
    expect((await lengths()).map(([name]) => name)).toEqual(['00001.mkv', '00002.mkv', '00003.mkv'])
    // Those of another process go on after them.
    expect(new SegmentNames().path(folder)).toBe(join(folder, '00004.mkv'))
  })
})
