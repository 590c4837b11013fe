import { describe, expect, it } from 'vitest'
import { LineReader } from './line-reader.ts'
import { type FfmpegProgress, ProgressReader } from './progress-reader.ts'

const block = (frame: number, us: number | 'N/A', end = 'continue') =>
  `frame=${frame}\nfps=25.0\nout_time_us=${us}\nout_time=00:00:01.000000\nspeed=1x\nprogress=${end}\n`
const text = block(25, 1_000_000) + block(50, 2_000_000) + block(60, 'N/A', 'end')
const expected: FfmpegProgress[] = [
  { frames: 25, outTimeMs: 1000 },
  { frames: 50, outTimeMs: 2000 },
  { frames: 60, outTimeMs: 2000 },
]

function read(chunks: string[]): FfmpegProgress[] {
  const seen: FfmpegProgress[] = []
  const reader = new ProgressReader(progress => seen.push(progress))
  for (const chunk of chunks) reader.push(chunk)
  return seen
}

describe('progress of ffmpeg', () => {
  it('says the same wherever the pipe cuts the text in two', () => {
    for (let cut = 0; cut <= text.length; cut += 1)
      expect(read([text.slice(0, cut), text.slice(cut)]), `cut at ${cut}`).toEqual(expected)
  })
  it('says the same when it comes letter by letter, and with Windows line ends', () => {
    expect(read([...text])).toEqual(expected)
    expect(read([...text.replaceAll('\n', '\r\n')])).toEqual(expected)
  })
  it('keeps what has no end yet, and never goes below what was known', () => {
    expect(read(['frame=10\nprogress=cont'])).toEqual([])
    expect(read(['out_time_us=-2000\nprogress=continue\n'])).toEqual([{ frames: 0, outTimeMs: 0 }])
  })
})

describe('lines of a pipe', () => {
  it('come whole, empty ones too', () => {
    const lines: string[] = []
    const reader = new LineReader(line => lines.push(line))
    for (const chunk of ['a', 'b\n\nc\r', '\nd']) reader.push(chunk)
    expect(lines).toEqual(['ab', '', 'c'])
  })
})
