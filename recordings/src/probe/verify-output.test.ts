import { describe, expect, it } from 'vitest'
import { judgeOutput, type OutputReport } from './verify-output.ts'

const good: OutputReport = {
  durationMs: 60_000,
  sizeBytes: 1,
  video: { codec: 'h264', width: 1280, height: 720, durationMs: 60_000, frames: 1500 },
  audio: { codec: 'aac', durationMs: 60_010 },
  blackShare: 0,
  frozenShare: 0,
  meanDb: -30,
  maxDb: -6,
}
const expected = { lengthMs: 60_020, videoShare: 1, hasAudio: true }

describe('judgeOutput', () => {
  it('is content with a good file', () => {
    expect(judgeOutput(good, expected)).toEqual({ faults: [], warnings: [] })
  })

  it('refuses a file without picture or sound, or of another length', () => {
    expect(judgeOutput({ ...good, video: null }, expected).faults).toEqual(['there is no picture'])
    expect(judgeOutput({ ...good, audio: null }, expected).faults).toEqual(['there is no sound'])
    expect(judgeOutput({ ...good, durationMs: 58_000 }, expected).faults).toEqual([
      'the file is 2020 ms too short',
    ])
    const long = { ...good, audio: { codec: 'aac', durationMs: 61_000 } }
    expect(judgeOutput(long, expected).faults).toEqual(['the sound is 980 ms too long'])
  })

  it('refuses a black picture only when there was one to show', () => {
    const black = { ...good, blackShare: 1 }
    expect(judgeOutput(black, expected).faults).toHaveLength(1)
    expect(judgeOutput(black, { ...expected, videoShare: 0 }).faults).toEqual([])
  })

  it('warns of a frozen picture and of silence', () => {
    const { faults, warnings } = judgeOutput({ ...good, frozenShare: 0.95, maxDb: -91 }, expected)
    expect(faults).toEqual([])
    expect(warnings).toHaveLength(2)
    expect(judgeOutput({ ...good, maxDb: null }, { ...expected, hasAudio: false }).warnings).toEqual([])
  })
})
