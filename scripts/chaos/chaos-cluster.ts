/** A cluster to be hurt: Redis, media servers and gates between them, with a receiver of their webhooks. Without portal and recordings. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Gate } from '../../testing/gate.ts'
import { SfuAccess } from '../../testing/sfu-access.ts'
import { ownerOf } from '../../testing/socket-owner.ts'
import { TestWebhooks } from '../../testing/webhook-receiver.ts'
import { toolEnv } from '../lib/run.mjs'
import { type NodePlan, planNodes } from '../supervisor/cluster-plan.ts'
import { MediaCluster } from '../supervisor/media-cluster.ts'

const KEY = { key: 'chaoskey', secret: 'a-chaos-secret-of-more-than-32-characters' }
const PORTS = { from: 23_000, to: 28_000, each: 1_100 }
const TRIED = 104
/** A drained node may take a minute to lead people away, and is then started again. */
const READY_MS = 90_000

export interface ChaosOptions {
  nodes: number
  workers: number
  redisServer: string
  say: (line: string) => void
  /** Every line of every process. */
  print: (line: string) => void
}

export class ChaosCluster {
  readonly plans: readonly NodePlan[]
  readonly webhooks: TestWebhooks
  /** Each node by its own address, which no gate stands before. */
  readonly access: readonly SfuAccess[]
  readonly #cluster: MediaCluster
  readonly #dataDir: string
  /** By identity, as the nodes logged it last. */
  readonly #owners: ReadonlyMap<string, number>
  /** By node: before its Redis, and before its links. */
  readonly #redisGates: readonly Gate[]
  readonly #linkGates: readonly Gate[]

  private constructor(parts: {
    plans: readonly NodePlan[]
    webhooks: TestWebhooks
    cluster: MediaCluster
    dataDir: string
    owners: ReadonlyMap<string, number>
    redisGates: readonly Gate[]
    linkGates: readonly Gate[]
  }) {
    this.plans = parts.plans
    this.webhooks = parts.webhooks
    this.#cluster = parts.cluster
    this.#dataDir = parts.dataDir
    this.#owners = parts.owners
    this.#redisGates = parts.redisGates
    this.#linkGates = parts.linkGates
    this.access = parts.plans.map(
      ({ port }) => new SfuAccess(`http://127.0.0.1:${port}`, KEY.key, KEY.secret),
    )
  }

  /** The caller closes it. @throws SetupError */
  static async start(options: ChaosOptions): Promise<ChaosCluster> {
    const { nodes, workers, redisServer, say, print } = options
    const dataDir = await mkdtemp(path.join(tmpdir(), 'diemcau-chaos-'))
    const first = await freePorts()
    const redisPort = first + 2
    const plans = planNodes({ nodes, SFU_PORT: first, SFU_WORKERS: workers, DATA_DIR: dataDir })
    const webhooks = await TestWebhooks.create(KEY.key, KEY.secret)
    const redisGates = await Promise.all(plans.map(() => Gate.to(redisPort)))
    const nameOf = async (port: number): Promise<string | undefined> => {
      const pid = await ownerOf(
        port,
        cluster.nodes.flatMap(node => node.pid ?? []),
      )
      return cluster.nodes.find(node => node.pid === pid)?.name
    }
    const linkGates = await Promise.all(plans.map(({ linkPort }) => Gate.to(linkPort, nameOf)))
    const cluster: MediaCluster = new MediaCluster({
      plans,
      bind: '127.0.0.1',
      port: first,
      mediaBind: '127.0.0.1',
      dataDir,
      redis: { port: redisPort, binary: redisServer },
      secret: undefined,
      settingsOf: ({ number }, { REDIS_URL }) => ({
        REDIS_URL: REDIS_URL.replace(`:${redisPort}`, `:${redisGates[number - 1]!.port}`),
        SFU_LINK_ADDRESS: `127.0.0.1:${linkGates[number - 1]!.port}`,
      }),
      onNode: say,
    })
    const owners = new Map<string, number>()
    const chaos = new ChaosCluster({ plans, webhooks, cluster, dataDir, owners, redisGates, linkGates })
    const read = (line: string) => {
      print(line)
      const joined = whoJoined(line)
      if (joined) owners.set(joined.identity, joined.node)
    }
    try {
      await cluster.start(
        { print: read, onStarted: () => {}, onFatal: message => say(message) },
        toolEnv({
          NODE_ENV: 'test',
          LOG_LEVEL: 'info',
          LIVEKIT_API_KEY: KEY.key,
          LIVEKIT_API_SECRET: KEY.secret,
          WEBHOOK_URLS: webhooks.url,
          RECORDINGS_URL: 'http://127.0.0.1:9',
          SFU_ANNOUNCED_ADDRESS: '127.0.0.1',
          // Who is hit by a fault is known, and a busy machine turns nobody away.
          SFU_NODE_PLACEMENT: 'entry',
          SFU_ADMISSION: 'off',
        }),
      )
      await cluster.whenReady()
      return chaos
    } catch (error) {
      await chaos.close()
      throw error
    }
  }

