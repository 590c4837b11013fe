import type { LoadSample } from '@diemcau/core/contracts/nodes-report.ts'
import { expect, it } from 'vitest'
import { busiestWorker, loadLine } from './load-line.ts'

const sample = (minute: number, cpu: number, workers: (number | null)[] = []): LoadSample => ({
  atMs: minute * 60_000,
  cpu,
  workers: workers.map((share, index) => ({ index, cpu: share })),
  eventLoopP99Ms: 0,
  people: 0,
  pipesSent: 0,
  pipesReceived: 0,
})
const cpu = (one: LoadSample) => one.cpu

it('draws the highest of each minute, the last one at the right edge', () => {
  const samples = [sample(98, 0.25), sample(99, 0.1), sample(99.5, 0.5), sample(100, 1)]
  // The minutes end with the last sample: 99.5 and 100 are in the last one, 99 in the one before.
  expect(loadLine(samples, cpu, 1)).toEqual({ now: 1, highest: 1, path: 'M115.9 24L118 28.8L120 0' })
})

it('leaves a gap where nothing is known, and a dash for a minute alone', () => {
  const samples = [sample(90, 0.5), sample(97, 0.5), sample(98, 0.5), sample(100, 0.5)]
  expect(loadLine(samples, cpu, 1).path).toBe('M99.7 16h-2M113.9 16L115.9 16M120 16h-2')
})

it('is as high as the highest, if that is more than the least', () => {
  expect(loadLine([sample(99, 4), sample(100, 2)], cpu, 1)).toMatchObject({
    highest: 4,
    path: 'M118 0L120 16',
  })
})

it('forgets what is older than an hour, and draws nothing of nothing', () => {
  expect(loadLine([sample(10, 9), sample(100, 0.5)], cpu, 1).highest).toBe(0.5)
  expect(loadLine([], cpu, 1)).toEqual({ now: null, highest: null, path: '' })
  expect(loadLine([sample(100, 0)], busiestWorker, 1)).toEqual({ now: null, highest: null, path: '' })
})

it('finds the worker that has most to do among those that say so', () => {
  expect(busiestWorker(sample(0, 0, [0.2, null, 0.7]))).toBe(0.7)
  expect(busiestWorker(sample(0, 0, [null]))).toBeNull()
})
