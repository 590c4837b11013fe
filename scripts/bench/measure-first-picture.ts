/** How long a viewer waits for the first picture: on the publisher's node, on others of a cluster, and on a server alone, in turn in one run. */
import { randomBytes } from 'node:crypto'
import { openProcesses } from '../../sfu/test/cluster-support/set-ups.ts'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import type { SfuAccess } from '../../testing/sfu-access.ts'
import { startSfu } from '../../testing/start-sfu.ts'
import { TestWebhooks } from '../../testing/webhook-receiver.ts'
import { percentile } from '../load/participant-report.ts'

/** Where a viewer is, seen from the publisher; all but `alone` in one room of a cluster of three nodes with one media worker each. */
export const PLACES = {
  same: 'on the same node',
  first: 'on another node, the first one there',
  next: 'on that node, which has the track',
  alone: 'on a server alone, without Redis',
} as const
export type Place = keyof typeof PLACES

/** What the picture is waited for since. With `join` the viewer subscribes to all as it comes in. */
export const SINCE = { join: 'connect()', subscription: 'setSubscribed()' } as const
export type Since = keyof typeof SINCE

/** Of one viewer, ms. */
export interface Wait {
  since: Since
  place: Place
  /** From the call of connect() until it resolved. */
  connectMs: number
  pictureMs: number
}

export interface FirstPictureReport {
  waits: Wait[]
  /** CPU of this process, with all clients, in percent of one core: near 100 times the cores it measures itself. */
  generatorCpuPercent: number
  seconds: number
}

export interface FirstPictureInput {
  rounds: number
  log: (line: string) => void
}

const CAMERA = { width: 640, height: 360, fps: 30 }
const PUBLISHER = 'publisher'
/** Between two viewers, so that the key frame of one is not the other's: more than any wait for one. */
const APART_MS = 600
const POLL_MS = 10
const LIMIT_MS = 20_000

/** @throws Error when a viewer does not get a picture */
export async function measureFirstPictures({ rounds, log }: FirstPictureInput): Promise<FirstPictureReport> {
  const webhooks = await TestWebhooks.create('unused', 'unused')
  const closing: (() => Promise<unknown>)[] = [() => webhooks.down()]
  try {
    const cluster = await openProcesses(webhooks)
    closing.push(() => cluster.close())
    const alone = await startSfu({ workers: 1, webhooks })
    closing.push(() => alone.stop())
    const home = cluster.nodes[0]!
    const other = cluster.nodes[1]!
    const report: FirstPictureReport = { waits: [], generatorCpuPercent: 0, seconds: 0 }
    const startedAt = performance.now()
    const cpuBefore = process.cpuUsage()
    for (let round = 1; round <= rounds; round++) {
      for (const since of ['join', 'subscription'] as const) {
        const viewers: [Place, SfuAccess][] = [
          ['same', home],
          ['first', other],
          ['next', other],
        ]
        // Whoever is first pays for what the room has not done yet.
        if (round % 2 === 0) viewers.push(viewers.shift()!)
        report.waits.push(...(await inRoom(home, since, viewers)))
        report.waits.push(...(await inRoom(alone, since, [['alone', alone]])))
      }
      const last = report.waits.slice(-8).map(({ place, pictureMs }) => `${place} ${Math.round(pictureMs)}`)
      log(`round ${round} of ${rounds}: ${last.join(', ')} ms`)
    }
    const elapsedMs = performance.now() - startedAt
    const { user, system } = process.cpuUsage(cpuBefore)
    report.seconds = elapsedMs / 1000
    report.generatorCpuPercent = (user + system) / 10 / elapsedMs
    return report
  } finally {
    for (const close of closing.toReversed()) await close()
  }
}

