import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it, type TestContext } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { disposeNativeSdk, NativePeer } from '../../testing/native-peer.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { ensureWorker } from '../worker/ensure-worker.mjs'
import { ensureRtcClients } from '../worker/rtc-clients.mjs'
import { SetupError } from '../worker/run.mjs'
import { LoadMeeting } from './load-meeting.ts'
import { workersOf } from './process-usage.ts'
import type { LoadReport } from './run-load.ts'
import { startMediaClients } from './tool.ts'

const STOPPED_MS = 1_500

const root = fileURLToPath(new URL('../..', import.meta.url))
const log = (line: string) => console.log(line)
let sfu: RunningSfu | undefined

afterAll(disposeNativeSdk)
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
    expect(report.participants.map(({ streams }) => streams)).toEqual([
      ...Array(3).fill({ expected: 4, received: 4 }),
      ...Array(12).fill({ expected: 6, received: 6 }),
    ])
    for (const one of report.participants) {
      expect(one.spoiled).toBe(0)
      expect(one.bytes).toBeGreaterThan(one.packets * 20)
      expect(one.pictures).toBeGreaterThan(0)
      // The first whole picture is a key frame; its first packet came before or with it, and after the connection.
      expect(one.firstPacketMs).toBeGreaterThan(0)
      expect(one.firstPictureMs).toBeGreaterThanOrEqual(one.firstPacketMs!)
    }
    const names = report.cpu.map(({ name }) => name.replace(/ \(pid \d+\)/, ''))
    expect(names).toEqual([
      'server',
      'media worker 0',
      'media worker 1',
      'load tool, signalling',
      'load tool, media',
      'all else on this machine',
    ])
    for (const { percent } of report.cpu.slice(0, 5)) expect(percent).toBeGreaterThan(0)
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
    expect(errors.trim()).toBe('--viewers must be a whole number from 0 to 3500')
    expect(code).toBe(2)
  })
})

describe('what it publishes', () => {
  it('is decoded by a stock SDK, in the size that is asked for and as a voice, and stands still with the media worker', async context => {
    const server = await start(context)
    const clients = await startMediaClients(log)
    const { url, apiKey, apiSecret } = server
    const room = 'decoded'
    const meeting = new LoadMeeting(clients, { url, apiKey, apiSecret, room, layers: 3, shownLayer: 0 })
    let stock: NativePeer | undefined
    try {
      await meeting.publish(1)
      await meeting.view(1)
      stock = await NativePeer.join(server, { room, identity: 'stock', canPublish: false })
      const reception = stock.from('publisher-0')
      // The SDK asks for nothing smaller, so it comes to see the largest layer.
      await eventually(() =>
        reception.videoSize === '1280x720' && reception.videoFrames > 25 && reception.loudFrames > 25
          ? null
          : `${reception.videoFrames} pictures of ${reception.videoSize}, ${reception.loudFrames} loud frames`,
      )
      expect(await meeting.whenComplete(10_000)).toEqual([])

      meeting.startWindow()
      const before = await meeting.moment()
      const workers = workersOf(server.pid)
      for (const pid of workers) process.kill(pid, 'SIGSTOP')
      await new Promise(resolve => setTimeout(resolve, STOPPED_MS))
      for (const pid of workers) process.kill(pid, 'SIGCONT')
      await eventually(async () => {
        const [viewer] = meeting.reports(before, await meeting.moment()).viewers
        return viewer!.freezes > 0 && viewer!.pictures > 10 ? null : 'no picture after the standstill'
      })
      const [viewer] = meeting.reports(before, await meeting.moment()).viewers
      expect(viewer!.longestGapMs).toBeGreaterThan(STOPPED_MS - 150)
      expect(viewer!.frozenMs).toBeGreaterThan(STOPPED_MS - 150)
      // Of the sound and of the picture.
      expect(viewer!.longGaps).toBeGreaterThanOrEqual(2)
      expect(viewer!.spoiled).toBe(0)
    } finally {
      await stock?.leave()
      meeting.close()
      await clients.close()
    }
  })
})
