/** Memory of a viewer who gets a picture and five voices: what worker and Node grow by. */
import { readFileSync } from 'node:fs'
import { LoadMeeting, type MeetingOptions } from '../load/load-meeting.ts'
import { listenerOf, workersOf } from '../load/process-usage.ts'
import type { RtcClients } from '../worker/rtc-clients.mjs'
import { type BenchReport, bounded, machineFacts } from './bench-report.ts'

export interface MemoryOptions extends MeetingOptions {
  viewers: number
  /** Viewers who are in before the first look: what the first ones take is not what a further one takes. */
  before: number
  log: (line: string) => void
}

/** Of the issue that asked for it, kB. */
const GOALS = { worker: 150, node: 100 }
const VOICES = 5
const PER_SECOND = 50
const COMPLETE_LIMIT_MS = 30_000
/** Garbage of the joins is collected meanwhile, some of it. */
const SETTLE_MS = 2_000

/** @throws Error when somebody cannot join, or the server is not on this machine */
export async function measureMemory(clients: RtcClients, options: MemoryOptions): Promise<BenchReport> {
  const { viewers, before, log, url } = options
  const server = listenerOf(Number(new URL(url).port))
  if (server === undefined) throw new Error('memory of a server can be measured on its own machine only')
  const wants = (identity: string, kind: 'audio' | 'video') => kind === 'audio' || identity === 'publisher-0'
  const meeting = new LoadMeeting(clients, { ...options, wants })
  try {
    log(`${VOICES} publishers and ${before} viewers join`)
    await meeting.publish(VOICES)
    await meeting.view(before)
    const lacking = await meeting.whenComplete(COMPLETE_LIMIT_MS)
    await settle()
    const [nodeBefore, workersBefore, start] = [
      residentKb([server]),
      residentKb(workersOf(server)),
      await meeting.moment(),
    ]
    log(`${viewers} viewers more`)
    await meeting.storm(viewers, PER_SECOND)
    lacking.push(...(await meeting.whenComplete(COMPLETE_LIMIT_MS)))
    await settle()
    const end = await meeting.moment()
    const each = (now: number, then: number) => (now - then) / viewers
    const used = end.cpu.since(start.cpu)
    return {
      name: 'Memory of a viewer',
      setting: `${viewers} viewers after ${before}, each with one picture and ${VOICES} voices; resident memory, garbage of the joins included`,
      rows: [
        bounded(
          'media workers, a viewer',
          each(residentKb(workersOf(server)), workersBefore),
          'kB',
          GOALS.worker,
        ),
        bounded('Node, a viewer', each(residentKb([server]), nodeBefore), 'kB', GOALS.node),
        {
          what: 'Node and media workers before them',
          value: `${Math.round(nodeBefore / 1000)} + ${Math.round(workersBefore / 1000)} MB`,
        },
      ],
      faults: [...meeting.faults, ...lacking],
      othersPercent: (used.others / (end.at - start.at)) * 100,
      machine: machineFacts(),
    }
  } finally {
    meeting.close()
  }
}

const settle = (): Promise<void> => new Promise(resolve => setTimeout(resolve, SETTLE_MS))

/** proc_pid_status(5), VmRSS, in units of 1000 bytes. */
function residentKb(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return sum + (Number(kib) * 1024) / 1000
  }, 0)
}
