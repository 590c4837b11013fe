import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { eventually } from './eventually.ts'
import { SfuAccess } from './sfu-access.ts'
import { TestWebhooks } from './webhook-receiver.ts'

/**
 * Starts a real SFU process for integration and browser tests.
 *
 *   const sfu = await startSfu({ workers: 2 })
 *   const token = await sfu.token({ room: 'MT_1', identity: 'an' })
 *   await room.connect(sfu.wsUrl, token)
 *   await sfu.webhooks.waitFor(event => event.event === 'participant_joined')
 *   await sfu.stop()            // SIGTERM; throws unless the process ends with 0
 *
 * It runs `node src/main.ts` on free ports with a data folder of its own and posts webhooks to `sfu.webhooks`. `kill()`
 * is `kill -9`, `start()` starts it again on the same ports and folder. MEDIASOUP_WORKER_BIN is passed on when set.
 */
export interface StartSfuOptions {
  /** mediasoup workers, default 2. */
  workers?: number
  /** Further environment of the process, e.g. LOG_LEVEL. */
  env?: Record<string, string>
  recordingsUrl?: string
  /** Of several nodes together; default one of its own. Whoever made it ends it. */
  webhooks?: TestWebhooks
  /** Loopback only by default. */
  announcedAddress?: string
}

const PORTS = { from: 21_600, to: 21_799 }
/** Of every SFU that tests start. */
export const TEST_KEYS = { key: 'testkey', secret: 'a-test-secret-of-more-than-32-characters' }
const { key: API_KEY, secret: API_SECRET } = TEST_KEYS
const MAIN = path.resolve(import.meta.dirname, '../sfu/src/main.ts')
/** Two seconds when the machine is idle; other tests' browsers and builds make it many. */
const START_LIMIT_MS = 60_000

export async function startSfu(options: StartSfuOptions = {}): Promise<RunningSfu> {
  const webhooks = options.webhooks ?? (await TestWebhooks.create(API_KEY, API_SECRET))
  const dataDir = await mkdtemp(path.join(tmpdir(), 'diemcau-sfu-'))
  for (let attempt = 1; ; attempt++) {
    const sfu = new RunningSfu(options, webhooks, dataDir, await freePorts(1 + (options.workers ?? 2)))
    try {
      await sfu.start()
      return sfu
    } catch (error) {
      // Another process may have taken a port since it was looked at.
      if (attempt < 3 && /in use|EADDRINUSE/.test(sfu.output)) continue
      if (!options.webhooks) await webhooks.down()
      await rm(dataDir, { recursive: true, force: true })
      throw error
    }
  }
}

export class RunningSfu extends SfuAccess {
  readonly webhooks: TestWebhooks
  readonly dataDir: string
  /** What the process wrote, for messages of failing tests. */
  output = ''
  readonly #options: StartSfuOptions
  readonly #port: number
  #child: ChildProcess | undefined

  constructor(options: StartSfuOptions, webhooks: TestWebhooks, dataDir: string, port: number) {
    super(`http://127.0.0.1:${port}`, API_KEY, API_SECRET)
    this.#options = options
    this.#port = port
    this.webhooks = webhooks
    this.dataDir = dataDir
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('the SFU is not running')
    return this.#child.pid
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when `/healthz` says ok. Called by `startSfu`; call it again after `kill` or `end`. */
  async start(): Promise<void> {
    const { workers = 2, env, recordingsUrl, announcedAddress = '127.0.0.1' } = this.#options
    const child = spawn(process.execPath, [MAIN], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NODE_ENV: 'test',
        SFU_PORT: String(this.#port),
        SFU_BIND: '127.0.0.1',
        SFU_MEDIA_PORT: String(this.#port + 1),
        SFU_ANNOUNCED_ADDRESS: announcedAddress,
        SFU_WORKERS: String(workers),
        // Everything that a room does is to work between workers, too.
        SFU_WORKER_PLACEMENT: 'spread',
        // A busy machine would turn people away.
        SFU_ADMISSION: 'off',
        LIVEKIT_API_KEY: API_KEY,
        LIVEKIT_API_SECRET: API_SECRET,
        WEBHOOK_URLS: this.webhooks.url,
        RECORDINGS_URL: recordingsUrl ?? 'http://127.0.0.1:9',
        DATA_DIR: this.dataDir,
        ...env,
      },
    })
    this.#child = child
    const collect = (chunk: Buffer) => {
      this.output = (this.output + chunk.toString()).slice(-200_000)
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    try {
      await eventually(async () => {
        if (child.exitCode !== null) return null
        const response = await fetch(`${this.url}/healthz`)
        return response.ok ? null : `healthz says ${response.status}`
      }, START_LIMIT_MS)
      if (child.exitCode !== null)
        throw new Error(`the SFU ended with ${child.exitCode} while starting:\n${this.output}`)
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }

  /** Peers and process id of each mediasoup worker, by index, as `/metrics` tells. */
  async workers(): Promise<{ index: number; pid: number; peers: number }[]> {
    const text = await (await fetch(`${this.url}/metrics`)).text()
    const found = text.matchAll(/^diemcau_sfu_worker_peers\{worker="(\d+)",pid="(\d+)"\} (\d+)/gm)
    return [...found]
      .map(([, index, pid, peers]) => ({ index: Number(index), pid: Number(pid), peers: Number(peers) }))
      .sort((a, b) => a.index - b.index)
  }

  async workerPids(): Promise<number[]> {
    return (await this.workers()).map(worker => worker.pid)
  }

  /** It keeps its connections and does nothing, until `wake`. Its media workers go on. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  wake(): void {
    this.#child?.kill('SIGCONT')
  }

  /** `kill -9`, and waits until the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, and waits; returns the exit code. The receiver and the data folder stay. */
  async end(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  /** Ends all and cleans up; throws when the process did not end with 0. Safe to call twice and after `kill`. */
  async stop(): Promise<void> {
    const wasRunning = this.#child !== undefined
    const code = await this.#end('SIGTERM')
    if (!this.#options.webhooks) await this.webhooks.down()
    await rm(this.dataDir, { recursive: true, force: true })
    if (wasRunning && code !== 0) throw new Error(`the SFU ended with ${code}:\n${this.output.slice(-4_000)}`)
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined) return null
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const ended = new Promise<number | null>(resolve => child.once('exit', code => resolve(code)))
    child.kill(signal)
    // One that is paused would take the SIGTERM only when it wakes.
    child.kill('SIGCONT')
    const cut = setTimeout(() => child.kill('SIGKILL'), 12_000)
    const code = await ended
    clearTimeout(cut)
    return code
  }
}

/** The first of `count` neighbouring ports of the loopback that are free for TCP and UDP. */
export async function freePorts(count: number, { from, to } = PORTS): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const first = from + Math.floor(Math.random() * (to - from - count))
    const checks = Array.from({ length: count }, (_, i) => isFree(first + i))
    if ((await Promise.all(checks)).every(Boolean)) return first
  }
  throw new Error(`no ${count} free ports in a row between ${from} and ${to}`)
}

async function isFree(port: number): Promise<boolean> {
  const tcp = await new Promise<boolean>(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
  if (!tcp) return false
  return new Promise<boolean>(resolve => {
    const socket = createSocket('udp4')
    socket.once('error', () => resolve(false))
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)))
  })
}
