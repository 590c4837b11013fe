/** Many viewers join a running meeting at a fixed rate: how long each waits for media, what a join costs, who else notices. */
import { LoadMeeting, type MeetingOptions } from '../load/load-meeting.ts'
import { percentile, sum } from '../load/participant-report.ts'
import type { RtcClients } from '../worker/rtc-clients.mjs'
import { type BenchReport, bounded, generatorRows, machineFacts, type Row } from './bench-report.ts'

export interface StormOptions extends MeetingOptions {
  publishers: number
  /** Viewers who are in before: what they get must not suffer. */
  watchers: number
  newcomers: number
  perSecond: number
  log: (line: string) => void
}

/** Of the issue that asked for it. */
const GOALS = { firstPacketMs: 1_000, joinCpuMs: 6, afterLastMs: 2_000 }
const COMPLETE_LIMIT_MS = 15_000
const BASELINE_MS = 4_000

/** @throws Error when the meeting before the storm cannot be set up */
export async function measureStorm(clients: RtcClients, options: StormOptions): Promise<BenchReport> {
  const { publishers, watchers, newcomers, perSecond, log } = options
  const meeting = new LoadMeeting(clients, options)
  try {
    log(`${publishers} publishers and ${watchers} watchers join`)
    await meeting.publish(publishers)
    await meeting.view(watchers)
    const before = await meeting.whenComplete(COMPLETE_LIMIT_MS)
    if (before.length > 0) throw new Error(`the meeting is not whole before the storm: ${before[0]}`)
    const quiet = await meeting.moment()
    await new Promise(resolve => setTimeout(resolve, BASELINE_MS))

    log(`${newcomers} viewers join, ${perSecond} a second`)
    meeting.startWindow()
    const start = await meeting.moment()
    const startedAt = await meeting.storm(newcomers, perSecond)
    const lacking = await meeting.whenComplete(COMPLETE_LIMIT_MS)
    const end = await meeting.moment()

    const reports = meeting.reports(start, end)
    const came = reports.newcomers
    const running = [...reports.publishers, ...reports.viewers]
    const complete = came.flatMap(({ startedAt: own, completeMs }) =>
      completeMs === undefined ? [] : [own + completeMs - startedAt],
    )
    const firstPackets = came.flatMap(({ firstPacketMs }) => firstPacketMs ?? [])
    const pictures = came.flatMap(({ firstPictureMs }) => firstPictureMs ?? [])
    const joins = came.map(({ joinMs }) => joinMs)
    const used = end.cpu.since(start.cpu)
    const elapsedMs = end.at - start.at
    const usual = start.cpu.since(quiet.cpu)
    const both = (values: number[]) =>
      `p50 ${percentile(values, 50).toFixed(0)} ms, p95 ${percentile(values, 95).toFixed(0)} ms`
    const spanMs = (newcomers / perSecond) * 1000
    return {
      name: 'Join storm',
      setting:
        `${newcomers} viewers at ${perSecond} a second into a room with ${publishers} publishers (${options.layers} layers) and ` +
        `${watchers} watchers; viewers ask for layer ${options.shownLayer}`,
      rows: [
        {
          what: 'newcomers who get everything',
          value: `${complete.length} of ${newcomers}`,
          goal: 'all',
          isMet: complete.length === newcomers,
        },
        bounded(
          'the last one has everything, after the first began',
          complete.length === newcomers ? Math.max(...complete) : Number.POSITIVE_INFINITY,
          'ms',
          spanMs + GOALS.afterLastMs,
        ),
        bounded(
          'join to first packet, p95',
          firstPackets.length > 0 ? percentile(firstPackets, 95) : Number.POSITIVE_INFINITY,
          'ms',
          GOALS.firstPacketMs,
        ),
        { what: 'join to first packet', value: both(firstPackets) },
        { what: 'join to first whole picture', value: both(pictures) },
        { what: 'join to connected media', value: both(joins) },
        ...cpuRows(used, usual, elapsedMs, start.at - quiet.at, came.length),
        {
          what: 'running streams the server held back at times for want of bandwidth, and gaps in them',
          value: `${sum(running.map(({ heldBack }) => heldBack))} of ${sum(running.map(({ streams }) => streams.expected))}, ${sum(running.map(({ heldBackGaps }) => heldBackGaps))}`,
        },
        bounded('gaps over 200 ms in running streams', sum(running.map(({ longGaps }) => longGaps)), '', 0),
        {
          what: 'longest gap in a running stream',
          value: `${Math.max(0, ...running.map(({ longestGapMs }) => longestGapMs)).toFixed(0)} ms`,
        },
        { what: 'packets lost, of all', value: `${sum([...running, ...came].map(({ lost }) => lost))}` },
        ...generatorRows(used, elapsedMs),
      ],
      faults: [...meeting.faults, ...lacking],
      othersPercent: (used.others / elapsedMs) * 100,
      machine: machineFacts(),
    }
  } finally {
    meeting.close()
  }
}

type Used = ReturnType<import('../load/process-usage.ts').CpuTimes['since']>

/** What a join costs beyond what the meeting took before it: with the forwarding to those who are in already, until all are. */
function cpuRows(used: Used, usual: Used, elapsedMs: number, usualMs: number, joined: number): Row[] {
  if (used.server === undefined || used.worker === undefined || joined === 0) return []
  const beyond = (ms: number, before: number | undefined) =>
    (ms - ((before ?? 0) / usualMs) * elapsedMs) / joined
  const node = beyond(used.server, usual.server)
  const worker = beyond(used.worker, usual.worker)
  return [
    bounded('CPU a join, server and worker', node + worker, 'ms', GOALS.joinCpuMs, 1),
    {
      what: 'of it the server, and the worker with what it forwards meanwhile',
      value: `${node.toFixed(1)} + ${worker.toFixed(1)} ms`,
    },
  ]
}
