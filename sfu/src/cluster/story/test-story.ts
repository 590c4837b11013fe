/** Nodes that tell stories to one record in memory, as the tests of this folder use them. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AppError } from '@diemcau/core/errors.ts'
import { newId, newParticipantId, newTrackId, type ParticipantId, type RoomId } from '@diemcau/core/ids.ts'
import { ParticipantInfo, ParticipantInfo_State, Room, TrackInfo } from '@livekit/protocol'
import { expect, onTestFinished } from 'vitest'
import { silentLog } from '../../room/base/log.ts'
import { RecordSteps } from '../node/record-steps.ts'
import { draftOf } from '../node/room-body.ts'
import type { ClusterRecord } from '../record/cluster-record.ts'
import { MemoryRecord } from '../record/memory-record.ts'
import type { Incarnation, OwedEnding, RoomFacts } from '../record/record-types.ts'
import { StoryDelivery, type StoryDeliveryOptions } from './story-delivery.ts'
import { StoryJournal } from './story-journal.ts'
import { StoryTeller } from './story-teller.ts'
import { KEY, Receiver } from './test-receiver.ts'

/** A record as one node reaches it. */
export class Line {
  /** `deaf`: steps are done, and their answers lost. */
  state: 'up' | 'away' | 'deaf' = 'up'
  readonly calls: string[] = []
  readonly record: ClusterRecord

  constructor(record: ClusterRecord) {
    this.record = new Proxy(record, {
      get: (target, name: keyof ClusterRecord) => {
        const step = target[name] as (...args: unknown[]) => Promise<unknown>
        return async (...args: unknown[]) => {
          this.calls.push(name)
          if (this.state === 'away') throw new AppError('unavailable', 'the record is away')
          const answer = await step.apply(target, args)
          if (this.state === 'deaf') throw new AppError('unavailable', 'the answer was lost')
          return answer
        }
      },
    })
  }
}

export interface TestSeat {
  roomSid: RoomId
  roomName: string
  identity: string
  psid: ParticipantId
  isActive: boolean
  tracks: TrackInfo[]
  version: number
}

interface NodeOptions extends Partial<StoryDeliveryOptions> {
  mostWaiting?: number
  host?: string
}

export class StoryCluster<R extends ClusterRecord = ClusterRecord> {
  readonly record: R
  readonly receivers: Receiver[] = []
  readonly nodes: TestNode[] = []

  constructor(record: R) {
    this.record = record
    onTestFinished(async () => {
      for (const node of this.nodes) await node.stop()
      await record.close()
    })
  }

  get receiver(): Receiver {
    return this.receivers[0]!
  }
  async listen(receivers: number): Promise<void> {
    for (let i = 0; i < receivers; i++) this.receivers.push(await Receiver.create())
  }
  async node(options: NodeOptions = {}): Promise<TestNode> {
    const node = await TestNode.create(this, options)
    this.nodes.push(node)
    return node
  }
  async undelivered(): Promise<string[]> {
    return await this.record.undelivered()
  }
}

/** On a record in memory. */
export class TestCluster extends StoryCluster<MemoryRecord> {
  readonly #leap: { ms: number }

  private constructor(leap: { ms: number }) {
    super(new MemoryRecord(() => Date.now() + leap.ms))
    this.#leap = leap
  }
  static async create({ receivers = 1 } = {}): Promise<TestCluster> {
    const cluster = new TestCluster({ ms: 0 })
    cluster.record.steps.begin()
    await cluster.listen(receivers)
    return cluster
  }

  /** So much time has passed on the record's clock. */
  leap(ms: number): void {
    this.#leap.ms += ms
  }
  /** Everything is forgotten; nodes fill it again as soon as they notice. Until `open` it takes nothing else. */
  empty(): void {
    this.record.steps.empty()
    const beat = { inst: newId<Incarnation>('ND_'), host: 'a:1', facts: '', load: '', heard: [] }
    this.record.steps.beat({ ...beat, deadlineMs: Number.MAX_SAFE_INTEGER })
  }
  /** The time for that is over as soon as all living nodes have filled it. @throws Error after `timeoutMs` */
  async open(timeoutMs = 10_000): Promise<void> {
    const { steps } = this.record
    const isLate = (node: TestNode) =>
      node.steps.ended === undefined && node.steps.era !== steps.stamp().era.id
    for (const until = performance.now() + timeoutMs; this.nodes.some(isLate); ) {
      if (performance.now() > until) throw new Error('a node has not filled the record')
      await new Promise(resolve => setTimeout(resolve, 5))
    }
    this.leap(Math.max(0, steps.stamp().era.openFromMs - steps.stamp().atMs))
  }
  bury(dead: TestNode, by: TestNode): void {
    const count = this.record.steps.state.nodes.get(dead.inst)?.count ?? 0
    const { era, atMs } = this.record.steps.stamp()
    const call = { inst: by.inst, era: era.id, deadlineMs: atMs + 1_000, dead: dead.inst, count }
    expect(this.record.steps.bury(call)).toMatchObject({ value: 'buried_now' })
  }
}

