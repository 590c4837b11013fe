import { expect, it } from 'vitest'
import { coverageOf } from './compare-recording.ts'

const T = 1_800_000_000_000
const at = (from: number, to: number) => ({ from: T + from, to: T + to })
const part = (identity: string, from: number, to: number) => ({ identity, ...at(from, to) })
const kill = (kind: string, ms: number) => ({ kind, at: T + ms })
const stays = new Map([['an', [at(0, 100_000)]]])

it('covers all when somebody is heard all the time', () => {
  const parts = [part('an', 0, 50_500), part('binh', 50_000, 100_000)]
  expect(coverageOf(at(0, 100_000), parts, stays, [])).toEqual({
    share: 1,
    leastOfOne: 0.505,
    gaps: 0,
    worstGapMs: 0,
    faults: [],
  })
})

it.each(['node', 'worker', 'recordings'])('excuses seconds after a kill of %s', kind => {
  const parts = [part('an', 0, 49_500), part('an', 53_500, 100_000)]
  expect(coverageOf(at(0, 100_000), parts, stays, [kill(kind, 50_000)])).toMatchObject({
    share: 0.96,
    gaps: 1,
    worstGapMs: 4_000,
    faults: [],
  })
})

it.each([
  ['nothing was killed', []],
  [
    'what was killed does not record',
    [kill('portal', 50_000), kill('redis', 50_000), kill('postgres', 50_000)],
  ],
  ['it was killed long before', [kill('node', 40_000)]],
  ['it was killed after it began', [kill('node', 53_000)]],
])('does not excuse them when %s', (_, kills) => {
  const parts = [part('an', 0, 49_500), part('an', 53_500, 100_000)]
  expect(coverageOf(at(0, 100_000), parts, stays, kills).faults).toEqual([
    `recording: nothing for 4.0 s from ${new Date(T + 49_500).toISOString()} on, and nothing was killed that records`,
  ])
})

it('does not excuse a gap that is longer than coming back takes', () => {
  const parts = [part('an', 0, 50_000), part('an', 71_000, 100_000)]
  expect(coverageOf(at(0, 100_000), parts, stays, [kill('recordings', 50_000)]).faults).toEqual([
    `recording: nothing for 21.0 s from ${new Date(T + 50_000).toISOString()} on, after recordings was killed`,
  ])
})

it('does not count what is shorter than a second, and counts what is missing at both ends', () => {
  const parts = [part('an', 2_000, 50_000), part('an', 50_900, 97_000)]
  const { gaps, faults } = coverageOf(at(0, 100_000), parts, stays, [])
  expect([gaps, faults.length]).toEqual([2, 2])
})

it('says nothing of what was before or after the recording, and is nothing when nothing was recorded', () => {
  expect(coverageOf(at(10_000, 20_000), [part('an', 10_000, 20_000)], stays, [])).toMatchObject({
    share: 1,
    leastOfOne: 1,
  })
  expect(coverageOf(at(0, 10_000), [], stays, [])).toMatchObject({ share: 0, leastOfOne: 0, gaps: 1 })
})
