import type { PeerStats, RtcClients } from '../worker/rtc-clients.mjs'
import { accessToken } from './access-token.ts'
import { LoadParticipant } from './load-participant.ts'
import { listenerOf, processFacts, workersOf } from './process-usage.ts'

export interface LoadOptions {
  /** http(s) or ws(s) address of the SFU. */
  url: string
  apiKey: string
  apiSecret: string
  room: string
  publishers: number
  viewers: number
  /** Length of the measurement, after everybody receives. */
  seconds: number
  log: (line: string) => void
}

export interface LoadReport {
  options: Pick<LoadOptions, 'publishers' | 'viewers' | 'seconds'>
  /** Milliseconds from the start of a join to media, median and longest. */
  joinMs: { median: number; longest: number }
  /** Streams that the receivers ought to get, and those they got. */
  streams: { expected: number; received: number }
  /** One line for each receiver that lacked something. Empty when all received everything. */
  faults: string[]
  /** During the measurement, over all receivers. */
  packets: { received: number; perSecond: number; lost: number; changed: number; undecryptable: number }
  /** Percent of one core during the measurement; the server's processes only when it runs on this machine. */
  cpu: { name: string; percent: number }[]
}

const JOINS_AT_ONCE = 8
const FIRST_PACKET_LIMIT_MS = 15_000
/** Of the packets sent in the measurement; what is in flight at its ends is far less than the rest. */
const LEAST_SHARE = 0.8

/** @throws Error when somebody cannot join or publish; what merely arrives badly is in the report. */
export async function runLoad(clients: RtcClients, options: LoadOptions): Promise<LoadReport> {
  const { publishers, viewers, seconds, log } = options
  const participants: LoadParticipant[] = []
  const faults: string[] = []
  const joinTimes: number[] = []
  clients.on('failed', (peer: number, reason: string) => faults.push(`peer ${peer} failed: ${reason}`))

  const join = async (identity: string, index: number, canPublish: boolean) => {
    const { room, apiKey, apiSecret, url } = options
    const token = await accessToken(apiKey, apiSecret, identity, { room, canPublish, canSubscribe: true })
    const started = performance.now()
    const participant = await LoadParticipant.join({ url, token, identity, clients, peer: index * 2 })
    joinTimes.push(performance.now() - started)
    participants.push(participant)
    participant.on('broken', (error: Error) => faults.push(error.message))
    return participant
  }

  try {
    log(`${publishers} publishers join and publish`)
    const publishing = await inBatches(publishers, async index => {
      const participant = await join(`publisher-${index}`, index, true)
      await participant.publish(1 + index * 2)
      return participant
    })
    log(`${viewers} viewers join`)
    await inBatches(viewers, index => join(`viewer-${index}`, publishers + index, false))

    const published = publishing.flatMap(({ identity, published }) =>
      published.map(stream => ({ ...stream, identity })),
    )
    const wanted = participants.map(participant => ({
      participant,
      streams: published.filter(({ identity }) => identity !== participant.identity),
    }))
    const lacking = (peers: PeerStats[]) =>
      wanted.flatMap(({ participant, streams }) => {
        const missing = streams.filter(({ trackId, stream }) => {
          const ssrc = participant.offered.get(trackId)?.ssrc
          return !find(peers, participant, ssrc)?.packets || find(peers, participant, ssrc)?.stream !== stream
        })
        return missing.map(
          ({ identity, kind, trackId }) =>
            `${participant.identity} lacks ${identity}'s ${kind}${participant.offered.has(trackId) ? '' : ', which was not offered'}`,
        )
      })
    const deadline = Date.now() + FIRST_PACKET_LIMIT_MS
    while (lacking((await clients.stats()).peers).length > 0 && Date.now() < deadline)
      await new Promise(resolve => setTimeout(resolve, 200))

    log(`measuring for ${seconds} s`)
    const before = { at: performance.now(), cpu: cpuTimes(options.url, clients), ...(await clients.stats()) }
    await new Promise(resolve => setTimeout(resolve, seconds * 1000))
    const after = { at: performance.now(), cpu: cpuTimes(options.url, clients), ...(await clients.stats()) }
    const elapsedMs = after.at - before.at

    faults.push(...lacking(after.peers))
    const packets = { received: 0, perSecond: 0, lost: 0, changed: 0, undecryptable: 0 }
    let received = 0
    for (const { participant, streams } of wanted) {
      packets.undecryptable +=
        after.peers.find(peer => peer.id === participant.subscriberPeer)?.undecryptable ?? 0
      for (const { trackId, stream, identity, kind } of streams) {
        const ssrc = participant.offered.get(trackId)?.ssrc
        const last = find(after.peers, participant, ssrc)
        const first = find(before.peers, participant, ssrc)
        const count = (last?.packets ?? 0) - (first?.packets ?? 0)
        const sent = sentOf(after.peers, stream) - sentOf(before.peers, stream)
        packets.received += count
        packets.lost += (last?.lost ?? 0) - (first?.lost ?? 0)
        packets.changed += (last?.packets ?? 0) - (last?.intact ?? 0)
        if (last?.stream === stream && count >= sent * LEAST_SHARE && sent > 0) received++
        else if (last?.stream === stream)
          faults.push(`${participant.identity} got ${count} of ${sent} packets of ${identity}'s ${kind}`)
      }
    }
    packets.perSecond = Math.round((packets.received / elapsedMs) * 1000)
    if (packets.changed > 0) faults.push(`${packets.changed} packets arrived changed`)
    if (packets.undecryptable > 0) faults.push(`${packets.undecryptable} packets could not be decrypted`)

    joinTimes.sort((a, b) => a - b)
    return {
      options: { publishers, viewers, seconds },
      joinMs: {
        median: Math.round(joinTimes[joinTimes.length >> 1] ?? 0),
        longest: Math.round(joinTimes.at(-1) ?? 0),
      },
      streams: { expected: wanted.reduce((sum, { streams }) => sum + streams.length, 0), received },
      faults,
      packets,
      cpu: [...after.cpu].map(([name, ms]) => ({
        name,
        percent: Math.round(((ms - (before.cpu.get(name) ?? 0)) / elapsedMs) * 1000) / 10,
      })),
    }
  } finally {
    for (const participant of participants) participant.close()
  }
}

