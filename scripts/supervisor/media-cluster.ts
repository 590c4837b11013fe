/** Redis, several media servers and the address that leads to those that live: what a cluster on one machine has beyond `npm start`. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { done, SetupError } from '../lib/log.mjs'
import { toolEnv } from '../lib/run.mjs'
import { Balancer } from './balancer.ts'
import { answersOk, ChildService, type ServiceOptions } from './child-service.ts'
import { type NodePlan, nodeSettings } from './cluster-plan.ts'
import { root } from './config.ts'
import { clusterSecrets } from './own-secrets.ts'
import { redisAnswers, redisCommand } from './redis-service.ts'

const READY_TIMEOUT_MS = 60_000

export interface MediaClusterOptions {
  plans: readonly NodePlan[]
  /** Of the address that leads to all of them. */
  bind: string
  port: number
  /** SFU_MEDIA_BIND: where the media of clients is bound. */
  mediaBind: string
  /** For the secrets and Redis; the nodes' folders are in their plans. */
  dataDir: string
  /** A Redis that is there, or the port and binary of one that is started. */
  redis: { url: string } | { port: number; binary: string }
  /** Undefined: one made for the data folder. */
  secret: string | undefined
  /** Settings of one node that go before its plan's. */
  settingsOf?: (plan: NodePlan, shared: MediaCluster['settings']) => Record<string, string>
  /** Told with a line like `node 2 ws://127.0.0.1:7900 pid 4711` once a node is there, at each of its starts. */
  onNode: (line: string) => void
}

/** What every service of the supervisor has alike. */
export type CommonOptions = Pick<ServiceOptions, 'print' | 'onStarted' | 'onFatal'>

/** `start` once; `close` is idempotent. Nodes and Redis are started again when they die. */
export class MediaCluster {
  /** What the nodes have in common; secret. */
  readonly settings: { REDIS_URL: string; CLUSTER_SECRET: string }
  readonly nodes: ChildService[] = []
  readonly #options: MediaClusterOptions
  readonly #password: string
  #redis: ChildService | undefined
  #balancer: Balancer | undefined
  #isClosing = false
  /** What nodes that were started will say once they are there. */
  #announcing: Promise<unknown> = Promise.resolve()

  /** @throws SetupError when the secrets' file is broken */
  constructor(options: MediaClusterOptions) {
    this.#options = options
    const made = clusterSecrets(options.dataDir)
    this.#password = made.REDIS_PASSWORD
    const { redis, secret } = options
    this.settings = {
      REDIS_URL: 'url' in redis ? redis.url : `redis://:${this.#password}@127.0.0.1:${redis.port}`,
      CLUSTER_SECRET: secret ?? made.CLUSTER_SECRET,
    }
  }

  /** Values that no line may hold. */
  get secrets(): string[] {
    return [this.#password, this.settings.CLUSTER_SECRET]
  }

  /** Undefined where Redis is not ours. */
  get redis(): ChildService | undefined {
    return this.#redis
  }

  /** All processes. */
  get services(): ChildService[] {
    return this.#redis ? [this.#redis, ...this.nodes] : this.nodes
  }

  /**
   * Resolves when Redis answers, the nodes are started and the address is open; `whenReady` waits for the nodes.
   * @throws SetupError when there is no Redis or a port cannot be opened
   */
  async start(common: CommonOptions, env: NodeJS.ProcessEnv): Promise<void> {
    const { plans, bind, port } = this.#options
    await this.#startRedis(common)
    if (this.#isClosing) return
    for (const plan of plans) {
      const node = this.#node(plan, common, env)
      this.nodes.push(node)
      node.start()
    }
    const balancer = await Balancer.create({ bind, port, nodes: plans })
    this.#balancer = balancer
    if (this.#isClosing) await balancer.close()
  }

  /** Resolves when every node has said that it is there. @throws SetupError naming one that is not, after a minute */
  async whenReady(): Promise<void> {
    for (const node of this.nodes) await whenHealthy(node)
    await this.#announcing
    await this.#balancer?.check()
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await Promise.all(this.nodes.map(node => node.close()))
    await this.#balancer?.close()
    await this.#redis?.close()
  }

  async #startRedis(common: CommonOptions): Promise<void> {
    const { redis, dataDir } = this.#options
    if ('url' in redis) return
    const { port, binary } = redis
    const command = redisCommand({
      folder: path.join(dataDir, 'redis'),
      port,
      password: this.#password,
      binary,
    })
    this.#redis = new ChildService({
      ...common,
      ...command,
      name: 'redis',
      cwd: dataDir,
      env: toolEnv(),
      isHealthy: () => redisAnswers(port, this.#password),
    })
    this.#redis.start()
    await whenHealthy(this.#redis)
    done(`Redis on 127.0.0.1:${port}`)
  }

  #node(plan: NodePlan, common: CommonOptions, env: NodeJS.ProcessEnv): ChildService {
    mkdirSync(plan.dataDir, { recursive: true, mode: 0o700 })
    const { mediaBind, settingsOf } = this.#options
    const node: ChildService = new ChildService({
      ...common,
      name: plan.name,
      args: ['src/main.ts'],
      cwd: path.join(root, 'sfu'),
      env: {
        ...env,
        ...this.settings,
        ...nodeSettings(plan, mediaBind),
        ...settingsOf?.(plan, this.settings),
      },
      isHealthy: answersOk(`http://127.0.0.1:${plan.port}/healthz`),
      onStarted: () => {
        common.onStarted()
        this.#announcing = Promise.all([this.#announcing, this.#announce(plan, node)])
      },
      onEnded: () => this.#balancer?.markDead(plan.name),
    })
    return node
  }

  async #announce(plan: NodePlan, node: ChildService): Promise<void> {
    const { pid } = node
    const isHealthy = await node.waitUntilHealthy(READY_TIMEOUT_MS)
    if (!isHealthy || node.pid !== pid) return
    this.#options.onNode(`node ${plan.number} ws://127.0.0.1:${plan.port} pid ${pid}`)
    await this.#balancer?.check()
  }
}

/** @throws SetupError when the service is not ready in a minute */
export async function whenHealthy(service: ChildService): Promise<void> {
  if (await service.waitUntilHealthy(READY_TIMEOUT_MS)) return
  throw new SetupError(`${service.name} is not ready after 60 s (see its lines above).`)
}