export class TestNode {
  readonly cluster: StoryCluster
  readonly inst = newId<Incarnation>('ND_')
  readonly line: Line
  readonly steps: RecordSteps
  readonly seats = new Set<TestSeat>()
  readonly finished: RoomId[] = []
  readonly dataDir: string
  readonly logged: { level: string; message: string; fields: object }[] = []
  readonly #rooms = new Map<RoomId, RoomFacts>()
  /** Whose leaving is not told yet. */
  readonly #leaving = new Set<TestSeat>()
  readonly #ended: { roomSid: RoomId; psid: ParticipantId }[] = []
  teller!: StoryTeller
  /** As by a disk that refuses. */
  breakJournal!: () => void
  delivery!: StoryDelivery
  #isStopped = false
  #inbox: Promise<void> = Promise.resolve()

  private constructor(cluster: StoryCluster, dataDir: string) {
    this.cluster = cluster
    this.dataDir = dataDir
    this.line = new Line(cluster.record)
    this.steps = new RecordSteps({
      record: this.line.record,
      inst: this.inst,
      restore: era => this.#restore(era),
      onBuried: () => {},
    })
  }

  static async create(
    cluster: StoryCluster,
    { mostWaiting, host, ...options }: NodeOptions,
  ): Promise<TestNode> {
    const node = new TestNode(cluster, options.dataDir ?? mkdtempSync(path.join(tmpdir(), 'story-')))
    await node.steps.tune()
    await node.steps.once(call => node.steps.record.hello({ ...call, host: host ?? node.dataDir, facts: '' }))
    const note = (level: string) => (fields: object, message: string) =>
      void node.logged.push({ level, message, fields })
    const log = { ...silentLog, warn: note('warn'), error: note('error') }
    node.delivery = StoryDelivery.start({
      steps: node.steps,
      urls: cluster.receivers.map(({ url }) => url),
      key: KEY,
      log,
      dataDir: node.dataDir,
      firstRetryMs: 20,
      maxRetryMs: 100,
      ...options,
    })
    const journal = StoryJournal.open({ dataDir: node.dataDir, inst: node.inst, log })
    node.breakJournal = () => journal.close(false)
    node.teller = new StoryTeller({
      steps: node.steps,
      log,
      journal,
      onTold: name => node.delivery.wake(name),
      onEnded: (roomSid, psid) => {
        for (const seat of node.#leaving) if (seat.psid === psid) node.#leaving.delete(seat)
        node.#ended.push({ roomSid, psid })
      },
      onFinished: sid => void node.finished.push(sid),
      ...(mostWaiting === undefined ? {} : { mostWaiting }),
    })
    node.#inbox = node.#readInbox()
    return node
  }

  errors(): string[] {
    return this.logged.filter(({ level }) => level === 'error').map(({ message }) => message)
  }

  async join(roomName: string, identity: string): Promise<TestSeat> {
    const psid = newParticipantId()
    const options = {
      name: roomName,
      emptyTimeoutS: 60,
      departureTimeoutS: 60,
      maxParticipants: 0,
      metadata: `about ${roomName}`,
    }
    const draft = draftOf(newId<RoomId>('RM_'), { options, createdAtMs: Date.now() })
    const seat = { roomName, identity, psid, isActive: false, tracks: [], version: 0 }
    const answer = await this.steps.within(2_000, call =>
      this.steps.record.join({
        ...call,
        roomName,
        psid,
        identity,
        isCounted: true,
        isForwarded: false,
        tokenFromS: null,
        epochSeen: 0,
        draft,
        info: '',
      }),
    )
    if (answer.is !== 'claimed') throw new Error(`no claim: ${JSON.stringify(answer)}`)
    this.#rooms.set(answer.room.sid, answer.room)
    const whole = { ...seat, roomSid: answer.room.sid }
    this.seats.add(whole)
    this.note(whole)
    return whole
  }
  async joined(roomName: string, identity: string): Promise<TestSeat> {
    const seat = await this.join(roomName, identity)
    this.activate(seat)
    return seat
  }

  activate(seat: TestSeat): void {
    seat.isActive = true
    this.note(seat)
    this.#tell('participant_joined', seat)
  }
  publish(seat: TestSeat): TrackInfo {
    const track = new TrackInfo({ sid: newTrackId() })
    seat.tracks.push(track)
    this.#tell('track_published', seat, track)
    // As in rooms: what changed in a step is noted when it is over.
    queueMicrotask(() => this.note(seat))
    return track
  }
  unpublish(seat: TestSeat, track: TrackInfo): void {
    seat.tracks.splice(seat.tracks.indexOf(track), 1)
    this.#tell('track_unpublished', seat, track)
    queueMicrotask(() => this.note(seat))
  }
  leave(seat: TestSeat): void {
    for (const track of [...seat.tracks]) this.unpublish(seat, track)
    this.seats.delete(seat)
    this.#leaving.add(seat)
    this.#tell(seat.isActive ? 'participant_left' : 'participant_connection_aborted', seat)
  }
  async close(roomSid: RoomId, reason = 'deleted'): Promise<void> {
    for (const seat of [...this.seats]) if (seat.roomSid === roomSid) this.leave(seat)
    const room = this.#rooms.get(roomSid)
    if (room) this.#rooms.set(roomSid, { ...room, state: 'closing', closeReason: reason })
    await this.steps.within(5_000, call => this.steps.record.closeRoom({ ...call, roomSid, reason }))
    this.delivery.wake()
  }
  note(seat: TestSeat): void {
    seat.version++
    this.teller.noteSeat(seat.roomSid, seat.identity, seat.psid, seat.version, infoOf(seat).toBinary())
  }

  /** At once, as by kill -9: nothing more goes out. What is on its disk stays for `restarted`. */
  async kill(): Promise<void> {
    this.line.state = 'away'
    this.steps.end('killed')
    await this.#end(0)
  }
  /** A new incarnation on what a killed one left. */
  async restarted({ host = this.dataDir } = {}): Promise<TestNode> {
    const node = await this.cluster.node({ dataDir: this.dataDir, host })
    void node.teller.recover()
    return node
  }
  get journals(): string[] {
    return readdirSync(path.join(this.dataDir, 'outbox', 'story'))
  }
  async stop(graceMs = 0): Promise<void> {
    await this.#end(graceMs)
    rmSync(this.dataDir, { recursive: true, force: true })
  }
  async #end(graceMs: number): Promise<void> {
    this.#isStopped = true
    await this.teller.close(graceMs)
    await this.delivery.close(graceMs)
    await this.#inbox
  }

