/**
 * The whole product as `npm run cluster` starts it, with ports and a data folder of its own: the real supervisor as a process,
 * whose parts are killed one after the other.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { DEMO_PASSCODES, DEMO_PASSWORD } from '@diemcau/prisma/demo-accounts.ts'
import { SetupError } from '../../lib/log.mjs'
import { root, toolEnv } from '../../lib/run.mjs'
import { type NodePlan, planNodes } from '../../supervisor/cluster-plan.ts'
import { clusterSecrets } from '../../supervisor/own-secrets.ts'
import { redisAnswers } from '../../supervisor/redis-service.ts'
import { freePorts, pause, whoJoined } from '../chaos-cluster.ts'

/** After the ports of the nodes and before those of the media between them. */
const PORTAL_AT = 100
const START_MS = 180_000
const STOP_MS = 90_000
const TAIL_LINES = 40

export interface ProductOptions {
  nodes: number
  workers: number
  redisServer: string
  /** Receives every line of every process. */
  logFile: string | undefined
  print: (line: string) => void
  /** Ends the start. */
  signal: AbortSignal
}

/** Started by `start`; the caller closes it. */
export class Product {
  readonly plans: readonly NodePlan[]
  readonly portalUrl: string
  readonly dataDir: string
  readonly #ports: { first: number; recordings: number; postgres: number; redis: number }
  readonly #child: ChildProcess
  readonly #log: WriteStream | undefined
  /** By identity: index of the node that somebody joined last, as the nodes logged it. */
  readonly #owners = new Map<string, number>()
  readonly #tail: string[] = []
  readonly #ended: Promise<void>
  #isReady = false
  #exitCode: number | null = null
  #closing: Promise<void> | undefined

  private constructor(options: ProductOptions, first: number, dataDir: string) {
    const { nodes, workers, redisServer, logFile, print } = options
    this.dataDir = dataDir
    this.plans = planNodes({ nodes, SFU_PORT: first, SFU_WORKERS: workers, DATA_DIR: dataDir })
    const portal = first + PORTAL_AT
    this.#ports = { first, recordings: portal + 1, postgres: portal + 2, redis: portal + 3 }
    this.portalUrl = `http://localhost:${portal}`
    this.#log = logFile === undefined ? undefined : createWriteStream(logFile, { flags: 'a' })
    // A group of its own: Ctrl-C is for the tool, which ends it in order.
    this.#child = spawn('node', ['scripts/supervisor/main.ts', '--cluster', '--nodes', String(nodes)], {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: toolEnv({
        ...Object.fromEntries(FOREIGN_SETTINGS.map(name => [name, undefined])),
        NODE_ENV: 'development',
        LOG_LEVEL: 'info',
        DATA_DIR: dataDir,
        SEED_DEMO: 'yes',
        PUBLIC_URL: this.portalUrl,
        PORT: String(portal),
        SFU_PORT: String(first),
        SFU_WORKERS: String(workers),
        SFU_ANNOUNCED_ADDRESS: '127.0.0.1',
        SFU_NODE_PLACEMENT: 'entry',
        SFU_ADMISSION: 'off',
        RECORDINGS_PORT: String(this.#ports.recordings),
        POSTGRES_PORT: String(this.#ports.postgres),
        REDIS_PORT: String(this.#ports.redis),
        REDIS_SERVER: redisServer,
        // A polite composition would wait for processes that start again and again.
        RECORDINGS_NICE: '0',
      }),
    })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      createInterface({ input: stream! }).on('line', line => {
        this.#read(line)
        print(line)
      })
    this.#ended = new Promise(resolve => {
      this.#child.once('close', code => {
        this.#exitCode = code ?? 1
        resolve()
      })
    })
  }

  /** @throws SetupError with the last lines when it does not get ready */
  static async start(options: ProductOptions): Promise<Product> {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'diemcau-kills-'))
    const product = new Product(options, await freePorts(), dataDir)
    try {
      const deadline = Date.now() + START_MS
      while (!product.#isReady) {
        if (options.signal.aborted) throw new SetupError('Ended before the product was ready.')
        if (product.#exitCode !== null || Date.now() > deadline)
          throw new SetupError(`The product did not start:\n${product.#tail.join('\n')}`)
        await pause(100)
      }
      return product
    } catch (error) {
      await product.close()
      throw error
    }
  }

  get databaseUrl(): Promise<string> {
    return readFile(path.join(this.dataDir, 'postgres-app-password'), 'utf8').then(
      password => `postgresql://diemcau_app:${password.trim()}@127.0.0.1:${this.#ports.postgres}/postgres`,
    )
  }

  get account(): { password: string; passcode: string } {
    return { password: DEMO_PASSWORD, passcode: DEMO_PASSCODES.open }
  }

  nodeOf(identity: string): number | undefined {
    return this.#owners.get(identity)
  }

  /** Process id of a part now: node-1, …, portal, recordings, redis, postgres; undefined while it is being started again. */
  async pidOf(service: string): Promise<number | undefined> {
    const file = await readFile(path.join(this.dataDir, 'run.json'), 'utf8')
    return (JSON.parse(file) as { services: Record<string, number> }).services[service]
  }

  /** Process ids of a node's media workers; none while the node is away. */
  async workersOf(node: number): Promise<number[]> {
    try {
      const pid = await this.pidOf(this.plans[node]!.name)
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
      return children.trim().split(' ').filter(Boolean).map(Number)
    } catch {
      // The process has just ended.
      return []
    }
  }

  /** True when the part answers as it does when it is well; PostgreSQL is asked by whoever has a client. */
  async isWell(service: string): Promise<boolean> {
    const node = this.plans.find(({ name }) => name === service)
    if (node) return answers(`http://127.0.0.1:${node.port}/readyz`)
    if (service === 'portal') return answers(`${this.portalUrl}/healthz`)
    if (service === 'recordings') return answers(`http://127.0.0.1:${this.#ports.recordings}/healthz`)
    if (service === 'redis')
      return redisAnswers(this.#ports.redis, clusterSecrets(this.dataDir).REDIS_PASSWORD)
    throw new Error(`nothing is known of ${service}`)
  }

  /** Stops everything and removes the data. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      if (this.#exitCode === null) this.#child.kill('SIGTERM')
      const force = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS)
      await this.#ended
      clearTimeout(force)
      this.#log?.end()
      await rm(this.dataDir, { recursive: true, force: true })
    })()
    return this.#closing
  }

  #read(line: string): void {
    this.#log?.write(`${new Date().toISOString()} ${line}\n`)
    this.#tail.push(line)
    if (this.#tail.length > TAIL_LINES) this.#tail.shift()
    if (line === 'Cluster is ready') this.#isReady = true
    const joined = whoJoined(line)
    if (joined) this.#owners.set(joined.identity, joined.node)
  }
}

/** Settings somebody has for a product of their own; none of them may reach this one. */
const FOREIGN_SETTINGS = [
  ...['DATABASE_URL', 'MIGRATION_DATABASE_URL', 'REDIS_URL', 'CLUSTER_SECRET', 'WEBHOOK_URLS', 'SMTP_URL'],
  ...['LIVEKIT_URL', 'LIVEKIT_PUBLIC_URL', 'LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET', 'AUTH_SECRET', 'SFU_URL'],
  ...['RECORDINGS_URL', 'PUBLIC_RECORDINGS_URL', 'LISTEN', 'BIND', 'SFU_BIND', 'SFU_MEDIA_BIND'],
]

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok
  } catch {
    // Nobody answers, or not in time.
    return false
  }
}
