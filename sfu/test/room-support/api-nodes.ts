/**
 * Nodes of a cluster in one process, as far as the API has to do with them: a record and links in memory, rooms on fake media, members told
 * to each other without delay.
 */
import { AppError } from '@diemcau/core/errors.ts'
import { type Incarnation, newParticipantId, newRoomId } from '@diemcau/core/ids.ts'
import { expect } from 'vitest'
import { HeldWords } from '../../src/cluster/api/held-words.ts'
import { KeptBook } from '../../src/cluster/api/kept-book.ts'
import { type MemoryLinks, MemoryNetwork } from '../../src/cluster/links/memory-links.ts'
import { ClusterDirectory } from '../../src/cluster/node/cluster-directory.ts'
import { applyKept } from '../../src/cluster/node/kept-facts.ts'
import { RecordSteps } from '../../src/cluster/node/record-steps.ts'
import { decodeRoomBody, draftOf } from '../../src/cluster/node/room-body.ts'
import { unpackRoomWord } from '../../src/cluster/node/room-words.ts'
import type { ClusterRecord } from '../../src/cluster/record/cluster-record.ts'
import { MemoryRecord } from '../../src/cluster/record/memory-record.ts'
import type { RoomRecord } from '../../src/cluster/record/record-types.ts'
import { defaultJoinQuery, type VerifiedClaims, type VideoGrants } from '../../src/room/base/claims.ts'
import { silentLog } from '../../src/room/base/log.ts'
import { decodeDataWord, encodeDataWord } from '../../src/room/data/data-word.ts'
import { decodeMemberRecord } from '../../src/room/member/member-record.ts'
import type { Room } from '../../src/room/room.ts'
import type { RoomPeers, SharedRoom } from '../../src/room/room-deps.ts'
import { newRoomOptions } from '../../src/room/room-options.ts'
import type { RoomRegistry } from '../../src/room/room-registry.ts'
import { TestNode } from './test-nodes.ts'
import { type Client, RecordingLink, settle, TestRooms } from './test-room.ts'

/** Of a node that is sure of itself as long as the record answers it. */
class TestBeats {
  /** It was stopped, or reaches nobody: no beat was answered. */
  isSilent = false
  isVouchedFor = false
  /** As if the record were away for all others. */
  reachesItAlone = false
  /** Whom it has counted. */
  readonly vouchedFor = new Set<Incarnation>()
  readonly #cluster: ApiCluster
  constructor(cluster: ApiCluster) {
    this.#cluster = cluster
  }
  get isSure(): boolean {
    return this.reachesRecord || this.isVouchedFor
  }
  get reachesRecord(): boolean {
    return this.reachesItAlone || (!this.isSilent && !this.#cluster.isRecordAway)
  }
  vouchedMs(node: Incarnation): number | null {
    return this.vouchedFor.has(node) ? 100 : null
  }
  vouchedBy(): void {
    this.isVouchedFor = true
  }
}

export class ApiNode {
  readonly inst: Incarnation
  readonly rooms: TestRooms
  readonly steps: RecordSteps
  readonly links: MemoryLinks
  readonly kept: KeptBook
  readonly held: HeldWords
  readonly beats: TestBeats
  readonly directory: ClusterDirectory
  /** Sids of rooms that another node said are closed. */
  readonly closedHints: string[] = []
  /** It knows all members of its rooms. */
  isWhole = true
  /** Calls that came from other nodes. */
  readonly calls: string[] = []
  /** While set, calls of others wait for it. */
  gate: Promise<void> | undefined
  readonly #cluster: ApiCluster
  readonly #shared = new Map<string, SharedRoom>()

