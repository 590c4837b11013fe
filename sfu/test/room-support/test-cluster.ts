/** Nodes of a cluster in one process on fake media: their record and their links are in memory, and can be taken away. */
import { AppError } from '@diemcau/core/errors.ts'
import { eventually } from '../../../testing/eventually.ts'
import { MemoryNetwork } from '../../src/cluster/links/memory-links.ts'
import { ClusterNode } from '../../src/cluster/node/cluster-node.ts'
import type { NodeSession } from '../../src/cluster/node/node-session.ts'
import { type ClusterRecord, RESTORE_WINDOW_MS } from '../../src/cluster/record/cluster-record.ts'
import { MemoryRecord } from '../../src/cluster/record/memory-record.ts'
import { defaultJoinQuery, type VerifiedClaims } from '../../src/room/base/claims.ts'
import { type Log, silentLog } from '../../src/room/base/log.ts'
import type { Participant } from '../../src/room/member/participant.ts'
import type { Room } from '../../src/room/room.ts'
import { wholeMs } from '../../src/room/room-registry.ts'
import { RecordingLink, TestRooms } from './test-room.ts'

export interface Member {
  link: RecordingLink
  participant: Participant
  room: Room
}

/** What else a node of that number has. */
export interface TestClusterOptions {
  began?(session: NodeSession, index: number): { close(graceMs: number): Promise<void> }
  told?(roomName: string, index: number): void
  dataDir?(index: number): string
  joinMs?: number
  compareMs?: number
  reservedMs?: number
  /** Default: silent. */
  log?: Log
}

export class TestClusterNode {
  readonly rooms: TestRooms
  readonly cluster: ClusterNode
  /** Whether the record answers it. */
  reachesRecord = true

  constructor(host: TestCluster, index: number) {
    const record = this.#cutable(host)
    this.cluster = new ClusterNode({
      log: host.options.log ?? silentLog,
      load: () => JSON.stringify({ people: 0 }),
      times: {
        ...{ vacateAfterMs: 1_500, unheardAfterMs: 1_500, compareMs: 2_000 },
        ...(host.options.joinMs === undefined ? {} : { joinMs: host.options.joinMs }),
        ...(host.options.compareMs === undefined ? {} : { compareMs: host.options.compareMs }),
        ...(host.options.reservedMs === undefined ? {} : { reservedMs: host.options.reservedMs }),
      },
      told: roomName => host.options.told?.(roomName, index),
      began: session => host.options.began?.(session, index) ?? { close: async () => {} },
      ...(host.options.dataDir ? { dataDir: host.options.dataDir(index) } : {}),
      parts: {
        record,
        url: `ws://node-${index}`,
        openLinks: async (self, clusterNowMs) => ({
          links: host.network.join({ self, clusterNowMs }),
          address: `node-${index}:1`,
        }),
      },
    })
    this.rooms = new TestRooms(
      {},
      {
        elapsed: wholeMs,
        peers: room => this.cluster.peersOf(room),
        otherUrls: () => this.cluster.otherUrls(),
        seatForForwarded: (source, to) => this.cluster.session.desk.forwarded(source, to),
        seatForMoved: (source, to) => this.cluster.session.reserved.reserve(source, to),
      },
    )
    // Its events go to the cluster, too.
    const { events } = this.rooms
    const push = events.push.bind(events)
    events.push = (...all) => {
      for (const event of all) this.cluster.emit(event)
      return push(...all)
    }
  }

  async start(): Promise<void> {
    await this.cluster.start(this.rooms.registry)
  }

  async join(
    identity: string,
    options: { room?: string; claims?: Partial<VerifiedClaims> } = {},
  ): Promise<Member> {
    const link = new RecordingLink()
    const claims = this.rooms.claims(identity, { room: options.room ?? 'R' }, options.claims)
    const joined = await this.cluster.join(claims, defaultJoinQuery, link)
    return { link, ...joined }
  }

  /** The media of somebody who has joined here connects. */
  connect({ participant }: Member): void {
    this.rooms.media.peer(participant.id).listener.onConnected('subscriber')
  }

  room(name = 'R'): Room | undefined {
    return this.rooms.registry.find(name)
  }
  /** Identities of those this node shows. */
  shows(name = 'R'): string[] {
    return (this.room(name)?.members() ?? []).map(({ identity }) => identity).sort()
  }

  #cutable(host: TestCluster): ClusterRecord {
    return new Proxy(host.record, {
      get: (target, name) => {
        const value = Reflect.get(host.record, name) as unknown
        if (typeof value !== 'function') return Reflect.get(target, name) as unknown
        if (name === 'close') return async () => {}
        return async (...all: unknown[]) => {
          if (!this.reachesRecord) throw unavailable()
          return await (value as (...given: unknown[]) => Promise<unknown>).apply(host.record, all)
        }
      },
    }) as ClusterRecord
  }
}

const unavailable = () => new AppError('unavailable', 'cut off for a test')

export class TestCluster {
  #aheadMs = 0
  record = new MemoryRecord(() => Date.now() + this.#aheadMs)
  readonly network = new MemoryNetwork()
  readonly nodes: TestClusterNode[] = []
  readonly options: TestClusterOptions

  constructor(options: TestClusterOptions = {}) {
    this.options = options
  }

  static async start(count: number, options: TestClusterOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(options)
    for (let index = 0; index < count; index++) cluster.nodes.push(new TestClusterNode(cluster, index))
    for (const node of cluster.nodes) await node.start()
    const isLinked = ({ cluster: { session } }: TestClusterNode) => session.beats.others().size === count - 1
    await eventually(() => (cluster.nodes.every(isLinked) ? undefined : 'the nodes are not linked'))
    // A new record waits for what nodes remember; here there is nothing yet.
    cluster.#aheadMs += RESTORE_WINDOW_MS
    return cluster
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map(node => node.cluster.close(0)))
    await Promise.all(this.nodes.map(node => node.rooms.registry.close()))
    await this.record.close()
  }
}
