/**
 * One room that this node shares with others: whom it tells, and what. What a room says of its own (`RoomPeers`) goes out here. Owned by
 * SharedRooms.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import type { PipeSignals } from '../../room/base/node-media.ts'
import type { OwnFacts } from '../../room/copies/own-records.ts'
import type { RemoteMember } from '../../room/copies/remote-member.ts'
import type { MemberGone } from '../../room/copies/remote-members.ts'
import { type DataWord, encodeDataWord } from '../../room/data/data-word.ts'
import type { DataTrackWant } from '../../room/data/remote-data-tracks.ts'
import type { RoomPeers, SharedRoom } from '../../room/room-deps.ts'
import type { QualityFacts } from '../../room/telling/connection-quality.ts'
import type { Audible } from '../../room/telling/room-speakers.ts'
import type { KindOf } from '../links/message-kinds.ts'
import type { NodeLinks } from '../links/node-links.ts'
import type { Incarnation, RoomFacts } from '../record/record-types.ts'
import { packFull, packJson, packRoomWord } from './room-words.ts'

/** How long another node may take to answer what media asks of it, ms. */
const PIPE_CALL_MS = 5_000
const BLOB_CALL_MS = 10_000

/** What an entry needs around it. */
export interface EntryDeps {
  readonly links: NodeLinks
  /** The newest facts of a member of this node, as the others are told. */
  told(entry: SharedRoomEntry, facts: OwnFacts): void
  /** A member of this node has ended. */
  ended(entry: SharedRoomEntry, gone: MemberGone): void
  /** Nobody has a connection to it here (any more). */
  emptied(entry: SharedRoomEntry): void
}

export class SharedRoomEntry implements RoomPeers {
  readonly room: SharedRoom
  readonly pipes: PipeSignals
  /** The other nodes that are in it, as far as is known here. */
  readonly nodes = new Set<Incarnation>()
  /** Those of them that have not said yet whom they have. */
  readonly awaited = new Set<Incarnation>()
  /** Those of this node and of buried ones whose leaving was told. */
  readonly ended = new Set<ParticipantId>()
  /** As the record had it last. */
  facts: RoomFacts | undefined
  /** Those who are joining it here just now. */
  joining = 0
  vacateTimer: NodeJS.Timeout | undefined
  readonly #deps: EntryDeps
  #known: { promise: Promise<void>; resolve(): void } = Promise.withResolvers()

  constructor(room: SharedRoom, deps: EntryDeps) {
    this.room = room
    this.#deps = deps
    const { links } = deps
    this.pipes = {
      open: async (node, request) => {
        const answer = await links.call(
          node as Incarnation,
          'pipe.open',
          packRoomWord(room.id, packJson(request)),
          { deadlineMs: PIPE_CALL_MS },
        )
        return JSON.parse(Buffer.from(answer).toString())
      },
      want: (node, message) => this.#sendPipe(node, 'pipe.want', 'trackId', message),
      state: (node, message) => this.#sendPipe(node, 'pipe.state', 'serial', message),
    }
  }

  /** Resolves when all nodes that are in it have said whom they have, or after `ms`. */
  async known(ms: number): Promise<void> {
    if (this.awaited.size === 0) return
    const { promise, resolve } = this.#known
    const timer = setTimeout(resolve, ms)
    await promise
    clearTimeout(timer)
  }

  /** Is one of its nodes: it is asked whom it has, and told who is here. */
  meet(node: Incarnation): void {
    if (!this.nodes.has(node)) this.awaited.add(node)
    this.nodes.add(node)
    this.greet(node)
  }

  greet(node: Incarnation): void {
    this.#send(node, 'room.enter', new Uint8Array(0))
    this.sayAll(node)
  }

  /** Whom this node has in it. */
  sayAll(node: Incarnation): void {
    for (const part of this.room.nodes.full()) this.#send(node, 'room.full', packFull(part))
  }

  /** It has said whom it has, or is no node of it (any more). */
  heard(node: Incarnation): void {
    this.awaited.delete(node)
    if (this.awaited.size > 0) return
    this.#known.resolve()
    this.#known = Promise.withResolvers()
  }

  leave(node: Incarnation): void {
    this.nodes.delete(node)
    this.heard(node)
  }

  // RoomPeers -----------------------------------------------------------------------------------------------------

  member(record: Uint8Array, facts: OwnFacts): void {
    for (const node of this.nodes) this.#send(node, 'member', record)
    this.#deps.told(this, facts)
  }

  gone(gone: MemberGone): void {
    for (const node of this.nodes) this.#send(node, 'gone', packJson(gone))
    this.#deps.ended(this, gone)
  }

  data(word: DataWord, receivers: ReadonlySet<Incarnation> | undefined): void {
    const nodes = receivers ?? this.nodes
    if (nodes.size === 0) return
    const payload = packRoomWord(this.room.id, encodeDataWord(word))
    for (const node of nodes)
      if (word.kind === 'reliable') this.#deps.links.send(node, 'data', payload)
      else this.#deps.links.sendLossy(node, 'lossy', payload)
  }

  dataTrack(frame: Uint8Array, nodes: ReadonlySet<Incarnation>): void {
    const payload = packRoomWord(this.room.id, frame)
    for (const node of nodes) this.#deps.links.sendLossy(node, 'datatrack', payload)
  }

  wantDataTrack(node: Incarnation, want: DataTrackWant): void {
    const { id } = this.room
    const payload = packRoomWord(id, packJson(want))
    this.#deps.links.sendLatest(node, 'datatrack.want', `${id}:${want.trackSid}`, payload)
  }

  async fetchBlob(node: Incarnation, request: Uint8Array): Promise<Uint8Array> {
    const { id } = this.room
    return await this.#deps.links.call(node, 'blob', packRoomWord(id, request), { deadlineMs: BLOB_CALL_MS })
  }

  speakers(audible: Audible[]): void {
    const { id } = this.room
    const payload = packRoomWord(id, packJson(audible))
    for (const node of this.nodes) this.#deps.links.sendLatest(node, 'speakers', id, payload)
  }

  qualities(changes: QualityFacts[]): void {
    const { id } = this.room
    for (const change of changes) {
      const payload = packRoomWord(id, packJson(change))
      for (const node of this.nodes)
        this.#deps.links.sendLatest(node, 'quality', `${id}:${change.participantId}`, payload)
    }
  }

  recorders(count: number): void {
    const { id } = this.room
    const payload = packRoomWord(id, packJson({ count }))
    for (const node of this.nodes) this.#deps.links.sendLatest(node, 'recorders', id, payload)
  }

  async subscribed(member: RemoteMember, trackId: TrackId): Promise<void> {
    const payload = packRoomWord(this.room.id, packJson({ trackId }))
    await this.#deps.links.call(member.node, 'track.subscribed', payload, { deadlineMs: PIPE_CALL_MS })
  }

  emptied(): void {
    this.#deps.emptied(this)
  }

  #send(node: Incarnation, kind: KindOf<'facts' | 'data'>, word: Uint8Array): void {
    this.#deps.links.send(node, kind, packRoomWord(this.room.id, word))
  }

  #sendPipe(node: string, kind: 'pipe.want' | 'pipe.state', key: string, message: object): void {
    const part = (message as Record<string, unknown>)[key]
    if (part === undefined) throw new AppError('internal', `a message ${kind} without ${key}`)
    const { id } = this.room
    const payload = packRoomWord(id, packJson(message))
    this.#deps.links.sendLatest(node as Incarnation, kind, `${id}:${String(part)}`, payload)
  }
}