  #tell(event: string, seat: TestSeat, track?: TrackInfo): void {
    const room = new Room({ sid: seat.roomSid, name: seat.roomName })
    this.teller.emit({ event, room, participant: infoOf(seat), ...(track ? { track } : {}) })
  }

  async #readInbox(): Promise<void> {
    let readTo = '0'
    while (!this.#isStopped) {
      try {
        // As a beat does: a new era is noticed.
        await this.steps.tune()
        const entries = await this.line.record.readInbox(this.inst, readTo, 100, 20)
        readTo = entries.at(-1)?.id ?? readTo
        for (const { message } of entries) {
          if (message.type === 'delivered') this.teller.delivered(message.ids)
          if (message.type === 'buried') void this.teller.inherit(message.inst)
        }
      } catch {
        // The record is away.
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
  }

  async #restore(era: string): Promise<boolean> {
    const seats = [...this.seats, ...this.#leaving]
    const owed = seats.map(
      (seat): OwedEnding => ({
        ...this.#claim(seat),
        roomName: seat.roomName,
        isActive: seat.isActive,
        version: seat.version,
        info: Buffer.from(infoOf(seat).toBinary()).toString('base64'),
      }),
    )
    const answer = await this.steps.record.restore({
      inst: this.inst,
      era,
      deadlineMs: this.steps.deadline(1_000),
      burials: [],
      over: [],
      rooms: [...this.#rooms.values()],
      ended: this.#ended,
      claims: seats.map(seat => this.#claim(seat)),
      owed,
      kept: [],
      revoked: [],
      events: this.teller.undelivered(),
    })
    return answer.outcome === 'done'
  }
  #claim({ roomSid, identity, psid }: TestSeat) {
    return { roomSid, identity, psid, inst: this.inst, epoch: 1, isCounted: true, isForwarded: false }
  }
}

const infoOf = ({ psid, identity, tracks, isActive }: TestSeat): ParticipantInfo =>
  new ParticipantInfo({
    sid: psid,
    identity,
    tracks,
    state: isActive ? ParticipantInfo_State.ACTIVE : ParticipantInfo_State.JOINED,
  })