/** The report as lines for a person. */
export function formatReport(report: LoadReport): string[] {
  const { options, joinMs, streams, packets, cpu, faults } = report
  return [
    `${options.publishers} publishers, ${options.viewers} viewers, ${options.seconds} s`,
    `joined: median ${joinMs.median} ms, longest ${joinMs.longest} ms`,
    `streams received: ${streams.received} of ${streams.expected}`,
    `packets received: ${packets.received} (${packets.perSecond}/s), lost: ${packets.lost}, changed: ${packets.changed}`,
    ...cpu.map(({ name, percent }) => `cpu ${name}: ${percent} %`),
    ...faults.slice(0, 20).map(fault => `fault: ${fault}`),
    ...(faults.length > 20 ? [`and ${faults.length - 20} more faults`] : []),
  ]
}

const find = (peers: PeerStats[], participant: LoadParticipant, ssrc: number | undefined) =>
  peers.find(peer => peer.id === participant.subscriberPeer)?.received.find(stream => stream.ssrc === ssrc)

const sentOf = (peers: PeerStats[], stream: number) =>
  peers.flatMap(peer => peer.sent).find(sent => sent.stream === stream)?.packets ?? 0

async function inBatches<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let from = 0; from < count; from += JOINS_AT_ONCE) {
    const size = Math.min(JOINS_AT_ONCE, count - from)
    results.push(...(await Promise.all(Array.from({ length: size }, (_, index) => work(from + index)))))
  }
  return results
}

/** Milliseconds of CPU so far, by a name for people. */
function cpuTimes(url: string, clients: RtcClients): Map<string, number> {
  const times = new Map<string, number>()
  const { hostname, port, protocol } = new URL(url)
  const isLocal = hostname === 'localhost' || hostname.startsWith('127.')
  const node = isLocal ? listenerOf(Number(port || (/s:$/.test(protocol) ? 443 : 80))) : undefined
  if (node !== undefined) {
    times.set('sfu node', processFacts(node)?.cpuMs ?? 0)
    for (const [index, pid] of workersOf(node).entries())
      times.set(`sfu worker ${index} (pid ${pid})`, processFacts(pid)?.cpuMs ?? 0)
  }
  const { user, system } = process.cpuUsage()
  times.set('load tool, signalling', (user + system) / 1000)
  times.set('load tool, media', processFacts(clients.pid ?? 0)?.cpuMs ?? 0)
  return times
}
