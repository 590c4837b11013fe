import type { RtcClients } from '../worker/rtc-clients.mjs'
import { LoadMeeting, type MeetingOptions } from './load-meeting.ts'
import { formatParticipants, type ParticipantReport, percentile, sum } from './participant-report.ts'

export interface LoadOptions extends MeetingOptions {
  publishers: number
  viewers: number
  /** Length of the measurement, after everybody receives. */
  seconds: number
  log: (line: string) => void
}

export interface LoadReport {
  options: Pick<LoadOptions, 'publishers' | 'viewers' | 'seconds'>
  participants: ParticipantReport[]
  /** One line for each thing that went wrong: who lacked a stream, was put out, or got something changed. */
  faults: string[]
  seconds: number
  /** Percent of one core during the measurement; the server's processes only when it runs on this machine. */
  cpu: { name: string; percent: number }[]
}

const COMPLETE_LIMIT_MS = 15_000

/** @throws Error when somebody cannot join or publish; what merely arrives badly is in the report. */
export async function runLoad(clients: RtcClients, options: LoadOptions): Promise<LoadReport> {
  const { publishers, viewers, seconds, log } = options
  const meeting = new LoadMeeting(clients, options)
  try {
    log(`${publishers} publishers join and publish`)
    await meeting.publish(publishers)
    log(`${viewers} viewers join`)
    await meeting.view(viewers)
    const lacking = await meeting.whenComplete(COMPLETE_LIMIT_MS)
    log(`measuring for ${seconds} s`)
    const [before, after] = await meeting.window(seconds)
    const of = meeting.reports(before, after)
    const participants = [...of.publishers, ...of.viewers]
    const silent = participants.filter(({ streams, packets }) => streams.expected > 0 && packets === 0)
    const spoiled = sum(participants.map(({ spoiled }) => spoiled))
    return {
      options: { publishers, viewers, seconds },
      participants,
      faults: [
        ...meeting.faults,
        ...lacking,
        ...silent.map(({ identity }) => `${identity} got nothing during the measurement`),
        ...(spoiled > 0 ? [`${spoiled} frames or packets arrived changed`] : []),
      ],
      seconds: (after.at - before.at) / 1000,
      cpu: shares(after.cpu.since(before.cpu), after.at - before.at),
    }
  } finally {
    meeting.close()
  }
}

/** By a name for people, in percent of one core. */
function shares(
  used: ReturnType<import('./process-usage.ts').CpuTimes['since']>,
  elapsedMs: number,
): LoadReport['cpu'] {
  const times: [string, number | undefined][] = [
    ['server', used.server],
    ...used.workers.map(({ pid, ms }, index): [string, number] => [`media worker ${index} (pid ${pid})`, ms]),
    ['load tool, signalling', used.signalling],
    ['load tool, media', used.media],
    ['all else on this machine', used.others],
  ]
  return times.flatMap(([name, ms]) =>
    ms === undefined ? [] : [{ name, percent: Math.round((ms / elapsedMs) * 1000) / 10 }],
  )
}

/** The report as lines for a person. @param each with a line for each participant */
export function formatReport(report: LoadReport, each: boolean): string[] {
  const { options, participants, cpu, faults, seconds } = report
  const total = (pick: (one: ParticipantReport) => number) => sum(participants.map(pick))
  const times = (name: string, pick: (one: ParticipantReport) => number | undefined) => {
    const values = participants.flatMap(one => pick(one) ?? [])
    return `${name}: p50 ${percentile(values, 50).toFixed(0)} ms, p95 ${percentile(values, 95).toFixed(0)} ms (of ${values.length})`
  }
  const packets = total(one => one.packets)
  return [
    `${options.publishers} publishers, ${options.viewers} viewers, ${options.seconds} s`,
    times('join', one => one.joinMs),
    times('join to first packet', one => one.firstPacketMs),
    times('join to first picture', one => one.firstPictureMs),
    `streams received: ${total(one => one.streams.received)} of ${total(one => one.streams.expected)}`,
    `packets received: ${packets} (${Math.round(packets / seconds)}/s, ${((total(one => one.bytes) * 8) / seconds / 1e6).toFixed(1)} Mbit/s), lost: ${total(one => one.lost)}`,
    `gaps over 200 ms: ${total(one => one.longGaps)}, longest ${Math.max(0, ...participants.map(one => one.longestGapMs)).toFixed(0)} ms; ` +
      `freezes: ${total(one => one.freezes)}, ${total(one => one.frozenMs).toFixed(0)} ms of ${total(one => one.pictures)} pictures`,
    ...cpu.map(({ name, percent }) => `cpu ${name}: ${percent} %`),
    ...(each ? formatParticipants(participants) : []),
    ...faults.slice(0, 20).map(fault => `fault: ${fault}`),
    ...(faults.length > 20 ? [`and ${faults.length - 20} more faults`] : []),
  ]
}
