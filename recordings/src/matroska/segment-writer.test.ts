import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Rotation } from '@diemcau/core/recording/rotation.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fixtureTrack } from '../../test/manifest-fixture.ts'
import type { MediaFrame } from '../capture/frames.ts'
import { mergeSegments } from '../compose/merge-segments.ts'
import { parseSegment, readBlocks, readSegmentFact } from './segment-reader.ts'
import { SegmentWriter } from './segment-writer.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'matroska-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const frame = (arrivedAtMs: number, isKey: boolean, rotation: Rotation = 0): MediaFrame => ({
  timestamp: 0,
  rotation,
  arrivedAtMs,
  isKey,
  data: Buffer.from([isKey ? 1 : 2, arrivedAtMs & 0xff]),
})

/** Two seconds of video from RTP time `startRtpMs`, 25 frames a second, a key frame each second; arrival 1000 ms later. */
async function write(name: string, startRtpMs: number, kind: 'audio' | 'video' = 'video'): Promise<string> {
  const path = join(folder, name)
  const errors: Error[] = []
  const writer = new SegmentWriter({
    path,
    format: {
      kind,
      mimeType: kind === 'video' ? 'video/VP8' : 'audio/opus',
      channels: 2,
      width: kind === 'video' ? 640 : 0,
      height: kind === 'video' ? 360 : 0,
      codecPrivate: null,
    },
    epoch: 'e',
    epochRtpMs: 0,
    startRtpMs,
    openedAtMs: 0,
    onError: error => errors.push(error),
  })
  for (let n = 0; n < 50; n += 1) {
    const rtpMs = startRtpMs + n * 40
    writer.append(frame(rtpMs + 1000 + (n % 5), kind === 'audio' || n % 25 === 0), rtpMs)
  }
  await writer.close()
  await writer.close()
  expect(errors).toEqual([])
  return path
}

describe('a captured file', () => {
  it('tells by itself what is in it and how it lies in time', async () => {
    const fact = await readSegmentFact(await write('1.mkv', 5000), 'tracks/1.mkv')
    expect(fact).toMatchObject({ epoch: 'e', baseMs: 5000, frames: 50, width: 640, height: 360 })
    expect(fact!.clusters.at(-1)!.lastMs).toBe(1960)
    // The smallest delay was 1000 ms, so RTP time 5000 was the wall clock 6000.
    expect(Math.min(...fact!.clusters.map(({ clockMs }) => clockMs))).toBe(6000)
  })

  it('is good up to its last whole cluster after a kill in the middle of a write', async () => {
    const bytes = await readFile(await write('1.mkv', 0))
    const whole = parseSegment(bytes)!
    const torn = parseSegment(bytes.subarray(0, bytes.length - 3))!
    expect(torn.clusters).toEqual(whole.clusters.slice(0, -1))
    await writeFile(join(folder, 'empty.mkv'), whole.header)
    expect(await readSegmentFact(join(folder, 'empty.mkv'), 'x')).toBeNull()
  })

  it('reports a disk that cannot be written, once, and still closes', async () => {
    const errors: Error[] = []
    const writer = new SegmentWriter({
      path: join(folder, 'missing', '1.mkv'),
      format: { kind: 'audio', mimeType: 'audio/opus', channels: 2, width: 0, height: 0, codecPrivate: null },
      epoch: 'e',
      epochRtpMs: 0,
      startRtpMs: 0,
      openedAtMs: 0,
      onError: error => errors.push(error),
    })
    writer.append(frame(0, true), 0)
    writer.flush()
    await writer.close()
    expect(errors.map(error => 'code' in error && error.code)).toEqual(['ENOENT'])
  })
})

describe('how a picture is turned', () => {
  it('is noted from the frame on at which it changes, in the middle of a file', async () => {
    const path = join(folder, 'turned.mkv')
    const writer = new SegmentWriter({
      path,
      format: {
        kind: 'video',
        mimeType: 'video/VP8',
        channels: 0,
        width: 640,
        height: 360,
        codecPrivate: null,
      },
      epoch: 'a',
      epochRtpMs: 0,
      startRtpMs: 0,
      openedAtMs: 0,
      onError: error => expect(error).toBeNull(),
    })
    // Turned after 200 ms and back after 800 ms, 25 frames a second.
    for (let n = 0; n < 50; n += 1) writer.append(frame(n * 40, n === 0, n >= 5 && n < 20 ? 90 : 0), n * 40)
    await writer.close()
    const fact = (await readSegmentFact(path, 'turned.mkv'))!
    const changes = fact.clusters.filter(
      ({ rotation }, n) => rotation !== (fact.clusters[n - 1]?.rotation ?? 0),
    )
    expect(changes.map(({ relMs, rotation }) => [relMs, rotation])).toEqual([
      [200, 90],
      [800, 0],
    ])
    expect(fact.frames).toBe(50)
  })
})

describe('mergeSegments', () => {
  const segment = (file: string, fromMs: number) => ({
    file,
    fromMs,
    toMs: fromMs + 1960,
    clock: [{ relMs: 0, atMs: fromMs }],
    frames: 50,
    width: 640,
    height: 360,
    turns: [],
    bytes: 1,
  })

  async function merge(
    fromMs: number,
    toMs: number,
    kind: 'audio' | 'video' = 'video',
    starts = [0, 2000, 7000],
  ) {
    for (const [n, start] of starts.entries()) await write(`${n}.mkv`, start, kind)
    const segments = starts.map((start, n) => segment(`${n}.mkv`, start))
    const source = kind === 'video' ? 'camera' : 'microphone'
    const track = fixtureTrack('A', source, 0, 10_000, { segments })
    const output = join(folder, 'out.mkv')
    const frames = await mergeSegments({ folder, track, fromMs, toMs, output })
    if (frames === 0) return []
    // What it writes for ffmpeg carries no notes; the file is checked through its raw blocks.
    const bytes = await readFile(output)
    return blockTimes(bytes)
  }

  it('begins at the key frame before the stretch and has the times of the recording', async () => {
    const times = await merge(3500, 3800)
    expect(times[0]).toBe(3000)
    expect(times.at(-1)).toBe(3800)
  })

  it('goes on over several files and keeps the gap between them', async () => {
    const times = await merge(1500, 7100)
    expect(times[0]).toBe(1000)
    expect(times).toContain(3960)
    expect(times[times.indexOf(3960) + 1]).toBe(7000)
  })

  it('never goes back in time: of sound that overlaps, the later copy is left out', async () => {
    const times = await merge(0, 5000, 'audio', [0, 1900])
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(new Set(times).size).toBe(times.length)
    expect(times.at(-1)).toBe(3860)
  })

  it('says so when there is nothing', async () => {
    expect(await merge(0, 10, 'video', [])).toEqual([])
  })
})

function blockTimes(bytes: Buffer): number[] {
  const times: number[] = []
  // Cluster id, size, then the timestamp element; blocks follow one another.
  for (let at = bytes.indexOf('1f43b675', 0, 'hex'); at >= 0; ) {
    const length = Number(bytes.readBigUInt64BE(at + 4) & 0xff_ffff_ffff_ffffn)
    const cluster = { offset: at, length: length + 12, timestampMs: Number(bytes.readBigUInt64BE(at + 21)) }
    const read = { header: bytes, clusters: [], bytes }
    times.push(...readBlocks(read, { ...cluster, note: null as never }).map(({ relMs }) => relMs))
    at = bytes.indexOf('1f43b675', at + 12 + length, 'hex')
  }
  return times
}
