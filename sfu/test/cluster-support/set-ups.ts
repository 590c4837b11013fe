/** What the scenarios run on. Each set-up opens nodes that are to behave as one server. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pino from 'pino'
import { noRedisServer } from '../../../testing/redis-server.ts'
import { SfuAccess } from '../../../testing/sfu-access.ts'
import {
  closeAll,
  clusterSettings,
  type RunningCluster,
  type StartClusterOptions,
  startCluster,
} from '../../../testing/start-cluster.ts'
import { freePorts, TEST_KEYS } from '../../../testing/start-sfu.ts'
import type { TestWebhooks } from '../../../testing/webhook-receiver.ts'
import { MemoryNetwork } from '../../src/cluster/links/memory-links.ts'
import type { Incarnation, NodeLinks } from '../../src/cluster/links/node-links.ts'
import type { ClusterParts } from '../../src/cluster/node/node-session.ts'
import type { ClusterRecord } from '../../src/cluster/record/cluster-record.ts'
import { MemoryRecord } from '../../src/cluster/record/memory-record.ts'
import { readConfig } from '../../src/config.ts'
import { SfuNode } from '../../src/sfu-node.ts'

export interface OpenNodes {
  nodes: SfuAccess[]
  /** Ends all nodes and what they needed; throws when one did not end well. */
  close(): Promise<void>
}

export interface SetUp {
  name: string
  /** Why it cannot be had on this machine. */
  missing?: string | undefined
  open(webhooks: TestWebhooks): Promise<OpenNodes>
}

/** What Redis is to a node that has another record, of which it only takes where its pipes are. */
const NO_REDIS = 'redis://127.0.0.1:1'

interface OwnNode extends SfuAccess {
  close(): Promise<void>
}

/** An SFU node of this process, with two media workers. */
async function openNode(
  webhooks: TestWebhooks,
  settings: Record<string, string> = {},
  partsAt?: (port: number) => ClusterParts,
): Promise<OwnNode> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'diemcau-node-'))
  const port = await freePorts(3)
  const config = readConfig({
    NODE_ENV: 'test',
    SFU_PORT: String(port),
    SFU_BIND: '127.0.0.1',
    SFU_MEDIA_PORT: String(port + 1),
    SFU_ANNOUNCED_ADDRESS: '127.0.0.1',
    SFU_WORKERS: '2',
    SFU_WORKER_PLACEMENT: 'spread',
    SFU_ADMISSION: 'off',
    LIVEKIT_API_KEY: TEST_KEYS.key,
    LIVEKIT_API_SECRET: TEST_KEYS.secret,
    WEBHOOK_URLS: webhooks.url,
    RECORDINGS_URL: 'http://127.0.0.1:9',
    DATA_DIR: dataDir,
    MEDIASOUP_WORKER_BIN: process.env.MEDIASOUP_WORKER_BIN,
    ...settings,
  })
  const log = pino({ level: process.env.LOG_LEVEL ?? 'fatal' })
  const node = await SfuNode.create(config, log, partsAt?.(port))
  const close = async () => {
    await node.close()
    await rm(dataDir, { recursive: true, force: true })
  }
  return Object.assign(new SfuAccess(`http://127.0.0.1:${port}`, TEST_KEYS.key, TEST_KEYS.secret), {
    close,
  })
}

export const oneNode: SetUp = {
  name: 'one node',
  async open(webhooks) {
    const node = await openNode(webhooks)
    return { nodes: [node], close: () => node.close() }
  },
}

export interface OpenTogether extends OpenNodes {
  network: MemoryNetwork
  /** Of each node, the present one. */
  incarnations(): Incarnation[]
}

/** Nodes of this process, with a record and links in memory. `between`: what stands between a node and its links; `further`: settings of all. */
export async function openTogether(
  webhooks: TestWebhooks,
  count: number,
  between: (links: NodeLinks) => NodeLinks = links => links,
  further: Record<string, string> = {},
): Promise<OpenTogether> {
  const record = new MemoryRecord()
  const network = new MemoryNetwork()
  const nodes: OwnNode[] = []
  const present = new Map<number, Incarnation>()
  try {
    for (const settings of await clusterSettings(count, NO_REDIS))
      nodes.push(
        await openNode(webhooks, { ...settings, ...further }, port => ({
          record: keptOpen(record),
          signal: `127.0.0.1:${port}`,
          openLinks: async (self, clusterNowMs) => {
            present.set(port, self)
            return { links: between(network.join({ self, clusterNowMs })), address: `${self}:1` }
          },
        })),
      )
    const close = () => closeAll(nodes).finally(() => record.close())
    return { nodes, network, incarnations: () => [...present.values()], close }
  } catch (error) {
    await closeAll(nodes)
    throw error
  }
}

/** The record as one of several nodes has it, whose end is not the record's. */
const keptOpen = (record: ClusterRecord): ClusterRecord =>
  new Proxy(record, {
    get: (target, name) => {
      if (name === 'close') return async () => {}
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })

export type OpenProcesses = RunningCluster

/** Three processes with a Redis of their own. */
export const openProcesses = (
  webhooks: TestWebhooks,
  settingsOf?: StartClusterOptions['settingsOf'],
): Promise<OpenProcesses> => startCluster({ webhooks, settingsOf })

export const twoNodes: SetUp = {
  name: 'two nodes in one process',
  open: webhooks => openTogether(webhooks, 2),
}

export const threeProcesses: SetUp = {
  name: 'three processes with a Redis',
  missing: noRedisServer,
  open: webhooks => openProcesses(webhooks),
}
