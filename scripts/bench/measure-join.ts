/** Joins a room again and again with the stock livekit-client in a headless Chromium, and times it. */
import { TestBrowser } from '../../sfu/test/room-support/browser.ts'
import { accessToken } from '../load/access-token.ts'
import { percentile } from '../load/participant-report.ts'
import { descendantsOf, processFacts } from '../load/process-usage.ts'

export interface JoinInput {
  /** ws://… of any LiveKit server. */
  url: string
  apiKey: string
  apiSecret: string
  room: string
  joins: number
  /** Losses of each kind to recover from. */
  recoveries: number
  /** Processes started by this one that are not the load generator (a server under test). */
  notMine?: number | undefined
  log: (line: string) => void
}

/** Each list in the order measured, ms. */
export interface JoinReport {
  url: string
  connect: number[]
  /** From the call of `connect` to the first decoded picture. */
  firstFrame: number[]
  /** From the loss of the signalling socket to `Reconnected`, and to the first picture decoded after it. */
  resume: number[]
  resumeFrame: number[]
  /** The same for a full reconnect. */
  full: number[]
  fullFrame: number[]
  /** CPU of this process and its browser in percent of one core while it measured: near 100 times the cores it measures itself. */
  generatorCpuPercent: number
  seconds: number
}

/** @throws Error when a join or a recovery does not happen */
export async function measureJoins(input: JoinInput): Promise<JoinReport> {
  const { url, room, joins, recoveries, log } = input
  const token = (identity: string, canPublish: boolean) =>
    accessToken(input.apiKey, input.apiSecret, identity, { room, canPublish, canSubscribe: true })
  const browser = await TestBrowser.create()
  try {
    const publisher = await browser.open()
    await publisher.connect(url, await token('publisher', true))
    await publisher.publishDrawing({ width: 640, height: 360, simulcast: true })
    await publisher.publishTone()

    const report: JoinReport = {
      url,
      connect: [],
      firstFrame: [],
      resume: [],
      resumeFrame: [],
      full: [],
      fullFrame: [],
      generatorCpuPercent: 0,
      seconds: 0,
    }
    const startedAt = performance.now()
    const cpuBefore = generatorCpuMs(input.notMine)
    for (let n = 1; n <= joins; n++) {
      // A page of its own for each: its script is loaded, nothing else is known of the server.
      const page = await browser.open()
      const times = await page.page.evaluate(([to, pass]) => window.bench.join(to, pass), [
        url,
        await token(`viewer-${n}`, false),
      ] as const)
      report.connect.push(times.connectMs)
      report.firstFrame.push(times.firstFrameMs)
      await page.page.evaluate(() => window.bench.leave())
      await page.leave()
      log(
        `join ${n} of ${joins}: ${Math.round(times.connectMs)} ms, picture ${Math.round(times.firstFrameMs)} ms`,
      )
    }
    const stayer = await browser.open()
    await stayer.page.evaluate(([to, pass]) => window.bench.join(to, pass), [
      url,
      await token('stayer', false),
    ] as const)
    for (const kind of ['resume', 'full'] as const)
      for (let n = 1; n <= recoveries; n++) {
        const times = await stayer.page.evaluate(what => window.bench.recover(what), kind)
        report[kind].push(times.reconnectedMs)
        report[`${kind}Frame`].push(times.firstFrameMs)
        log(`${kind} ${n} of ${recoveries}: ${Math.round(times.reconnectedMs)} ms`)
      }
    const elapsedMs = performance.now() - startedAt
    report.seconds = elapsedMs / 1000
    report.generatorCpuPercent = ((generatorCpuMs(input.notMine) - cpuBefore) / elapsedMs) * 100
    return report
  } finally {
    await browser.leaveAll()
    await browser.close()
  }
}

/** So far, of the processes that live; those of closed pages are gone, so this is a lower bound. */
function generatorCpuMs(notMine: number | undefined): number {
  const others = new Set(notMine === undefined ? [] : [notMine, ...descendantsOf(notMine)])
  return [process.pid, ...descendantsOf(process.pid)]
    .filter(pid => !others.has(pid))
    .reduce((sum, pid) => sum + (processFacts(pid)?.cpuMs ?? 0), 0)
}

export function formatJoins(report: JoinReport): string[] {
  const row = (name: string, values: number[]) =>
    `${name.padEnd(46)} p50 ${percentile(values, 50).toFixed(0).padStart(6)}   p95 ${percentile(values, 95).toFixed(0).padStart(6)}   ` +
    // Of so few the 95th percentile is no more than the worst one.
    `(of ${values.length}${values.length < 20 ? ', so that p95 is the largest' : ''})`
  return [
    `${report.url}, ms`,
    row('connect()', report.connect),
    row('connect() to first decoded picture', report.firstFrame),
    row('signalling lost to Reconnected', report.resume),
    row('signalling lost to next picture after that', report.resumeFrame),
    row('full reconnect', report.full),
    row('full reconnect to next picture after that', report.fullFrame),
    `load generator: ${report.generatorCpuPercent.toFixed(0)} % of a core over ${report.seconds.toFixed(0)} s`,
  ]
}
