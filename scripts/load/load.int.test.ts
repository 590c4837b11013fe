import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, type TestContext } from 'vitest'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { ensureWorker } from '../worker/ensure-worker.mjs'
import { ensureRtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import type { LoadReport } from './run-load.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const log = (line: string) => console.log(line)
let sfu: RunningSfu | undefined

afterEach(async () => {
  await sfu?.stop()
  sfu = undefined
})

/** Starts an SFU; skips, saying why, on a machine without the compiler that the media clients need. */
async function start(context: TestContext): Promise<RunningSfu> {
  try {
    await ensureRtcClients({ root, log, allowApt: false })
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.log(`skipped: ${error.message}`)
    return context.skip(error.message)
  }
  const workerBin = await ensureWorker({ root, log, allowApt: false })
  sfu = await startSfu({ workers: 2, env: { MEDIASOUP_WORKER_BIN: workerBin } })
  return sfu
}

/** Runs the tool as a person would. */
async function viewers(args: string[]): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('viewers.ts', import.meta.url)), ...args])
  let output = ''
  let errors = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { code, output, errors }
}

describe('the load tool', () => {
  it('lets 12 viewers receive all streams of 3 publishers, and prints what it cost', async context => {
    const { url, apiKey, apiSecret } = await start(context)
    const args = ['--url', url, '--api-key', apiKey, '--api-secret', apiSecret, '--seconds', '8', '--json']
    const { code, output, errors } = await viewers([...args, '--publishers', '3', '--viewers', '12'])
    expect(output, errors).toMatch(/^\{/)
    const report = JSON.parse(output) as LoadReport
    console.log(output)
    expect(report.faults).toEqual([])
    // Three publishers receive two others, twelve viewers all three; two streams each. More would measure the machine.
    expect(report.streams).toEqual({ expected: 3 * 4 + 12 * 6, received: 84 })
    expect(report.packets.changed).toBe(0)
    const names = report.cpu.map(({ name }) => name.replace(/ \(pid \d+\)/, ''))
    expect(names).toEqual([
      'sfu node',
      'sfu worker 0',
      'sfu worker 1',
      'load tool, signalling',
      'load tool, media',
    ])
    for (const { percent } of report.cpu) expect(percent).toBeGreaterThan(0)
    expect(code).toBe(0)
  })

  it('ends with 2 and one line when the server refuses it', async context => {
    const { url, apiKey } = await start(context)
    const args = ['--url', url, '--api-key', apiKey, '--api-secret', 'wrong', '--seconds', '1']
    const { code, output, errors } = await viewers([...args, '--publishers', '1', '--viewers', '1'])
    expect(errors).toContain('publisher-0: the server answered 401')
    expect(output).toBe('')
    expect(code).toBe(2)
  })

  it('refuses numbers that make no sense', async () => {
    const { code, errors } = await viewers(['--viewers', 'many'])
    expect(errors.trim()).toBe('--viewers must be a whole number from 0 to 1900')
    expect(code).toBe(2)
  })
})