  constructor(cluster: ApiCluster, inst: Incarnation) {
    this.#cluster = cluster
    this.inst = inst
    this.rooms = new TestRooms({}, { peers: room => this.#peersOf(room) })
    this.steps = new RecordSteps({
      record: cluster.record,
      inst,
      restore: async () => true,
      onBuried: () => {},
    })
    this.links = cluster.network.join({ self: inst, limits: { callMs: cluster.callMs } })
    this.kept = new KeptBook(this.steps, silentLog)
    this.held = new HeldWords(this.steps, silentLog)
    this.beats = new TestBeats(cluster)
    this.directory = this.directoryOver(this.rooms.registry)
    this.links.start({
      linkUp: () => {},
      linkDown: () => {},
      restarted: () => {},
      message: (_peer, kind, payload) => {
        if (kind === 'closed') this.closedHints.push(unpackRoomWord(payload).sid)
      },
      call: async (peer, method, payload) => {
        this.calls.push(method)
        await this.gate
        return await this.directory.handleCall(peer, method, payload)
      },
    })
  }

  holdsRoom(sid: string): boolean {
    return this.#shared.has(sid)
  }

  directoryOver(local: RoomRegistry): ClusterDirectory {
    const { steps, links, kept, held } = this
    return new ClusterDirectory({
      ...{ local, steps, links, kept, held },
      beats: this.beats,
      awayAfterMs: 100,
      nodesOf: sid =>
        this.#cluster.nodes.flatMap(node => (node.holdsRoom(sid) && node !== this ? [node.inst] : [])),
      enter: async record => this.enter(record),
      apply: ({ name, sid, body }) => {
        const room = local.find(name)
        if (room?.id === sid) room.applyOptions(decodeRoomBody(body).options)
      },
      isWhole: () => this.isWhole,
    })
  }

  enter(record: RoomRecord): Room {
    const { registry } = this.rooms
    const known = registry.find(record.name)
    if (known) return known
    const { options, createdAtMs } = decodeRoomBody(record.body)
    const room = registry.openShared(options, { id: record.sid, createdAtMs })
    for (const other of this.#cluster.nodes) {
      const theirs = other === this ? undefined : other.#shared.get(record.sid)
      for (const part of theirs?.nodes.full() ?? []) room.nodes.takeFull(other.inst, part)
    }
    return room
  }

  /** Joins by the record, as somebody does at this node, and connects media. */
  async join(
    identity: string,
    options: {
      room?: string
      video?: VideoGrants
      claims?: Partial<VerifiedClaims>
      /** Between its claim and its being there. */
      gate?: Promise<void>
    } = {},
  ): Promise<Client> {
    const roomName = options.room ?? 'R'
    const { registry } = this.rooms
    const granted = this.rooms.claims(identity, { room: roomName, ...options.video }, options.claims)
    const psid = newParticipantId()
    const createdAtMs = Math.round(this.steps.now())
    const answer = await this.steps.within(1_000, call =>
      this.steps.record.join({
        ...call,
        roomName,
        psid,
        identity,
        isCounted: true,
        isForwarded: false,
        tokenFromS: granted.notBeforeS,
        epochSeen: 0,
        draft: draftOf(newRoomId(), { options: newRoomOptions(roomName, {}, registry.limits), createdAtMs }),
        info: '',
      }),
    )
    if (answer.is !== 'claimed') throw new AppError('permission_denied', JSON.stringify(answer))
    const link = new RecordingLink()
    const { epoch } = answer
    const room = this.enter(answer.room)
    await options.gate
    const kept = this.held.newest(answer.room.sid, identity, answer.kept)
    const claims = applyKept(granted, kept)
    const participant = room.join(claims, { ...defaultJoinQuery }, link, { participantId: psid, epoch })
    this.kept.joined(room, participant, { epoch, kept })
    await settle()
    const peer = this.rooms.media.peer(participant.id)
    peer.listener.onConnected('subscriber')
    await settle()
    return { link, participant, room, peer }
  }

  #peersOf(room: SharedRoom): RoomPeers {
    this.#shared.set(room.id, room)
    const tell = (say: (theirs: SharedRoom) => void) => {
      if (!this.#cluster.isTelling) return
      for (const other of this.#cluster.nodes) {
        const theirs = other.#shared.get(room.id)
        if (other !== this && theirs) say(theirs)
      }
    }
    return {
      // What else there is to say is said to nobody.
      ...new TestNode(this.inst).peers(room),
      member: record => tell(({ remote }) => remote.apply(this.inst, decodeMemberRecord(record))),
      gone: gone => tell(({ remote }) => remote.gone(gone)),
      data: word => tell(({ data }) => data.remote.take(decodeDataWord(encodeDataWord(word)))),
    }
  }
}

export class ApiCluster {
  /** The record's clock is so far ahead, ms. */
  aheadMs = 0
  readonly memory = new MemoryRecord(() => Date.now() + this.aheadMs)
  readonly network = new MemoryNetwork()
  readonly nodes: ApiNode[] = []
  /** What nodes say of their members does not come any more while it is false. */
  isTelling = true
  /** Every call of the record fails as long as it is. */
  isRecordAway = false
  readonly record: ClusterRecord = new Proxy<ClusterRecord>(this.memory, {
    get: (memory, name: keyof ClusterRecord) => {
      if (this.isRecordAway)
        return async () => {
          throw new AppError('unavailable', 'the record is away')
        }
      const value = memory[name] as unknown
      return typeof value === 'function' ? value.bind(memory) : value
    },
  })

  /** The longest a call between nodes takes, ms. */
  readonly callMs: number
  private constructor(callMs: number) {
    this.callMs = callMs
  }

  static async create(names: readonly string[], callMs = 5_000): Promise<ApiCluster> {
    const cluster = new ApiCluster(callMs)
    cluster.memory.steps.begin()
    for (const name of names) {
      const node = new ApiNode(cluster, `ND_${name}` as Incarnation)
      cluster.nodes.push(node)
      await node.steps.tune()
      await cluster.memory.hello({
        inst: node.inst,
        deadlineMs: Date.now() + 1_000,
        host: name,
        facts: '',
      })
    }
    for (const { links } of cluster.nodes)
      links.meet(cluster.nodes.map(({ inst }) => ({ incarnation: inst, address: 'memory' })))
    await expect
      .poll(() => cluster.nodes.every(({ links }) => links.peers().every(({ isUp }) => isUp)), {
        interval: 5,
      })
      .toBe(true)
    return cluster
  }

  /** Nothing comes from it or to it any more, and nobody knows it yet. */
  silence(dead: ApiNode): void {
    for (const { inst } of this.nodes) {
      if (inst === dead.inst) continue
      this.network.cut(inst, dead.inst)
      this.network.cut(dead.inst, inst)
    }
  }

  /** It is dead for the record and for all others. */
  async bury(dead: ApiNode): Promise<void> {
    this.silence(dead)
    for (const node of this.nodes) {
      if (node === dead) continue
      node.links.bury(dead.inst)
      const { record } = this
      await node.steps.once(call => record.bury({ ...call, dead: dead.inst, count: 1 }))
      for (const room of node.rooms.registry.listRooms().map(({ name }) => node.rooms.registry.find(name)))
        room?.nodes.gone(dead.inst, 'buried')
    }
  }

  async close(): Promise<void> {
    for (const node of this.nodes) {
      node.kept.close()
      node.steps.end('stopped')
      await node.links.close()
      await node.rooms.registry.close()
    }
    await this.memory.close()
  }
}