/** A new room with a camera, into which viewers come one after the other and stay. */
async function inRoom(home: SfuAccess, since: Since, viewers: [Place, SfuAccess][]): Promise<Wait[]> {
  const room = `bench-${randomBytes(4).toString('hex')}`
  const peers: NativePeer[] = []
  try {
    const publisher = await NativePeer.join(
      home,
      { room, identity: PUBLISHER },
      { autoSubscribe: false, isWatching: false },
    )
    peers.push(publisher)
    await publisher.publishCamera(CAMERA)
    const waits: Wait[] = []
    for (const [place, node] of viewers) {
      await new Promise(resolve => setTimeout(resolve, APART_MS))
      const grants = { room, identity: place, canPublish: false }
      const viewer = await NativePeer.join(node, grants, { autoSubscribe: since === 'join' })
      peers.push(viewer)
      const connectMs = viewer.connectedAt - viewer.connectingAt
      const from = since === 'join' ? viewer.connectingAt : await subscribe(viewer)
      const reception = viewer.from(PUBLISHER)
      await eventually(
        () => (reception.firstVideoAt ? null : `no picture ${PLACES[place]}`),
        LIMIT_MS,
        POLL_MS,
      )
      waits.push({ since, place, connectMs, pictureMs: reception.firstVideoAt! - from })
    }
    return waits
  } finally {
    // The publisher last: or its viewers would be told of each end of a track.
    for (const peer of peers.toReversed()) await peer.leave()
  }
}

/** Once it knows of the camera. @returns when it asked */
async function subscribe(viewer: NativePeer): Promise<number> {
  const camera = () => [...(viewer.room.remoteParticipants.get(PUBLISHER)?.trackPublications.values() ?? [])]
  await eventually(() => (camera().length > 0 ? null : 'no camera is announced'), LIMIT_MS, POLL_MS)
  const from = performance.now()
  for (const publication of camera()) publication.setSubscribed(true)
  return from
}

/** What decides, ms: how much later the median viewer on another node has a picture than the one beside the publisher. */
export function laterBy(report: FirstPictureReport, since: Since, place: 'first' | 'next'): number {
  const median = (where: Place) => percentile(timesOf(report, since, where, 'pictureMs'), 50)
  return median(place) - median('same')
}

const timesOf = (report: FirstPictureReport, since: Since, place: Place, what: 'connectMs' | 'pictureMs') =>
  report.waits.filter(wait => wait.since === since && wait.place === place).map(wait => wait[what])

/** @returns what is not kept, one a line; none is as promised */
export function tooLate(report: FirstPictureReport, limitMs: number): string[] {
  return Object.keys(SINCE).flatMap(since =>
    (['first', 'next'] as const).flatMap(place => {
      const later = laterBy(report, since as Since, place)
      const isKept = later <= limitMs
      return isKept
        ? []
        : [
            `A picture ${PLACES[place]} comes ${later.toFixed(0)} ms later than ${PLACES.same} (since ${SINCE[since as Since]}, medians), which is more than ${limitMs} ms.`,
          ]
    }),
  )
}

export function formatFirstPictures(report: FirstPictureReport): string[] {
  const row = (name: string, values: number[]) =>
    `  ${name.padEnd(40)} p50 ${percentile(values, 50).toFixed(0).padStart(5)}   p95 ${percentile(values, 95).toFixed(0).padStart(5)}   (of ${values.length})`
  const places = Object.entries(PLACES) as [Place, string][]
  const sinces = Object.entries(SINCE) as [Since, string][]
  return [
    ...sinces.flatMap(([since, name]) => [
      `${name} to the first decoded picture, ms`,
      ...places.map(([place, title]) => row(title, timesOf(report, since, place, 'pictureMs'))),
      `  later than beside the publisher: the first one there ${laterBy(report, since, 'first').toFixed(0)}, the next one ${laterBy(report, since, 'next').toFixed(0)} (medians)`,
    ]),
    'connect(), ms',
    ...places.map(([place, title]) =>
      row(
        title,
        sinces.flatMap(([since]) => timesOf(report, since, place, 'connectMs')),
      ),
    ),
    `load generator: ${report.generatorCpuPercent.toFixed(0)} % of a core over ${report.seconds.toFixed(0)} s`,
  ]
}
