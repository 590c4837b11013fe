import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import type { JoinReport } from './measure-join.ts'

const run = promisify(execFile)
const tool = fileURLToPath(new URL('join.ts', import.meta.url))
let sfu: RunningSfu

beforeAll(async () => {
  sfu = await startSfu({ workers: 2 })
})
afterAll(async () => {
  await sfu?.stop()
})

it('joins and recovers some times at a server given by its address, and tells the times and its own cost', {
  timeout: 120_000,
}, async () => {
  const { stdout } = await run(
    process.execPath,
    [
      tool,
      '--url',
      sfu.url,
      '--key',
      sfu.apiKey,
      '--secret',
      sfu.apiSecret,
      '--joins',
      '3',
      '--recoveries',
      '1',
      '--json',
    ],
    { timeout: 110_000 },
  )
  const report = JSON.parse(stdout) as JoinReport
  console.log(stdout)
  expect(report.connect).toHaveLength(3)
  for (const [n, connectMs] of report.connect.entries()) {
    expect(connectMs).toBeGreaterThan(0)
    expect(report.firstFrame[n]).toBeGreaterThan(connectMs)
  }
  for (const list of [report.resume, report.resumeFrame, report.full, report.fullFrame])
    expect(list).toEqual([expect.any(Number)])
  expect(report.resumeFrame[0]).toBeGreaterThanOrEqual(report.resume[0]!)
  expect(report.generatorCpuPercent).toBeGreaterThan(0)
})

it('says what is missing', async () => {
  await expect(run(process.execPath, [tool, '--url', sfu.url])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--key'),
  })
})