  pidOf(node: number): number {
    const pid = this.#cluster.nodes[node]?.pid
    if (pid === undefined) throw new Error(`node ${node + 1} is not running`)
    return pid
  }

  /** Index of the node that somebody joined last. */
  nodeOf(identity: string): number | undefined {
    return this.#owners.get(identity)
  }

  /** Waits until the node is another process than `before` and takes newcomers. @throws Error after a minute and a half */
  async whenBack(node: number, before: number): Promise<void> {
    const deadline = Date.now() + READY_MS
    while (Date.now() < deadline) {
      const { pid } = this.#cluster.nodes[node]!
      if (pid !== undefined && pid !== before && (await this.isReady(node))) return
      await pause(50)
    }
    throw new Error(`node ${node + 1} is not back`)
  }

  async isReady(node: number): Promise<boolean> {
    try {
      const url = `${this.access[node]!.url}/readyz`
      return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok
    } catch {
      // Nobody answers, or not in time.
      return false
    }
  }

  /** Process ids of a node's media workers. */
  async workersOf(node: number): Promise<number[]> {
    const pid = this.pidOf(node)
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return children.trim().split(' ').filter(Boolean).map(Number)
  }

  /** Between one node and Redis, or between all and Redis. */
  cutRedis(node?: number): void {
    for (const [index, gate] of this.#redisGates.entries())
      if (node === undefined || node === index) gate.cut()
  }

  /** All links of a node; with `other` only those to that one. */
  cutLinks(node: number, other?: number): void {
    const name = (index: number) => this.plans[index]!.name
    for (const [index, gate] of this.#linkGates.entries()) {
      if (index === node) gate.cut(source => other === undefined || source === name(other))
      else if (other === undefined || index === other) gate.cut(source => source === name(node))
    }
  }

  /** Everything that was cut passes again. */
  heal(): void {
    for (const gate of [...this.#redisGates, ...this.#linkGates]) gate.open()
  }

  /** Redis ends at once and comes back knowing nothing. */
  async emptyRedis(): Promise<void> {
    const redis = this.#cluster.redis!
    const { pid } = redis
    process.kill(pid!, 'SIGKILL')
    await rm(path.join(this.#dataDir, 'redis', 'appendonlydir'), { recursive: true, force: true })
    while (redis.pid === undefined || redis.pid === pid) await pause(20)
  }

  /** Idempotent, as its parts are. */
  async close(): Promise<void> {
    await this.#cluster.close()
    await Promise.all([...this.#redisGates, ...this.#linkGates].map(gate => gate.close()))
    await this.webhooks.down()
    await rm(this.#dataDir, { recursive: true, force: true })
  }
}

/** Of a line of a node's log, with its name in front. */
export function whoJoined(line: string): { identity: string; node: number } | undefined {
  const [, number, json] = /^\[node-(\d+)\] (\{.*"msg":"participant joined"\})$/.exec(line) ?? []
  if (json === undefined) return undefined
  const { identity } = JSON.parse(json) as { identity: string }
  return { identity, node: Number(number) - 1 }
}

export const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

export const hasProc = (): boolean => existsSync('/proc/net/tcp')

/** The first of so many ports of which those the plan begins with are free. */
export async function freePorts(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from - PORTS.each))
    const free = await Promise.all(Array.from({ length: TRIED }, (_, index) => isFree(first + index)))
    if (free.every(Boolean)) return first
  }
  throw new Error(`no free ports between ${PORTS.from} and ${PORTS.to}`)
}

const isFree = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
