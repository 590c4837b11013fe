/**
 * The rooms that this node shares with the others, as one incarnation: it enters them, hears in them what the other nodes say of their
 * members, and leaves them when nobody is in them here. Owned by the session, which tells it what becomes of links and of nodes.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { RoomId } from '@diemcau/core/ids.ts'
import { z } from 'zod'
import type { Log } from '../../room/base/log.ts'
import type { Room } from '../../room/room.ts'
import type { RoomPeers, SharedRoom } from '../../room/room-deps.ts'
import type { RoomRegistry } from '../../room/room-registry.ts'
import { SPLIT_RETRY_MS, UnheardNodes } from '../claim/unheard-nodes.ts'
import type { MessageKind } from '../links/message-kinds.ts'
import type { NodeLinks } from '../links/node-links.ts'
import { type Incarnation, type RoomFacts, type RoomRecord, roomEventId } from '../record/record-types.ts'
import { GivenUpRooms } from './given-up-rooms.ts'
import type { RecordSteps } from './record-steps.ts'
import { decodeRoomBody } from './room-body.ts'
import { packFull, packRoomWord, unpackFull, unpackJson, unpackRoomWord } from './room-words.ts'
import type { SessionTimes } from './session-times.ts'
import { type EntryDeps, SharedRoomEntry } from './shared-room-entry.ts'
import { answerCall, isRoomCall, takeWord } from './words-of-rooms.ts'

/** How long somebody who joins waits for the other nodes' members, ms. */
const KNOWN_WITHIN_MS = 500
/** How long recorders may take to go to another node before this one stops, ms. */
const RECORDERS_MOVE_MS = 8_000
/** Between two tries to be no node of a room any more, while the last leavings are being told, ms. */
const EXIT_RETRY_MS = 1_000

export interface SharedRoomsOptions {
  times: SessionTimes
  registry: RoomRegistry
  steps: RecordSteps
  links: NodeLinks
  log: Log
  told: EntryDeps['told']
  ended: EntryDeps['ended']
  /** The record has closed it, for this reason. */
  closed(facts: RoomFacts, reason: string): void
}

export class SharedRooms {
  readonly givenUp = new GivenUpRooms()
  readonly #options: SharedRoomsOptions
  readonly #entries = new Map<RoomId, SharedRoomEntry>()
  readonly #unheard: UnheardNodes
  readonly #exits = new Set<NodeJS.Timeout>()
  readonly #deps: EntryDeps
  #isClosed = false

