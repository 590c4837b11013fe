import { expect, it } from 'vitest'
import { someReport } from '../test/node-report.ts'
import { loadBetween } from './load-history.ts'

const worker = (pid: number, cpuMs: number | null) => ({
  index: 0,
  pid,
  peers: 1,
  load: 0,
  cpuMs,
  peakMemoryBytes: null,
})
const pipes = (sentBytes: number) => ({ node: '10.1.2.12:7881', open: 1, sentBytes, receivedBytes: 0 })
const between = (before: Parameters<typeof someReport>[0], after: Parameters<typeof someReport>[0]) =>
  loadBetween({ atMs: 1_000, report: someReport(before) }, { atMs: 3_000, report: someReport(after) })

it('says what part of a core was used, and how many bytes a second went to other nodes', () => {
  const load = between(
    { cpuMs: 100, workers: [worker(1, 1_000)], pipes: [pipes(1_000)] },
    { cpuMs: 300, workers: [worker(1, 2_500)], pipes: [pipes(5_000)], people: 9 },
  )
  expect(load).toMatchObject({ atMs: 3_000, cpu: 0.1, people: 9, pipesSent: 2_000, pipesReceived: 0 })
  expect(load.workers).toEqual([{ index: 0, cpu: 0.75 }])
})

it('says nothing of a worker that is another one, or did not answer, and nothing below nought', () => {
  expect(between({ workers: [worker(1, 1_000)] }, { workers: [worker(2, 2_500)] }).workers[0]?.cpu).toBeNull()
  expect(between({ workers: [worker(1, null)] }, { workers: [worker(1, 2_500)] }).workers[0]?.cpu).toBeNull()
  expect(between({ workers: [worker(1, 1_000)] }, { workers: [worker(1, null)] }).workers[0]?.cpu).toBeNull()
  expect(between({ pipes: [pipes(5_000)] }, { pipes: [pipes(10)] }).pipesSent).toBe(0)
})
