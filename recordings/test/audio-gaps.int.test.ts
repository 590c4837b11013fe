import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { audioArguments } from '../src/compose/audio-arguments.ts'

const execute = promisify(execFile)
const ffmpeg = process.env.FFMPEG_PATH || 'ffmpeg'
const RATE = 48_000
const LENGTH_S = 12

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diemcau-gaps-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Seconds at which sound sets in after at least half a second of silence. */
function onsets(samples: Buffer): number[] {
  const found: number[] = []
  let lastLoudS = Number.NEGATIVE_INFINITY
  for (let index = 0; index < samples.length / 2; index += 1) {
    if (Math.abs(samples.readInt16LE(index * 2)) < 3000) continue
    if (index / RATE - lastLoudS > 0.5) found.push(index / RATE)
    lastLoudS = index / RATE
  }
  return found
}

test('a silent sender that sends one packet in 400 ms does not shift the sound that follows', async () => {
  const tone = join(folder, 'tone.mkv')
  const sparse = join(folder, 'sparse.mkv')
  const mixed = join(folder, 'mixed.mp4')
  const source = `aevalsrc='0.6*sin(2*PI*880*t)*lt(mod(t+1.86,2),0.2)':d=${LENGTH_S}:s=${RATE}`
  await execute(ffmpeg, ['-v', 'error', '-f', 'lavfi', '-i', source, '-c:a', 'libopus', '-b:a', '32k', tone])
  // As opus does with DTX: after some silence two packets in twenty; and a short gap at the very beginning.
  const drop = 'gt(mod(pts*tb+1.86,2),0.42)*gt(mod(n,20),1)+between(n,2,5)'
  await execute(ffmpeg, [
    '-v',
    'error',
    '-i',
    tone,
    '-c',
    'copy',
    '-bsf:a',
    `noise=drop='${drop}'`,
    '-f',
    'matroska',
    sparse,
  ])
  await execute(ffmpeg, [
    '-v',
    'error',
    '-y',
    ...audioArguments({ files: [sparse], lengthMs: LENGTH_S * 1000, output: mixed }),
  ])
  const raw = join(folder, 'mixed.raw')
  await execute(ffmpeg, ['-v', 'error', '-i', mixed, '-ac', '1', '-ar', String(RATE), '-f', 's16le', raw])
  const found = onsets(await readFile(raw))
  expect(found).toHaveLength(6)
  for (const [index, second] of found.entries()) {
    expect(Math.abs(second - (0.14 + 2 * index)), `tone ${index} at ${second} s`).toBeLessThan(0.03)
  }
})
