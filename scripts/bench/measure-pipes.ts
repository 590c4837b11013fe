/** Media between two nodes of a cluster: whether any is lost, what carrying it there costs, and whether its traffic grows with viewers. */
import { randomBytes } from 'node:crypto'
import { startCluster } from '../../testing/start-cluster.ts'
import { TEST_KEYS } from '../../testing/start-sfu.ts'
import { TestWebhooks } from '../../testing/webhook-receiver.ts'
import { LoadMeeting, type MeetingOptions } from '../load/load-meeting.ts'
import { sum } from '../load/participant-report.ts'
import { CpuTimes } from '../load/process-usage.ts'
import type { RtcClients } from '../worker/rtc-clients.mjs'
import { type BenchReport, bounded, machineFacts } from './bench-report.ts'
import { NO_LIMITS } from './on-server.ts'

export interface PipesOptions {
  /** For the loss: each has a voice and a picture, and all send in step. */
  publishers: number
  /** For cost and traffic: viewers of each of two publishers. */
  viewers: number
  seconds: number
  log: (line: string) => void
}

/** Of the issue that asked for it. */
const GOALS = { extraPercent: 5, growthPercent: 5 }
const WATCHED = 2
/** Traffic is compared with that of so much fewer viewers. */
const FEWER = 4
const COMPLETE_LIMIT_MS = 30_000
const SENT = /^diemcau_sfu_pipe_sent_bytes_total(?:\{[^}]*\})? (\S+)$/gm

/** Starts Redis and three nodes with one media worker each, and uses two. @throws Error when somebody cannot join */
export async function measurePipes(clients: RtcClients, options: PipesOptions): Promise<BenchReport> {
  const { publishers, viewers, seconds, log } = options
  const webhooks = await TestWebhooks.create(TEST_KEYS.key, TEST_KEYS.secret)
  const cluster = await startCluster({ webhooks, settingsOf: async () => NO_LIMITS })
  const faults: string[] = []
  try {
    const [from, to] = [cluster.nodes[0]!.url, cluster.nodes[1]!.url]
    const common = { url: from, apiKey: TEST_KEYS.key, apiSecret: TEST_KEYS.secret, layers: 1, shownLayer: 0 }
    const run = async (viewersUrl: string, senders: number, watchers: number) => {
      const room = `pipes-${randomBytes(4).toString('hex')}`
      const figures = await measureRoom(clients, { ...common, room, viewersUrl }, senders, watchers, seconds)
      faults.push(...figures.faults)
      return figures
    }
    log(`${publishers} publishers at one node, a viewer at another`)
    const lossy = await run(to, publishers, 1)
    log(`${WATCHED} publishers, viewers at the same node, then at another`)
    const same = await run(from, WATCHED, viewers)
    const few = await run(to, WATCHED, Math.max(1, Math.round(viewers / FEWER)))
    const across = await run(to, WATCHED, viewers)
    const percentMore = (value: number, than: number) => (value / than - 1) * 100
    return {
      name: 'Media between nodes',
      setting: `${publishers * 2} streams in step to one viewer at another node; ${WATCHED} voices and pictures to ${viewers} viewers there, and to as many at their own node; ${seconds} s each`,
      rows: [
        bounded('packets lost, of all to the one viewer', lossy.lost, '', 0),
        { what: 'packets to that viewer', value: `${lossy.packets}` },
        bounded(
          `CPU of media workers a packet received, above that of one node, at ${viewers} viewers a stream`,
          percentMore(across.workerMs / across.packets, same.workerMs / same.packets),
          '%',
          GOALS.extraPercent,
        ),
        bounded(
          `traffic between nodes with ${viewers} viewers, above that with ${Math.max(1, Math.round(viewers / FEWER))}`,
          percentMore(across.pipeBytes, few.pipeBytes),
          '%',
          GOALS.growthPercent,
        ),
        {
          what: 'traffic between nodes',
          value: `${((across.pipeBytes * 8) / across.elapsedMs).toFixed(0)} kbit/s`,
        },
      ],
      faults,
      othersPercent: across.othersPercent,
      machine: machineFacts(),
    }
  } finally {
    await cluster.close()
    await webhooks.down()
  }
}

interface RoomFigures {
  lost: number
  packets: number
  /** Of all nodes' media workers, ms. */
  workerMs: number
  pipeBytes: number
  elapsedMs: number
  othersPercent: number
  faults: string[]
}

async function measureRoom(
  clients: RtcClients,
  options: MeetingOptions & { viewersUrl: string },
  senders: number,
  watchers: number,
  seconds: number,
): Promise<RoomFigures> {
  const { url, viewersUrl } = options
  // Publishers get nothing of each other, or they would be the larger part.
  const meeting = new LoadMeeting(clients, { ...options, publishersOnlySend: true })
  try {
    await meeting.publish(senders)
    await meeting.view(watchers)
    const lacking = await meeting.whenComplete(COMPLETE_LIMIT_MS)
    meeting.talk(senders)
    const look = async () => ({
      there: CpuTimes.now(viewersUrl, clients.pid),
      bytes: await pipeBytes(url),
    })
    const before = await look()
    const [start, end] = await meeting.window(seconds)
    const after = await look()
    const here = end.cpu.since(start.cpu)
    const there = after.there.since(before.there)
    const { viewers } = meeting.reports(start, end)
    const elapsedMs = end.at - start.at
    return {
      lost: sum(viewers.map(one => one.lost)),
      packets: sum(viewers.map(one => one.packets)),
      workerMs: (here.worker ?? 0) + (viewersUrl === url ? 0 : (there.worker ?? 0)),
      pipeBytes: after.bytes - before.bytes,
      elapsedMs,
      othersPercent:
        ((here.others - (viewersUrl === url ? 0 : (there.server ?? 0) + (there.worker ?? 0))) / elapsedMs) *
        100,
      faults: [...meeting.faults, ...lacking],
    }
  } finally {
    meeting.close()
    const deadline = performance.now() + COMPLETE_LIMIT_MS
    while ((await clients.stats()).peers.length > 0 && performance.now() < deadline)
      await new Promise(resolve => setTimeout(resolve, 50))
  }
}

async function pipeBytes(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return [...text.matchAll(SENT)].reduce((total, [, value]) => total + Number(value), 0)
}
