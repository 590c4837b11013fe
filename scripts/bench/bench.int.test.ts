import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { noRedisServer } from '../../testing/redis-server.ts'
import { root } from '../lib/run.mjs'
import { ensureWorker } from '../worker/ensure-worker.mjs'
import { ensureRtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import type { BenchReport } from './bench-report.ts'

const log = (line: string) => console.log(line)

/** The benches that load-benches.int.test.ts and forwarding.int.test.ts have not, as a person runs them. How fast it was is no matter of this test. */
it.skipIf(noRedisServer)(
  'memory, pipes and cost measure what they say, and everybody gets everything',
  async context => {
    try {
      await ensureRtcClients({ root, log, allowApt: false })
    } catch (error) {
      if (!(error instanceof SetupError)) throw error
      return context.skip(error.message)
    }
    const env = { ...process.env, MEDIASOUP_WORKER_BIN: await ensureWorker({ root, log, allowApt: false }) }
    const only = ['memory', 'pipes', 'cost'].flatMap(name => ['--only', name])
    const tool = fileURLToPath(new URL('bench.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [tool, '--small', '--json', ...only], {
      env,
    })
    console.log(stdout)
    const { reports, failed } = JSON.parse(stdout) as {
      reports: Record<string, BenchReport>
      failed: string[]
    }
    expect(failed).toEqual([])
    expect(Object.keys(reports)).toEqual(['memory', 'pipes', 'cost'])
    expect(Object.values(reports).flatMap(({ faults }) => faults)).toEqual([])
    const value = (name: string, what: RegExp) =>
      Number.parseFloat(reports[name]!.rows.find(row => what.test(row.what))!.value)
    // Eight viewers have connections, consumers and what is kept of them.
    expect(value('memory', /^media workers/)).toBeGreaterThan(0)
    // Two voices and two pictures for a second; the system's own count of what went between the nodes.
    expect(value('pipes', /^packets to that viewer/)).toBeGreaterThan(50)
    expect(value('pipes', /^traffic between nodes$/)).toBeGreaterThan(20)
    expect(value('cost', /^of 3/)).toBeGreaterThan(0)
    expect(value('cost', /^of 6/)).toBeGreaterThan(0)
    for (const { rows } of Object.values(reports)) expect(rows.some(({ goal }) => goal)).toBe(true)
  },
)
