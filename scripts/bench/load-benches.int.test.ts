import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { root } from '../lib/run.mjs'
import { ensureWorker } from '../worker/ensure-worker.mjs'
import { ensureRtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import type { BenchReport } from './bench-report.ts'

const run = promisify(execFile)
const log = (line: string) => console.log(line)
let missing: string | undefined
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  try {
    await ensureRtcClients({ root, log, allowApt: false })
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    missing = error.message
  }
  env = { ...process.env, MEDIASOUP_WORKER_BIN: await ensureWorker({ root, log, allowApt: false }) }
})

/** Runs a bench as a person would. How fast it was is no matter of these tests; that everybody got everything is. */
async function bench(
  name: string,
  args: string[],
): Promise<{ report: BenchReport; values: Map<string, string> }> {
  const file = fileURLToPath(new URL(name, import.meta.url))
  const { stdout } = await run(process.execPath, [file, ...args, '--json'], { env, timeout: 100_000 })
  console.log(stdout)
  const report = JSON.parse(stdout) as BenchReport
  return { report, values: new Map(report.rows.map(({ what, value }) => [what, value])) }
}

describe('benches on the load tool', () => {
  it('storm: newcomers get everything, and the table says how long they waited and what they cost', async context => {
    if (missing !== undefined) return context.skip(missing)
    const args = ['--newcomers', '10', '--rate', '10', '--publishers', '2', '--watchers', '2']
    const { report, values } = await bench('storm.ts', args)
    expect(report.faults).toEqual([])
    expect(values.get('newcomers who get everything')).toBe('10 of 10')
    expect(Number.parseFloat(values.get('join to first packet, p95')!)).toBeGreaterThan(0)
    expect(values.get('CPU a join, server and worker')).toMatch(/^-?\d+\.\d ms$/)
    expect(values.get('load generator, its own CPU (signalling + media)')).toMatch(
      /^\d+ % of a core \+ \d+ %/,
    )
    expect(report.machine.cores).toBeGreaterThan(0)
  })

  it("steady: Node's share stands beside the workers'", async context => {
    if (missing !== undefined) return context.skip(missing)
    const args = ['--publishers', '3', '--viewers', '6', '--talkers', '1', '--seconds', '5']
    const { report, values } = await bench('steady.ts', args)
    expect(report.faults).toEqual([])
    expect(Number.parseFloat(values.get("Node's CPU to the workers'")!)).toBeGreaterThan(0)
    expect(Number.parseFloat(values.get('received')!)).toBeGreaterThan(100)
    expect(values.get('packets lost')).toMatch(/^\d+$/)
    const held = 'streams the server held back at times for want of bandwidth, and gaps in them'
    // Three times two streams to each of six viewers, two to each of three publishers of the two others.
    expect(values.get(held)).toMatch(/^\d+ of 48, \d+$/)
  })
})
