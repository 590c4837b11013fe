/** A meeting that stays as it is, but for who speaks: what the server's Node process takes beside its media workers. */
import { LoadMeeting, type MeetingOptions } from '../load/load-meeting.ts'
import { sum } from '../load/participant-report.ts'
import type { RtcClients } from '../worker/rtc-clients.mjs'
import { type BenchReport, bounded, generatorRows, machineFacts, type Row } from './bench-report.ts'

export interface SteadyOptions extends MeetingOptions {
  publishers: number
  viewers: number
  /** Publishers who speak at once; every two seconds it is the next ones. */
  talkers: number
  seconds: number
  log: (line: string) => void
}

/** Of the issue that asked for it: Node's CPU in percent of the workers'. */
const GOAL_PERCENT = 10
const COMPLETE_LIMIT_MS = 15_000
const TURN_MS = 2_000

/** @throws Error when somebody cannot join, or the server is not on this machine */
export async function measureSteady(clients: RtcClients, options: SteadyOptions): Promise<BenchReport> {
  const { publishers, viewers, talkers, seconds, log } = options
  const meeting = new LoadMeeting(clients, options)
  let turn = 0
  let turns: NodeJS.Timeout | undefined
  try {
    log(`${publishers} publishers and ${viewers} viewers join`)
    await meeting.publish(publishers)
    await meeting.view(viewers)
    const lacking = await meeting.whenComplete(COMPLETE_LIMIT_MS)
    meeting.talk(talkers)
    turns = setInterval(() => meeting.talk(talkers, ++turn * talkers), TURN_MS)
    // Estimates of bandwidth begin low: a stream that waits for one is not of the steady state.
    await meeting.whenNoneHeldBack(COMPLETE_LIMIT_MS)
    // What the joins have left to do is not of the steady state.
    await new Promise(resolve => setTimeout(resolve, TURN_MS))

    log(`measuring for ${seconds} s`)
    const [start, end] = await meeting.window(seconds)

    const reports = meeting.reports(start, end)
    const all = [...reports.publishers, ...reports.viewers]
    const used = end.cpu.since(start.cpu)
    const elapsedMs = end.at - start.at
    const packets = sum(all.map(one => one.packets))
    return {
      name: 'Steady state',
      setting:
        `${publishers} publishers (${options.layers} layers, ${talkers} speak at once, others every ${TURN_MS / 1000} s) and ${viewers} viewers for ` +
        `${seconds} s; everybody gets everything, pictures in layer ${options.shownLayer}`,
      rows: [
        ...cpuRows(used, elapsedMs, packets),
        {
          what: 'received',
          value: `${Math.round((packets / elapsedMs) * 1000)} packets/s, ${((sum(all.map(one => one.bytes)) * 8) / elapsedMs / 1e3).toFixed(1)} Mbit/s`,
        },
        { what: 'packets lost', value: `${sum(all.map(one => one.lost))}` },
        {
          what: 'streams the server held back at times for want of bandwidth, and gaps in them',
          value: `${sum(all.map(one => one.heldBack))} of ${sum(all.map(one => one.streams.expected))}, ${sum(all.map(one => one.heldBackGaps))}`,
        },
        {
          what: 'gaps over 200 ms, and the longest',
          value: `${sum(all.map(one => one.longGaps))}, ${Math.max(0, ...all.map(one => one.longestGapMs)).toFixed(0)} ms`,
        },
        { what: 'freezes', value: `${sum(all.map(one => one.freezes))}` },
        ...generatorRows(used, elapsedMs),
      ],
      faults: [...meeting.faults, ...lacking],
      othersPercent: (used.others / elapsedMs) * 100,
      machine: machineFacts(),
    }
  } finally {
    clearInterval(turns)
    meeting.close()
  }
}

function cpuRows(
  { server, worker }: { server: number | undefined; worker: number | undefined },
  elapsedMs: number,
  packets: number,
): Row[] {
  if (server === undefined || worker === undefined)
    throw new Error('what the server takes can be measured on its own machine only')
  const share = (ms: number) => `${((ms / elapsedMs) * 100).toFixed(1)} % of a core`
  return [
    ...(worker > 0
      ? [bounded("Node's CPU to the workers'", (server / worker) * 100, '%', GOAL_PERCENT, 1)]
      : []),
    { what: 'Node, workers', value: `${share(server)}, ${share(worker)}` },
    { what: 'workers, a packet received', value: `${((worker * 1000) / packets).toFixed(1)} µs` },
  ]
}
