/**
 * One incarnation of this node in the cluster, from its hello to its burial or its end: it beats, hears of the others, asks for the burial of
 * those who do not beat any more, reads its inbox. A node that was buried begins anew with another session (ClusterNode).
 */
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import { ParticipantInfo_State } from '@livekit/protocol'
import type { Log } from '../../room/base/log.ts'
import type { RoomRegistry } from '../../room/room-registry.ts'
import { HeldWords } from '../api/held-words.ts'
import { KeptBook } from '../api/kept-book.ts'
import type { LinkListener, NodeLinks } from '../links/node-links.ts'
import type { ClusterRecord } from '../record/cluster-record.ts'
import type { Incarnation } from '../record/record-types.ts'
import { StoryJournal } from '../story/story-journal.ts'
import { StoryTeller } from '../story/story-teller.ts'
import { ClusterDirectory } from './cluster-directory.ts'
import { JoinDesk } from './join-desk.ts'
import { BEAT_MS, NodeBeats } from './node-beats.ts'
import { encodeNodeFacts } from './node-facts.ts'
import { nodeMemory } from './node-memory.ts'
import { OwnSeats } from './own-seats.ts'
import { PastRooms } from './past-rooms.ts'
import { RecordNews, SWEEP_MS } from './record-news.ts'
import { RecordSteps } from './record-steps.ts'
import { ReservedSeats } from './reserved-seats.ts'
import { SessionLoops } from './session-loops.ts'
import { type SessionTimes, sessionTimes } from './session-times.ts'
import { SharedRooms } from './shared-rooms.ts'

/** Between two tries to read the inbox of a record that is away, ms. */
const RETRY_MS = 300

export interface ClusterParts {
  record: ClusterRecord
  /**
   * Opens the links of a new incarnation; `address` is where others reach it. The session starts and closes them.
   * `clusterNowMs`: the record's time, the same at all nodes.
   */
  openLinks(self: Incarnation, clusterNowMs: () => number): Promise<{ links: NodeLinks; address: string }>
  /** The URL clients reach this node by itself; '' when there is none of its own. */
  url?: string
  /** Where other nodes reach its port for clients, host:port; '' when they do not: they hand nobody on to it. */
  signal?: string
  /** Networks of clients that this node has an address for, and whether it has one for all others; default: none of its own, and for all. */
  networks?: string[]
  servesAll?: boolean
}

export interface NodeSessionOptions {
  parts: ClusterParts
  registry: RoomRegistry
  log: Log
  /** Where what is told is put down, so that the next incarnation tells it after a kill. Absent: nowhere. */
  dataDir?: string
  times?: Partial<SessionTimes> | undefined
  /** How much this node has to do, for those who place newcomers. */
  load(): string
  /** Something new is to be told of this room name outside. */
  told(roomName: string): void
  /** What another node asks of this node itself and not of its rooms; undefined: it is no such call. Absent: there are none. */
  answerNode?: ((method: string, payload: Uint8Array) => Promise<Uint8Array> | undefined) | undefined
  /** Nothing it does counts any more. Called once. */
  onBuried(): void
}

export class NodeSession {
  readonly inst: Incarnation
  /** Where its links are, host:port. */
  readonly address: string
  readonly steps: RecordSteps
  readonly links: NodeLinks
  readonly rooms: SharedRooms
  readonly seats = new OwnSeats()
  readonly story: StoryTeller
  readonly desk: JoinDesk
  readonly reserved: ReservedSeats
  readonly kept: KeptBook
  readonly held: HeldWords
  readonly directory: ClusterDirectory
  readonly beats: NodeBeats
  /** It takes no newcomers any more; the others are told with the next beat. */
  isDraining = false
  readonly #options: NodeSessionOptions
  readonly #times: SessionTimes
  readonly #log: Log
  readonly #buried = new Set<Incarnation>()
  readonly #past = new PastRooms()
  readonly #ways = new Map<Incarnation, Set<() => void>>()
  readonly #loops: SessionLoops
  #isClosing = false

