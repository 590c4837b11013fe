/** The province's meeting from its schedule to its film, with one node killed on the way, and what became of everybody. */
import path from 'node:path'
import { createPrisma, type Db } from '@diemcau/prisma/client.ts'
import { FloorClient } from '../../web/live/floor-client.ts'
import { pause } from '../chaos/chaos-cluster.ts'
import { tally } from '../chaos/kills/ledger.ts'
import { PortalDoor } from '../chaos/kills/portal-door.ts'
import type { Product } from '../chaos/kills/product.ts'
import { filmLengthMs } from '../chaos/kills/read-recording.ts'
import { MachineWatch } from '../chaos/measure-machine.ts'
import { type ParticipantReport, participantReport, sum } from '../load/participant-report.ts'
import type { PeerStats } from '../worker/rtc-clients.mjs'
import type { Attendee } from './attendee.ts'
import { FloorLife } from './floor-life.ts'
import { type Crowd, type GatherOptions, gather } from './gathering.ts'
import { LoadWatch, type Part } from './machine-load.ts'
import { lackingOf, outagesOf, spreadOf } from './outages.ts'
import type { MediaFigures, ProvinceReport } from './province-report.ts'
import { attendanceFaults, floorFaults } from './read-after.ts'
import { type ProvinceMeeting, scheduleProvince } from './schedule.ts'
import { watchesOf } from './watches.ts'

/** One in so many delegates raises a hand now and then. */
const RAISING = 5
/** For everybody to get everything, and for all to be back after the kill. */
const WHOLE_MS = 60_000
const LOOK_MS = 500
const REST_MS = 30_000
const RECORDING_MS = 60_000
/** A film is made in this time and as long as it is itself. */
const FILM_MS = 600_000
/** Gaps are filled, and encoders round. */
const FILM_SLACK_MS = 5_000

export interface ProvinceOptions extends Omit<GatherOptions, 'portalUrl' | 'meeting'> {
  product: Product
  halls: number
  /** Of the program ensureRtcClients compiled. */
  program: string
  seconds: number
  /** Undefined: nothing is killed. */
  killAtS: number | undefined
  ffprobe: string
  isFilmAwaited: boolean
}

interface Moment {
  at: number
  peers: Map<number, PeerStats>
}

/** @throws Error when the meeting cannot be scheduled or watched at all; what was lost in it is in the report */
export async function runProvince(options: ProvinceOptions): Promise<ProvinceReport> {
  const db = createPrisma(await options.product.databaseUrl, 2)
  const run = new Province(options, db)
  try {
    return await run.play()
  } finally {
    await run.close()
    await db.$disconnect()
  }
}

