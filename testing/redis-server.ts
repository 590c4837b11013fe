import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'

const BINARY = process.env.REDIS_SERVER ?? '/usr/bin/redis-server'

/** Why there can be no Redis on this machine; undefined when there can. `node scripts/setup.mjs --tests` installs it. */
export const noRedisServer = existsSync(BINARY)
  ? undefined
  : `no redis-server at ${BINARY} (set REDIS_SERVER)`

interface RedisOptions {
  /** Asked of every client. */
  password?: string
  /** Only TLS is spoken; `ca` is the certificate that signed the server's. */
  tls?: boolean
  /** The server whose copy this one is. */
  replicaOf?: RedisServer
  /** More lines of redis.conf. */
  settings?: Record<string, string>
}

/**
 * A real redis-server on a free port of the loopback, with a folder of its own and nothing kept on disk: what is started
 * again after `kill` or `stop` is empty. `close` ends it and removes the folder.
 */
export class RedisServer {
  readonly port: number
  readonly ca: string | undefined
  readonly #folder: string
  readonly #options: RedisOptions
  #process: RedisProcess | undefined

  private constructor(port: number, folder: string, ca: string | undefined, options: RedisOptions) {
    this.port = port
    this.ca = ca
    this.#folder = folder
    this.#options = options
  }

  static async create(options: RedisOptions = {}): Promise<RedisServer> {
    const folder = await mkdtemp(path.join(tmpdir(), 'diemcau-redis-'))
    if (options.tls) makeCertificate(folder)
    const ca = options.tls ? readFileSync(path.join(folder, 'cert.pem'), 'utf8') : undefined
    const redis = new RedisServer(await freePort(), folder, ca, options)
    try {
      await redis.start()
      return redis
    } catch (error) {
      await redis.close()
      throw error
    }
  }

  /** As REDIS_URL. */
  get url(): string {
    const { password, tls } = this.#options
    const user = password === undefined ? '' : `:${encodeURIComponent(password)}@`
    return `${tls ? 'rediss' : 'redis'}://${user}127.0.0.1:${this.port}`
  }

  get isRunning(): boolean {
    return this.#process?.isRunning ?? false
  }

  /** Starts it (again), empty, on the same port; resolves when it answers. */
  async start(): Promise<void> {
    if (this.isRunning) throw new Error('it runs already')
    const { password, tls, replicaOf, settings } = this.#options
    const [cert, key] = [path.join(this.#folder, 'cert.pem'), path.join(this.#folder, 'key.pem')]
    const lines = {
      bind: '127.0.0.1',
      dir: this.#folder,
      save: '""',
      'maxmemory-policy': 'noeviction',
      ...(tls
        ? {
            port: '0',
            'tls-port': String(this.port),
            'tls-cert-file': cert,
            'tls-key-file': key,
            'tls-ca-cert-file': cert,
            'tls-auth-clients': 'no',
          }
        : { port: String(this.port) }),
      ...(password === undefined ? {} : { requirepass: JSON.stringify(password) }),
      ...(replicaOf ? { replicaof: `127.0.0.1 ${replicaOf.port}`, 'repl-diskless-sync-delay': '0' } : {}),
      ...settings,
    }
    this.#process = await RedisProcess.create(this.#folder, lines, [], this.port)
  }

  /** Stops it in good order. */
  stop = () => this.#end('SIGTERM')

  /** Ends it at once, as a power cut does. */
  kill = () => this.#end('SIGKILL')

  /** It takes connections and bytes and does nothing with them, until `wake`. */
  pause = () => this.#process?.signal('SIGSTOP')

  wake = () => this.#process?.signal('SIGCONT')

  /** Safe to call twice. */
  async close(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const process = this.#process
    this.#process = undefined
    await process?.end(signal)
  }
}

/** One Sentinel that watches one server under the name `diemcau`. `close` ends it. */
export class RedisSentinel {
  readonly port: number
  readonly #folder: string
  readonly #process: RedisProcess

  private constructor(port: number, folder: string, process: RedisProcess) {
    this.port = port
    this.#folder = folder
    this.#process = process
  }

  /** @param downAfterMs how long the server must be silent until its copy takes over */
  static async create(watched: RedisServer, downAfterMs = 500): Promise<RedisSentinel> {
    const folder = await mkdtemp(path.join(tmpdir(), 'diemcau-sentinel-'))
    const port = await freePort()
    const lines = {
      bind: '127.0.0.1',
      port: String(port),
      dir: folder,
      'sentinel monitor': `diemcau 127.0.0.1 ${watched.port} 1`,
      'sentinel down-after-milliseconds': `diemcau ${downAfterMs}`,
      'sentinel failover-timeout': 'diemcau 5000',
    }
    return new RedisSentinel(port, folder, await RedisProcess.create(folder, lines, ['--sentinel'], port))
  }

  /** Null when it knows of so many copies that could take over; else words. */
  async whatIsMissing(copies: number): Promise<string | null> {
    const answer = await ask(this.port, 'SENTINEL REPLICAS diemcau\r\n')
    const ready = answer.split('master-link-status').filter(part => /^\r\n\$2\r\nok/.test(part)).length
    return ready >= copies ? null : `${ready} copies are known`
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    await this.#process.end('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** One run of the program. */
class RedisProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  output = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#exited = new Promise(resolve => child.once('exit', () => resolve()))
    const collect = (chunk: Buffer) => {
      this.output = (this.output + chunk.toString()).slice(-20_000)
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
  }

  static async create(folder: string, lines: Record<string, string>, flags: string[], port: number) {
    const file = path.join(folder, 'redis.conf')
    const text = Object.entries(lines).map(([name, value]) => `${name} ${value}\n`)
    await writeFile(file, text.join(''))
    const child = spawn(BINARY, [file, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] })
    const process = new RedisProcess(child)
    try {
      await eventually(async () => {
        if (!process.isRunning) return null
        return (await isOpen(port)) ? null : `port ${port} is closed`
      }, 10_000)
      if (!process.isRunning) throw new Error('it ended')
      return process
    } catch (error) {
      await process.end('SIGKILL')
      throw new Error(`redis-server did not start: ${process.output}`, { cause: error })
    }
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(signal)
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.isRunning) return
    this.#child.kill(signal)
    // One that is paused would take the SIGTERM only when it wakes.
    this.#child.kill('SIGCONT')
    await this.#exited
  }
}

function makeCertificate(folder: string): void {
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
      .concat('-keyout', path.join(folder, 'key.pem'), '-out', path.join(folder, 'cert.pem'))
      .concat('-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'),
    { stdio: 'ignore' },
  )
}

const isOpen = (port: number) =>
  new Promise<boolean>(resolve => {
    const socket = createConnection(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })

/** One command, in the plain protocol; resolves with what came within 100 ms. */
const ask = (port: number, command: string) =>
  new Promise<string>((resolve, reject) => {
    let answer = ''
    const socket = createConnection(port, '127.0.0.1', () => socket.write(command)).on('error', reject)
    socket.on('data', chunk => {
      answer += chunk.toString()
    })
    setTimeout(() => {
      socket.destroy()
      resolve(answer)
    }, 100)
  })