  private constructor(options: NodeSessionOptions, inst: Incarnation, links: NodeLinks, address: string) {
    const { parts, registry } = options
    this.#options = options
    this.#times = { ...sessionTimes, ...options.times }
    this.#log = options.log.child({ inst })
    this.inst = inst
    this.links = links
    this.address = address
    this.steps = new RecordSteps({
      record: parts.record,
      inst,
      restore: era => this.#restore(era),
      onBuried: options.onBuried,
    })
    this.#loops = new SessionLoops(this.#log, () => this.steps.ended !== undefined)
    this.beats = new NodeBeats({
      steps: this.steps,
      links,
      log: this.#log,
      address,
      facts: () => this.#facts(),
      load: options.load,
      buried: node => this.#burial(node),
    })
    this.story = new StoryTeller({
      steps: this.steps,
      log: this.#log,
      onTold: name => options.told(name),
      onEnded: (roomSid, psid) => {
        this.seats.remove(psid)
        this.rooms.get(roomSid)?.ended.add(psid)
      },
      ...(options.dataDir === undefined
        ? {}
        : { journal: StoryJournal.open({ dataDir: options.dataDir, inst, log: this.#log }) }),
    })
    this.rooms = new SharedRooms({
      times: this.#times,
      registry,
      steps: this.steps,
      links,
      log: this.#log,
      told: (entry, facts) => {
        const seat = this.seats.get(facts.id)
        if (!seat) return
        const { version } = facts
        const encoded = facts.encodedInfo()
        seat.version = version
        seat.info = Buffer.from(encoded).toString('base64')
        seat.isActive ||= facts.info().state === ParticipantInfo_State.ACTIVE
        this.story.noteSeat(entry.room.id, seat.identity, seat.psid, version, encoded)
      },
      ended: (_entry, { participantId }) => {
        const seat = this.seats.get(participantId)
        // When the leaving is told, the claim is given back. Of a second connection nothing but its tracks was told.
        if (!seat) return
        seat.isHeld = false
        if (seat.isSecond) this.story.left(seat.roomSid, seat.roomName, seat.psid)
      },
      closed: (facts, reason) => {
        this.#past.closed(facts, reason)
        this.reserved.roomClosed(facts.sid)
      },
    })
    this.kept = new KeptBook(this.steps, this.#log)
    this.held = new HeldWords(this.steps, this.#log)
    this.directory = new ClusterDirectory({
      local: registry,
      kept: this.kept,
      held: this.held,
      steps: this.steps,
      links,
      enter: record => this.rooms.enter(record),
      beats: this.beats,
      nodesOf: sid => [...(this.rooms.get(sid)?.nodes ?? [])],
      isWhole: sid => this.rooms.isWhole(sid),
      apply: record => this.rooms.apply(record),
    })
    this.desk = new JoinDesk({
      joinMs: this.#times.joinMs,
      registry,
      steps: this.steps,
      rooms: this.rooms,
      seats: this.seats,
      kept: this.kept,
      held: this.held,
      log: this.#log,
    })
    this.reserved = new ReservedSeats(this.desk, this.#times.reservedMs)
  }

  /** Resolves when the record knows this incarnation. @throws AppError('port_in_use'), ('port_failed'), ('unavailable') */
  static async start(options: NodeSessionOptions): Promise<NodeSession> {
    const inst = newId('ND_') as Incarnation
    let session: NodeSession | undefined
    const { links, address } = await options.parts.openLinks(inst, () => session?.steps.now() ?? Date.now())
    session = new NodeSession(options, inst, links, address)
    try {
      await session.#hello()
    } catch (error) {
      await session.close()
      throw error
    }
    session.#run()
    return session
  }

  /** `cut` is called when that node is buried, or this session ends; the returned function takes that back. */
  onBuried(node: Incarnation, cut: () => void): () => void {
    const ways = this.#ways.get(node) ?? new Set()
    this.#ways.set(node, ways)
    ways.add(cut)
    return () => {
      ways.delete(cut)
      if (ways.size === 0 && this.#ways.get(node) === ways) this.#ways.delete(node)
    }
  }

  /**
   * Everybody here is told to come back, what is owed is told as far as it goes in `graceMs`. Idempotent. `settle`: the last that is done as
   * this incarnation.
   */
  async close(graceMs = 0, settle?: () => Promise<void>): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    await this.rooms.close()
    this.kept.close()
    this.reserved.close()
    for (const cut of [...this.#ways.values()].flatMap(ways => [...ways])) cut()
    await this.story.stop(this.steps.ended === undefined ? graceMs : 0)
    await settle?.()
    this.steps.end('stopped')
    await this.links.close()
    await this.#loops.end()
    // The last to be read of the inbox was what `settle` delivered.
    await this.story.close(0)
  }

  #run(): void {
    const { desk, steps, reserved, rooms, seats, story } = this
    const news = new RecordNews({
      compareMs: this.#times.compareMs,
      ...{ steps, rooms, reserved, seats, desk, story },
      past: this.#past,
      buried: node => this.#burial(node),
    })
    this.#loops.run('a beat', BEAT_MS, async () => {
      // Nobody else hears its people, and it would never know.
      if (this.beats.isCutOff) rooms.sendAllAway()
      // Also one to which no link ever came up, as nothing is told to be down there.
      for (const { incarnation, isUp } of this.links.peers()) if (!isUp) rooms.linkDown(incarnation)
      return await this.beats.beat()
    })
    this.#loops.run('reading the inbox', RETRY_MS, () => news.read())
    void story.recover()
    this.#loops.run('a sweep', SWEEP_MS, () => news.sweep())
    this.#loops.run('comparing with the record', this.#times.compareMs, () => news.compare())
  }

  async #hello(): Promise<void> {
    const { steps } = this
    await steps.tune()
    this.links.start(this.#listener())
    const answer = await steps.ask(() =>
      steps.record.hello({
        inst: this.inst,
        deadlineMs: steps.deadline(2_000),
        host: this.address,
        facts: this.#facts(),
      }),
    )
    if (answer.outcome !== 'done')
      throw new AppError('unavailable', `the cluster takes no node: ${answer.outcome}`)
    if (answer.value.buried) this.#burial(answer.value.buried)
    await this.beats.meet()
    this.#log.info({ address: this.address }, 'this node is in the cluster')
  }

  #facts(): string {
    const { url = '', signal = '', networks = [], servesAll = true } = this.#options.parts
    const { isDraining } = this
    return encodeNodeFacts({ address: this.address, url, signal, isDraining, networks, servesAll })
  }

  /** A fact, whoever says it. Its endings are told by whoever comes first. */
  #burial(dead: Incarnation): void {
    if (dead === this.inst) this.steps.end('buried')
    if (dead === this.inst || this.#buried.has(dead)) return
    this.#buried.add(dead)
    this.#log.warn({ node: dead }, 'a node is buried: its people are gone')
    this.links.bury(dead)
    this.rooms.buried(dead)
    for (const cut of [...(this.#ways.get(dead) ?? [])]) cut()
    void this.story.inherit(dead, this.beats.aliveAtMs(dead))
  }

  async #restore(era: string): Promise<boolean> {
    const { steps } = this
    this.#log.warn({ era }, 'the shared record begins anew: what this node remembers is put back')
    const memory = nodeMemory({
      inst: this.inst,
      rooms: this.rooms,
      seats: this.seats,
      buried: this.#buried,
      closing: this.#past.closing(),
      over: this.#past.over(),
      kept: [...this.kept.all(), ...this.held.kept()],
      revoked: this.#options.registry.revocations().map(({ room, ...rest }) => ({ roomName: room, ...rest })),
      events: this.story.undelivered(),
    })
    for (const part of memory) {
      const answer = await steps.record.restore({
        ...part,
        inst: this.inst,
        era,
        deadlineMs: steps.deadline(2_000),
      })
      if (answer.outcome === 'buried') steps.end('buried')
      if (answer.outcome !== 'done') return false
      for (const { roomSid, identity, epoch } of answer.value.lost)
        this.rooms.get(roomSid)?.room.remote.see(identity, epoch)
      for (const { roomSid, reason } of answer.value.closed) this.rooms.closed(roomSid, reason)
    }
    return true
  }

  // Links -----------------------------------------------------------------------------------------------------------

  #listener(): LinkListener {
    return {
      linkUp: peer => {
        this.#log.info({ peer }, 'linked to a node')
        this.rooms.linkUp(peer)
      },
      linkDown: (peer, why) => {
        this.#log.warn({ peer, why }, 'the link to a node is lost')
        if (why !== 'stopped' && why !== 'buried') this.rooms.linkDown(peer)
      },
      restarted: (peer, { direction, isDataLost }) => {
        this.#log.warn({ peer, direction, isDataLost }, 'a link lost what waited too long')
        if (direction === 'outgoing') this.rooms.sayAll(peer)
        else if (isDataLost) this.rooms.dataLost(peer)
      },
      message: (peer, kind, payload) => {
        if (!this.#buried.has(peer)) this.rooms.message(peer, kind, payload)
      },
      call: async (peer, method, payload) =>
        (await this.rooms.call(peer, method, payload)) ??
        (await this.#options.answerNode?.(method, payload)) ??
        (await this.directory.handleCall(peer, method, payload)),
      refused: (peer, why) => this.#log.debug({ peer, why }, 'a node does not talk to this one'),
    }
  }
}