class Province {
  readonly #options: ProvinceOptions
  readonly #db: Db
  readonly #crowd: Crowd = {
    halls: [],
    delegates: [],
    real: [],
    choices: new Map(),
    admittedMs: [],
    enteredMs: [],
    faults: [],
  }
  readonly #lost: string[] = []
  #chair: FloorClient | undefined
  #machine: MachineWatch | undefined

  constructor(options: ProvinceOptions, db: Db) {
    this.#options = options
    this.#db = db
  }

  async play(): Promise<ProvinceReport> {
    const { product, halls, delegates, seconds, killAtS, say, clients, program } = this.#options
    const meeting = await scheduleProvince({
      portalUrl: product.portalUrl,
      db: this.#db,
      password: product.account.password,
      halls,
      delegates: delegates + this.#options.real,
    })
    const life = new FloorLife(await this.#seatChair(meeting))
    clients.on('failed', (peer: number, reason: string) =>
      this.#people
        .find(({ coming }) => coming !== undefined && coming.peer === peer - (peer % 2))
        ?.fail(`its media: ${reason}`),
    )
    life.admit()
    await gather({ ...this.#options, portalUrl: product.portalUrl, meeting }, this.#crowd)
    this.#lost.push(
      ...this.#crowd.faults,
      ...(await this.#whenWhole()).map(line => `at the beginning: ${line}`),
    )
    const recording = await this.#whenRecorded(meeting.id)

    say(`everybody is in; the meeting goes on for ${seconds} s`)
    this.#machine = await MachineWatch.create(program)
    const load = await LoadWatch.start(() => this.#parts())
    life.live(this.#crowd.delegates.filter((_, index) => index % RAISING === 0))
    // Halls come before there is anything to get.
    const latecomers = new Set(this.#crowd.delegates.map(({ identity }) => identity))
    const firsts = this.#reports({ at: 0, peers: new Map() }, await this.#moment()).filter(({ identity }) =>
      latecomers.has(identity),
    )
    const before = await this.#window(killAtS ?? seconds)
    const kill = killAtS === undefined ? undefined : await this.#kill()
    const after = kill === undefined ? undefined : await this.#window(Math.max(1, seconds - killAtS!))
    const machineLoad = await load.stop()
    const { stallMs, waitMs } = await this.#machine.read()

    say('the meeting ends')
    await life.rest(REST_MS)
    const stopped = await this.#chair!.send({ type: 'recording_stop' })
    const stoppedAt = Date.now()
    if (!stopped.ok) this.#lost.push(`recording_stop was refused: ${stopped.code}`)
    await Promise.all([...this.#people, ...this.#crowd.real].map(leave))
    const attendance = await attendanceFaults(this.#db, meeting, this.#crowd)
    const floor = await floorFaults(this.#db, meeting.id, life)
    this.#lost.push(...attendance.faults, ...floor)
    const ended = await this.#chair!.send({ type: 'end_meeting' })
    if (!ended.ok) this.#lost.push(`end_meeting was refused: ${ended.code}`)
    const film = await this.#film(recording, stoppedAt)
    return {
      size: { halls, delegates, real: this.#options.real, nodes: product.plans.length, seconds },
      raisedPlaces: meeting.raisedPlaces,
      joins: {
        admittedMs: spreadOf(this.#crowd.admittedMs),
        enteredMs: spreadOf(this.#crowd.enteredMs),
        firstPacketMs: spreadOf(firsts.flatMap(({ firstPacketMs }) => firstPacketMs ?? [])),
        firstPictureMs: spreadOf(firsts.flatMap(({ firstPictureMs }) => firstPictureMs ?? [])),
      },
      before,
      kill,
      after,
      attendance,
      floor: {
        hands: tally([...life.hands.values()].flat()),
        calls: tally(life.calls),
        slowestMs: life.slowestMs,
      },
      film,
      load: { ...machineLoad, stallMs, waitMs },
      lost: this.#lost,
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#people, ...this.#crowd.real].map(one => one.close()))
    this.#chair?.close()
    this.#machine?.close()
  }

  get #people(): Attendee[] {
    return [...this.#crowd.halls, ...this.#crowd.delegates]
  }

  async #seatChair(meeting: ProvinceMeeting): Promise<FloorClient> {
    const { portalUrl } = this.#options.product
    const door = new PortalDoor(portalUrl, meeting.code, { cookie: meeting.chairCookie })
    const { ticket } = await door.enter()
    const chair = new FloorClient(
      async () => (await door.enter()).ticket,
      () => {},
      portalUrl,
    )
    this.#chair = chair
    chair.connect(ticket)
    return chair
  }

  async #parts(): Promise<Part[]> {
    const { product, clients } = this.#options
    const names = [...product.plans.map(({ name }) => name), 'portal', 'recordings', 'postgres', 'redis']
    const pids = await Promise.all(names.map(async name => ({ name, pid: await product.pidOf(name) })))
    return [
      ...pids,
      { name: 'load tool, signalling', pid: process.pid },
      { name: 'load tool, media', pid: clients.pid },
    ].filter(({ pid }) => pid !== undefined)
  }

  get #watches() {
    return watchesOf(
      this.#people,
      this.#crowd.choices,
      new Map(this.#crowd.halls.map(hall => [hall.identity, hall])),
    )
  }

  async #moment(): Promise<Moment> {
    const { peers } = await this.#options.clients.stats()
    return { at: Date.now(), peers: new Map(peers.map(peer => [peer.id, peer])) }
  }

  /** @returns what is lacking after the limit */
  async #whenWhole(): Promise<string[]> {
    const deadline = performance.now() + WHOLE_MS
    for (;;) {
      const lacking = lackingOf(this.#watches, (await this.#moment()).peers)
      if (lacking.length === 0 || performance.now() > deadline || this.#options.signal.aborted) return lacking
      await pause(LOOK_MS)
    }
  }

  async #whenRecorded(
    meetingId: string,
  ): Promise<{ id: string; egressId: string; startedAt: number } | undefined> {
    const deadline = Date.now() + RECORDING_MS
    for (;;) {
      const row = await this.#db.recording.findFirst({ where: { meetingId, status: 'recording' } })
      if (row?.egressId && row.startedAt)
        return { id: row.id, egressId: row.egressId, startedAt: row.startedAt.getTime() }
      if (Date.now() > deadline || this.#options.signal.aborted) {
        this.#lost.push('recording: the planned one did not begin')
        return undefined
      }
      await pause(LOOK_MS)
    }
  }

  #reports(before: Moment, after: Moment): ParticipantReport[] {
    const people = new Map(this.#people.map(one => [one.identity, one.coming]))
    return this.#watches.flatMap(({ identity, peer, streams }) => {
      const coming = people.get(identity)
      if (peer === undefined || coming === undefined) return []
      const wanted = streams.flatMap(({ stream }) => stream ?? [])
      return [
        participantReport(
          {
            identity,
            peer,
            startedAt: coming.startedAt,
            connectedAt: coming.connectedAt,
            wanted,
            heldBack: [],
          },
          before.peers.get(peer),
          after.peers.get(peer),
        ),
      ]
    })
  }

  async #window(seconds: number): Promise<MediaFigures> {
    const { clients, signal } = this.#options
    clients.window()
    const start = await this.#moment()
    const until = performance.now() + seconds * 1000
    while (performance.now() < until && !signal.aborted)
      await pause(Math.min(LOOK_MS, until - performance.now()))
    const end = await this.#moment()
    const reports = this.#reports(start, end)
    this.#lost.push(...lackingOf(this.#watches, end.peers))
    for (const { identity, streams, packets } of reports)
      if (streams.expected > 0 && packets === 0) this.#lost.push(`${identity} got nothing for ${seconds} s`)
    const total = (pick: (one: ParticipantReport) => number) => sum(reports.map(pick))
    const elapsedS = (end.at - start.at) / 1000
    return {
      seconds: elapsedS,
      packets: total(({ packets }) => packets),
      lost: total(({ lost }) => lost),
      mbit: (total(({ bytes }) => bytes) * 8) / elapsedS / 1e6,
      longGaps: total(({ longGaps }) => longGaps),
      longestGapMs: Math.max(0, ...reports.map(({ longestGapMs }) => longestGapMs)),
      freezes: total(({ freezes }) => freezes),
      frozenMs: total(({ frozenMs }) => frozenMs),
      breaks: sum(this.#people.map(({ breaks }) => breaks.length)),
    }
  }

  /** The node that serves most is killed; resolves once everybody gets everything again, or after the limit. */
  async #kill(): Promise<ProvinceReport['kill']> {
    const { product, clients, say, signal } = this.#options
    const nodeOf = new Map(this.#people.map(({ identity }) => [identity, product.nodeOf(identity)]))
    const sizes = product.plans.map((_, node) => [...nodeOf.values()].filter(one => one === node).length)
    const node = sizes.indexOf(Math.max(...sizes))
    const { name } = product.plans[node]!
    const pid = await product.pidOf(name)
    if (pid === undefined) throw new Error(`${name} is not running`)
    const hit = this.#people.filter(({ identity }) => nodeOf.get(identity) === node)
    say(`${name} is killed; it serves ${hit.length} of ${this.#people.length}`)
    for (const one of this.#crowd.real) one.startWindow()
    clients.window()
    const at = Date.now()
    process.kill(pid, 'SIGKILL')
    const isBack = ({ coming }: Attendee) => coming !== undefined && coming.startedAt > at
    while (!hit.every(isBack) && Date.now() - at < WHOLE_MS && !signal.aborted) await pause(LOOK_MS / 5)
    const backMs = hit.flatMap(({ coming }) =>
      coming && coming.startedAt > at ? [coming.connectedAt - at] : [],
    )
    this.#lost.push(...hit.filter(one => !isBack(one)).map(({ identity }) => `${identity} did not come back`))
    const lacking = await this.#whenWhole()
    this.#lost.push(...lacking.map(line => `after the kill: ${line}`))
    while ((await product.pidOf(name)) === pid || !(await product.isWell(name))) {
      if (Date.now() - at > 2 * WHOLE_MS || signal.aborted) {
        this.#lost.push(`${name} did not come back`)
        break
      }
      await pause(LOOK_MS / 5)
    }
    const nodeBackMs = Date.now() - at
    const { peers } = await this.#moment()
    const watches = this.#watches
    const gone = new Set(hit.map(({ identity }) => identity))
    const outagesFor = (isIn: (watch: (typeof watches)[number]) => boolean) =>
      spreadOf(outagesOf(watches.filter(isIn), peers, at).map(({ ms }) => ms))
    const watchesGone = ({ streams }: (typeof watches)[number]) => streams.some(({ from }) => gone.has(from))
    return {
      node: name,
      hit: hit.length,
      nodeBackMs,
      backMs: spreadOf(backMs),
      ofHitMs: outagesFor(({ identity }) => gone.has(identity)),
      ofWatchersMs: outagesFor(watch => !gone.has(watch.identity) && watchesGone(watch)),
      ofOthersMs: outagesFor(watch => !gone.has(watch.identity) && !watchesGone(watch)),
      ofRealMs: spreadOf(this.#crowd.real.map(({ longestMs }) => longestMs)),
    }
  }

  async #film(
    recording: { id: string; egressId: string; startedAt: number } | undefined,
    stoppedAt: number,
  ): Promise<ProvinceReport['film']> {
    const { product, signal, say, ffprobe, isFilmAwaited } = this.#options
    if (recording === undefined || !isFilmAwaited) return undefined
    const recordedMs = stoppedAt - recording.startedAt
    const deadline = Date.now() + FILM_MS + recordedMs
    say('waiting for the film (Ctrl-C leaves it)')
    while (!signal.aborted && Date.now() < deadline) {
      const { status, error } = await this.#db.recording.findUniqueOrThrow({ where: { id: recording.id } })
      if (status === 'failed') {
        this.#lost.push(`recording: the film could not be made: ${error}`)
        return undefined
      }
      if (status === 'ready') {
        const file = path.join(product.dataDir, 'recordings', recording.egressId, 'recording.mp4')
        const lengthMs = await filmLengthMs(file, ffprobe)
        if (Math.abs(lengthMs - recordedMs) > FILM_SLACK_MS)
          this.#lost.push(`recording: the film has ${lengthMs} ms of ${recordedMs}`)
        return { lengthMs, recordedMs }
      }
      await pause(LOOK_MS)
    }
    if (!signal.aborted) this.#lost.push('recording: the film is not ready')
    return undefined
  }
}

const leave = (one: Attendee | Crowd['real'][number]): Promise<void> =>
  'leaveRoom' in one ? one.leaveRoom() : one.close()
