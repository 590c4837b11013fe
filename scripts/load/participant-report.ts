import type { PeerStats } from '../worker/rtc-clients.mjs'

/** What is known of a participant beside its media. */
export interface Presence {
  identity: string
  /** Of its receiving connection in the media clients. */
  peer: number
  /** When it began to join, and when its receiving connection stood; milliseconds since 1970. */
  startedAt: number
  connectedAt: number
  /** Numbers of the streams that it ought to get. */
  wanted: readonly number[]
  /** Those of them that the server has held back at times of the measurement for want of bandwidth. */
  heldBack: readonly number[]
}

/** How a participant fared. Times in ms, since it began to join. Counts are of the measurement, first times of its whole stay. */
export interface ParticipantReport {
  identity: string
  /** When it began to join, milliseconds since 1970. */
  startedAt: number
  joinMs: number
  /** Undefined when nothing came. */
  firstPacketMs: number | undefined
  firstPictureMs: number | undefined
  /** When the first packet of its last stream had come; undefined while one is missing. */
  completeMs: number | undefined
  streams: { expected: number; received: number }
  packets: number
  bytes: number
  lost: number
  /** Frames (of recorded streams) that arrived changed, and packets that could not be decrypted. */
  spoiled: number
  /** Streams that the server held back at times. */
  heldBack: number
  /** The longest time without a packet of any one stream, and how often it was more than 200 ms; of that, in streams that were held back. */
  longestGapMs: number
  longGaps: number
  heldBackGaps: number
  pictures: number
  freezes: number
  frozenMs: number
}

/** @param before the same peer when the measurement began; undefined when it was not there */
export function participantReport(
  presence: Presence,
  before: PeerStats | undefined,
  after: PeerStats | undefined,
): ParticipantReport {
  const { identity, startedAt, connectedAt, wanted, heldBack } = presence
  const flows = (after?.flows ?? []).filter(({ stream }) => wanted.includes(stream))
  const pictures = flows.flatMap(({ picture }) => picture ?? [])
  const held = flows.filter(({ stream }) => heldBack.includes(stream))
  const since = (pick: (peer: PeerStats) => number) => (after ? pick(after) : 0) - (before ? pick(before) : 0)
  const ofStreams = (pick: (received: PeerStats['received'][number]) => number) =>
    since(({ received }) => sum(received.filter(({ stream }) => wanted.includes(stream)).map(pick)))
  const first = (times: number[]) => (times.length > 0 ? Math.min(...times) - startedAt : undefined)
  return {
    identity,
    startedAt,
    joinMs: connectedAt - startedAt,
    firstPacketMs: first(flows.map(({ firstAt }) => firstAt)),
    firstPictureMs: first(pictures.map(({ firstAt }) => firstAt)),
    completeMs:
      flows.length < wanted.length ? undefined : Math.max(0, ...flows.map(flow => flow.firstAt - startedAt)),
    streams: { expected: wanted.length, received: flows.length },
    packets: ofStreams(({ packets }) => packets),
    bytes: ofStreams(({ octets }) => octets),
    lost: ofStreams(({ lost }) => lost),
    spoiled: ofStreams(({ spoiled }) => spoiled) + since(({ undecryptable }) => undecryptable),
    heldBack: heldBack.length,
    longestGapMs: Math.max(0, ...flows.map(({ gapMs }) => gapMs)),
    longGaps: sum(flows.map(({ longGaps }) => longGaps)),
    heldBackGaps: sum(held.map(({ longGaps }) => longGaps)),
    pictures: since(({ flows }) => sum(flows.map(({ picture }) => picture?.count ?? 0))),
    freezes: sum(pictures.map(({ freezes }) => freezes)),
    frozenMs: sum(pictures.map(({ frozenMs }) => frozenMs)),
  }
}

/** Nearest rank; NaN of nothing. */
export function percentile(values: number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN
}

export const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)

/** One line for each, as a table; times in ms. */
export function formatParticipants(reports: readonly ParticipantReport[]): string[] {
  const columns: [string, (report: ParticipantReport) => string | number][] = [
    ['participant', report => report.identity],
    ['join', report => report.joinMs],
    ['packet', report => report.firstPacketMs?.toFixed(0) ?? '-'],
    ['picture', report => report.firstPictureMs?.toFixed(0) ?? '-'],
    ['streams', ({ streams }) => `${streams.received}/${streams.expected}`],
    ['packets', report => report.packets],
    ['kB', report => (report.bytes / 1000).toFixed(0)],
    ['lost', report => report.lost],
    ['held back', report => report.heldBack],
    ['longest gap', report => report.longestGapMs.toFixed(0)],
    ['gaps > 200', report => report.longGaps],
    ['freezes', report => report.freezes],
    ['frozen', report => report.frozenMs.toFixed(0)],
  ]
  const rows = [
    columns.map(([name]) => name),
    ...reports.map(report => columns.map(([, value]) => `${value(report)}`)),
  ]
  const widths = columns.map((_, index) => Math.max(...rows.map(row => row[index]!.length)))
  return rows.map(row =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  )
}
