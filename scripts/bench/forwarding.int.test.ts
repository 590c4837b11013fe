import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { ensureWorker } from '../worker/ensure-worker.mjs'
import { ensureRtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import { measureForwarding, median } from './measure-forwarding.ts'
import { bareMicroseconds } from './measure-limit.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const log = (line: string) => console.log(line)

it('measures what a forwarded packet costs, and loses none with few receivers', async context => {
  let program: string
  try {
    program = await ensureRtcClients({ root, log, allowApt: false })
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.log(`skipped: ${error.message}`)
    return context.skip(error.message)
  }
  const workerBin = await ensureWorker({ root, log, allowApt: false })
  const profile = 'SRTP_AEAD_AES_128_GCM'
  const run = await measureForwarding({
    program,
    workerBin,
    profile,
    bandwidthEstimation: true,
    receivers: 10,
    seconds: 2,
  })
  expect(run.lost).toBe(0)
  // 104 packets a second to each of ten receivers; a busy machine may delay a burst beyond the end.
  expect(run.packets).toBeGreaterThan(1800)
  expect(run.packets).toBeLessThan(2400)
  expect(run.microseconds).toBeGreaterThan(0)
  expect(run.kernelMicroseconds).toBeLessThanOrEqual(run.microseconds)
  // Zero would mean that the worker does not estimate at all.
  expect(run.estimatedBps).toBeGreaterThan(0)
  // A worker does more than the least that anybody could, and not nothing beside it.
  const limit = await bareMicroseconds(program, 10)
  expect(limit).toBeGreaterThan(0.1)
  expect(run.microseconds).toBeGreaterThan(limit)
})

it('takes the middle of an odd number of rounds', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([])).toBe(0)
})