  constructor(options: SharedRoomsOptions) {
    this.#options = options
    this.#unheard = new UnheardNodes({
      unheardAfterMs: options.times.unheardAfterMs,
      hide: node => this.#hide(node),
      split: (node, asked) => void this.#split(node).finally(asked),
    })
    this.#deps = {
      links: options.links,
      told: options.told,
      ended: options.ended,
      emptied: entry => this.#vacateSoon(entry),
    }
  }

  list(): SharedRoomEntry[] {
    return [...this.#entries.values()]
  }
  get(sid: RoomId): SharedRoomEntry | undefined {
    return this.#entries.get(sid)
  }

  /** Whether all its other nodes have said whom they have in it: only then this node knows all of its members. */
  isWhole(sid: RoomId): boolean {
    return this.#entries.get(sid)?.awaited.size === 0
  }

  /** For a room that is being made (RoomDeps.peers). */
  peersOf(room: SharedRoom): RoomPeers {
    const entry = new SharedRoomEntry(room, this.#deps)
    this.#entries.set(room.id, entry)
    return entry
  }

  /**
   * This node takes part in the room: the record has it among its nodes by then. Resolves when those who are in it elsewhere are known here, or
   * after a short while. @throws AppError('unavailable') when the room is over by then
   */
  async enter(record: RoomRecord): Promise<Room> {
    if (this.#isClosed) throw new AppError('unavailable', 'the node is stopping')
    const entry = this.#entries.get(record.sid) ?? this.#open(record)
    this.#note(entry, record)
    entry.joining++
    try {
      await entry.known(KNOWN_WITHIN_MS)
      const room = this.#roomOf(entry)
      if (!room) throw new AppError('unavailable', 'the room is closing')
      return room
    } finally {
      entry.joining--
      if (!this.#roomOf(entry)?.participants.size) this.#vacateSoon(entry)
    }
  }

  // What the record says ------------------------------------------------------------------------------------------

  /** It is over, or about to be. */
  closed(sid: RoomId, reason: string): void {
    this.givenUp.drop(sid)
    const entry = this.#entries.get(sid)
    if (!entry) return
    const room = this.#roomOf(entry)
    if (entry.facts) this.#options.closed(entry.facts, reason)
    this.#forget(entry)
    void room?.close(reason === 'idle' ? 'idle' : 'deleted')
  }

  /** Its options or its metadata have changed. */
  async changed(sid: RoomId): Promise<void> {
    const entry = this.#entries.get(sid)
    if (!entry) return
    const { steps } = this.#options
    const { room: record } = await steps.ask(() => steps.record.roomBySid(sid))
    if (record) this.apply(record)
  }

  /** The newest of a room's facts. */
  apply(record: RoomRecord): void {
    const entry = this.#entries.get(record.sid)
    if (!entry || (entry.facts && entry.facts.rev >= record.rev)) return
    entry.facts = keepStart(record, entry.facts)
    this.#roomOf(entry)?.applyOptions(decodeRoomBody(record.body).options)
  }

  entered(sid: RoomId, node: Incarnation): void {
    if (node !== this.#options.steps.inst) this.#entries.get(sid)?.meet(node)
  }

  exited(sid: RoomId, node: Incarnation): void {
    // Its own word for it: the hint may be older than its coming back.
    if (node !== this.#options.steps.inst) this.#entries.get(sid)?.greet(node)
  }

  /** Ids of events that were delivered: of a room that is to be put back, the start is not told again. */
  delivered(ids: readonly string[]): void {
    for (const id of ids) {
      const entry = this.#entries.get(id.slice(0, id.indexOf(':')) as RoomId)
      if (entry?.facts && id === roomEventId(entry.room.id, 'room_started'))
        entry.facts = { ...entry.facts, isStartDelivered: true }
    }
  }

  // What becomes of nodes -----------------------------------------------------------------------------------------

  buried(node: Incarnation): void {
    this.#hear(node)
    for (const entry of this.list()) {
      entry.leave(node)
      entry.room.nodes.gone(node, 'buried')
    }
  }

  linkUp(node: Incarnation): void {
    this.#hear(node)
    // Also those that only one of the two takes for shared.
    for (const entry of this.list()) if (entry.nodes.has(node)) entry.greet(node)
  }

  linkDown(node: Incarnation): void {
    this.#unheard.add(node)
  }

  #hide(node: Incarnation): void {
    this.#options.log.warn({ node }, 'a node is not heard: its members are out of sight')
    for (const { room } of this.list()) room.nodes.gone(node, 'unheard')
  }

  /**
   * Both live and do not hear each other: of each room they share the record names the one that gives it up. Its people are told to come
   * back, and go to a node that all hear.
   */
  async #split(node: Incarnation): Promise<void> {
    const { steps, log } = this.#options
    for (const entry of this.list()) {
      if (!entry.nodes.has(node) || !this.#unheard.has(node)) continue
      const roomSid = entry.room.id
      try {
        const { loser } = await steps.within(SPLIT_RETRY_MS, call =>
          steps.record.split({ ...call, roomSid, a: steps.inst, b: node }),
        )
        // It may have been heard again while the record was asked.
        if (loser !== steps.inst || !this.#unheard.has(node)) continue
        log.warn({ node, roomId: roomSid }, 'this node gives a room up to one that it does not hear')
        this.givenUp.add({ sid: roomSid, name: entry.room.name, lostTo: node, nodes: entry.nodes })
        const room = this.#roomOf(entry)
        for (const one of [...(room?.participants.values() ?? [])]) room?.leave(one, 'node_stopping')
        void room?.captures.close('node_stopping', 'node_stopping')
      } catch (error) {
        log.debug({ err: error, node }, 'the record could not say who gives a room up')
      }
    }
  }

  /** What it was to be told is lost: it hears all anew. */
  sayAll(node: Incarnation): void {
    for (const entry of this.list()) if (entry.nodes.has(node)) entry.sayAll(node)
  }

  /** Reliable data of its members may be missing: whoever it may have been for has to begin anew. */
  dataLost(node: Incarnation): void {
    for (const entry of this.list()) {
      const room = entry.nodes.has(node) ? this.#roomOf(entry) : undefined
      for (const participant of [...(room?.participants.values() ?? [])])
        room?.leave(participant, 'data_lost')
    }
  }

  /** Takes a word of a link. @throws AppError('invalid_argument') */
  message(node: Incarnation, kind: MessageKind, payload: Uint8Array): void {
    const { sid, word } = unpackRoomWord(payload)
    const entry = this.#entries.get(sid)
    if (!entry) {
      if (kind === 'room.enter') {
        const nobody = packRoomWord(sid, packFull(null))
        this.#options.links.send(node, 'room.full', nobody)
      }
      return
    }
    switch (kind) {
      case 'room.enter':
        entry.nodes.add(node)
        entry.sayAll(node)
        break
      case 'room.full':
        this.#full(entry, node, word)
        break
      case 'member':
        entry.nodes.add(node)
        takeWord(entry.room, node, kind, word)
        break
      case 'closed':
        this.closed(sid, unpackJson(closedSchema, word).reason)
        break
      default:
        takeWord(entry.room, node, kind, word)
    }
  }

  /** Calls of other nodes about what goes on in a room. Undefined: it is no such call. */
  async call(node: Incarnation, method: string, payload: Uint8Array): Promise<Uint8Array | undefined> {
    if (!isRoomCall(method)) return undefined
    const { sid, word } = unpackRoomWord(payload)
    const entry = this.#entries.get(sid)
    if (!entry) throw new AppError('not_found', 'this node is not in that room')
    return await answerCall(entry.room, node, method, word)
  }

  /**
   * Tells so many people to come back, those first who publish nothing; when nobody is left, recorders, who are given some seconds to go to another
   * node and miss nothing. Answers how many are left, a room's recorders as one.
   */
  sendAway(count: number): number {
    const rooms = this.list().flatMap(entry => this.#roomOf(entry) ?? [])
    const here = rooms.flatMap(room =>
      [...room.participants.values()].map(participant => ({ room, participant })),
    )
    const isPublishing = ({ participant }: (typeof here)[number]) =>
      participant.publications.published().length > 0
    const order = [...here.filter(one => !isPublishing(one)), ...here.filter(isPublishing)]
    for (const { room, participant } of order.slice(0, count)) room.leave(participant, 'node_stopping')
    const recorded = rooms.filter(({ captures }) => captures.size > 0)
    if (here.length < count) for (const { captures } of recorded) captures.move(RECORDERS_MOVE_MS)
    return Math.max(0, here.length - count) + recorded.length
  }

  /** Everybody at once: this node hears nobody any more. */
  sendAllAway(): void {
    this.sendAway(Number.POSITIVE_INFINITY)
    for (const entry of this.list())
      void this.#roomOf(entry)?.captures.close('node_stopping', 'node_stopping')
  }

  /** All rooms close, everybody is told to come back. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#unheard.close()
    for (const timer of this.#exits) clearTimeout(timer)
    const entries = this.list()
    for (const entry of entries) this.#forget(entry)
    await Promise.allSettled(entries.map(entry => this.#roomOf(entry)?.close('node_stopping')))
  }

  #open(record: RoomRecord): SharedRoomEntry {
    const { registry, log } = this.#options
    const former = registry.find(record.name)
    // The record knows that it is over, and its word for that is still on the way.
    if (former && former.id !== record.sid) this.closed(former.id, 'deleted')
    const { options, createdAtMs } = decodeRoomBody(record.body)
    const room = registry.openShared(options, { id: record.sid, createdAtMs })
    const entry = this.#entries.get(record.sid)
    if (!entry) throw new AppError('internal', 'a shared room was made without its peers')
    log.info({ room: room.name, roomId: room.id, nodes: record.nodes }, 'this node takes part in a room')
    return entry
  }

  #note(entry: SharedRoomEntry, record: RoomRecord): void {
    clearTimeout(entry.vacateTimer)
    if (entry.facts) this.apply(record)
    else entry.facts = record
    for (const node of record.nodes)
      if (node !== this.#options.steps.inst && !entry.nodes.has(node)) entry.meet(node)
  }

  #full(entry: SharedRoomEntry, node: Incarnation, word: Uint8Array): void {
    const part = unpackFull(word)
    if (!part) {
      entry.leave(node)
      entry.room.nodes.gone(node, 'left')
      return
    }
    entry.nodes.add(node)
    if (entry.room.nodes.takeFull(node, part)) entry.heard(node)
  }

  #roomOf({ room }: SharedRoomEntry): Room | undefined {
    const found = this.#options.registry.find(room.name)
    return found?.id === room.id && !found.isClosed ? found : undefined
  }

  #vacateSoon(entry: SharedRoomEntry): void {
    clearTimeout(entry.vacateTimer)
    if (this.#isClosed || this.#entries.get(entry.room.id) !== entry) return
    entry.vacateTimer = setTimeout(() => this.#vacate(entry), this.#options.times.vacateAfterMs)
  }

  #vacate(entry: SharedRoomEntry): void {
    const room = this.#roomOf(entry)
    const isInUse = room && (room.participants.size > 0 || room.captures.size > 0 || room.forwarded.size > 0)
    if (isInUse) return
    if (entry.joining > 0) {
      this.#vacateSoon(entry)
      return
    }
    this.#forget(entry)
    void room?.close('vacated')
    void this.#exit(entry.room.id)
  }

  #forget(entry: SharedRoomEntry): void {
    clearTimeout(entry.vacateTimer)
    this.#entries.delete(entry.room.id)
  }

  /** Until the record lets it go: it does when the last leaving of somebody here was told. */
  async #exit(sid: RoomId): Promise<void> {
    const { steps, log } = this.#options
    if (this.#isClosed || this.#entries.has(sid)) return
    const outcome = await steps
      .insist(call => steps.record.exit({ ...call, roomSid: sid }))
      .catch(() => 'done')
    if (this.#isClosed) return
    if (this.#entries.has(sid)) {
      // Entered again meanwhile: which of the two the record heard last is not known.
      await steps.insist(call => steps.record.enter({ ...call, roomSid: sid })).catch(() => null)
      return
    }
    if (outcome !== 'held') return
    log.debug({ roomId: sid }, 'somebody of this node is still in a room that it leaves')
    const timer = setTimeout(() => {
      this.#exits.delete(timer)
      void this.#exit(sid)
    }, EXIT_RETRY_MS)
    this.#exits.add(timer)
  }

  #hear(node: Incarnation): void {
    this.#unheard.remove(node)
    this.givenUp.heard(node)
  }
}

/** That the start was delivered is not unlearnt from an older word. */
const keepStart = (record: RoomRecord, known: RoomFacts | undefined): RoomFacts => ({
  ...record,
  isStartDelivered: record.isStartDelivered || known?.isStartDelivered === true,
})

const closedSchema = z.object({ reason: z.string() })
