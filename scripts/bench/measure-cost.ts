/** What a participant costs in rooms of different sizes: a server that does work for each pair of people shows here. */
import { LoadMeeting, type MeetingOptions } from '../load/load-meeting.ts'
import { sum } from '../load/participant-report.ts'
import type { RtcClients } from '../worker/rtc-clients.mjs'
import { type BenchReport, bounded, machineFacts } from './bench-report.ts'

export interface CostOptions extends MeetingOptions {
  /** Participants, one publisher included; at least 2. */
  sizes: readonly number[]
  seconds: number
  log: (line: string) => void
}

export interface CostReport extends BenchReport {
  /** CPU of server and workers a participant, ms a second. */
  costs: { size: number; msPerS: number }[]
}

/** Of the issue that asked for it: the dearest above the cheapest, percent. */
const GOAL_PERCENT = 20
const COMPLETE_LIMIT_MS = 30_000
const SETTLE_MS = 1_000

/** @throws Error when somebody cannot join, or the server is not on this machine */
export async function measureCost(clients: RtcClients, options: CostOptions): Promise<CostReport> {
  const { sizes, seconds, log } = options
  const costs: CostReport['costs'] = []
  const faults: string[] = []
  const others: number[] = []
  for (const size of sizes) {
    const meeting = new LoadMeeting(clients, { ...options, room: `${options.room}-${size}` })
    try {
      log(`a room of ${size}`)
      await meeting.publish(1)
      await meeting.view(size - 1)
      faults.push(...(await meeting.whenComplete(COMPLETE_LIMIT_MS)))
      await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
      const [start, end] = await meeting.window(seconds)
      const used = end.cpu.since(start.cpu)
      if (used.server === undefined || used.worker === undefined)
        throw new Error('what the server takes can be measured on its own machine only')
      const elapsedMs = end.at - start.at
      costs.push({ size, msPerS: ((used.server + used.worker) / elapsedMs / size) * 1000 })
      others.push((used.others / elapsedMs) * 100)
    } finally {
      // Its next room has peers of the same numbers.
      meeting.close()
      faults.push(...meeting.faults)
    }
    await whenGone(clients)
  }
  const values = costs.map(({ msPerS }) => msPerS)
  return {
    name: 'A participant at different sizes',
    setting: `One publisher (voice and picture, ${options.layers} layers, layer ${options.shownLayer} shown), all others watch, ${seconds} s each`,
    rows: [
      bounded(
        'dearest above cheapest',
        (Math.max(...values) / Math.min(...values) - 1) * 100,
        '%',
        GOAL_PERCENT,
      ),
      ...costs.map(({ size, msPerS }) => ({
        what: `of ${size}: CPU of server and workers a participant`,
        value: `${msPerS.toFixed(2)} ms a second`,
      })),
    ],
    faults,
    othersPercent: sum(others) / others.length,
    machine: machineFacts(),
    costs,
  }
}

/** The media clients have let go of all connections. */
async function whenGone(clients: RtcClients): Promise<void> {
  const deadline = performance.now() + COMPLETE_LIMIT_MS
  while ((await clients.stats()).peers.length > 0 && performance.now() < deadline)
    await new Promise(resolve => setTimeout(resolve, 50))
}
