/**
 * The whole product for browser tests: the real supervisor with its own ports and data folder. Test-only.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { eventually } from './eventually.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const WORKERS = 2
/** A cluster of three takes ports up to 39 after the address that leads to all. */
const CLUSTER_PORTS = 48

export interface Stack {
  /** Portal, e.g. http://localhost:41000 */
  baseUrl: string
  sfuUrl: string
  dataDir: string
  /**
   * Process id of a service now, or undefined while it is being started again: portal, sfu, recordings, postgres; in a cluster
   * node-1, node-2, …, redis.
   */
  pidOf(service: string): number | undefined
  /** Process ids of the mediasoup workers, read from the sfu's children. */
  workerPids(): number[]
  /** All output so far. */
  output(): string
  close(): Promise<void>
}

/** `count` consecutive free ports. */
async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = 20_000 + Math.floor(Math.random() * 10_000)
    const free = await Promise.all(
      Array.from({ length: count }, (_, index) => {
        return new Promise<boolean>(resolve => {
          const server = createServer()
          server.once('error', () => resolve(false))
          server.listen(first + index, '0.0.0.0', () => server.close(() => resolve(true)))
        })
      }),
    )
    if (free.every(Boolean)) return first
  }
  throw new Error('No free ports were found.')
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number)
  } catch {
    return []
  }
}

/**
 * Starts the product and waits until it greets. The caller closes it.
 *
 * @param kept a data folder of the caller's, which stays when the product is closed
 * @param args for the supervisor, e.g. --cluster
 * @throws Error with all output when it ends before it greets
 */
export async function startStack(
  extraEnv: Record<string, string> = {},
  kept?: string,
  args: string[] = [],
): Promise<Stack> {
  const first = await freePorts(args.includes('--cluster') ? CLUSTER_PORTS : 4 + WORKERS)
  const dataDir = kept ?? mkdtempSync(path.join(tmpdir(), 'diemcau-e2e-'))
  const child: ChildProcess = spawn('node', ['scripts/supervisor/main.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE_ENV: 'development',
      DATABASE_URL: '',
      PORT: String(first),
      SFU_PORT: String(first + 1),
      RECORDINGS_PORT: String(first + 2),
      POSTGRES_PORT: String(first + 3),
      SFU_MEDIA_PORT: String(first + 4),
      REDIS_PORT: String(first + 6),
      SFU_WORKERS: String(WORKERS),
      // What a room does is tried between workers.
      SFU_WORKER_PLACEMENT: 'spread',
      SFU_ANNOUNCED_ADDRESS: '127.0.0.1',
      // Of a cluster a test decides who is on which node.
      SFU_NODE_PLACEMENT: 'entry',
      PUBLIC_URL: `http://localhost:${first}`,
      DATA_DIR: dataDir,
      SEED_DEMO: 'yes',
      // Beside several Chromiums a polite composition would never get its turn.
      RECORDINGS_NICE: '0',
      ...extraEnv,
    },
  })
  let output = ''
  let exitCode: number | null = null
  child.stdout?.on('data', chunk => (output += chunk))
  child.stderr?.on('data', chunk => (output += chunk))
  child.once('close', code => (exitCode = code ?? 1))
  await eventually(() => {
    if (exitCode !== null) throw new Error(`The product ended with status ${exitCode}:\n${output}`)
    return output.includes('is running') ? '' : `it has not greeted yet:\n${output.slice(-2000)}`
  }, 90_000)
  const pids = () => {
    const content = JSON.parse(readFileSync(path.join(dataDir, 'run.json'), 'utf8'))
    return content.services as Record<string, number>
  }
  return {
    baseUrl: `http://localhost:${first}`,
    sfuUrl: `http://127.0.0.1:${first + 1}`,
    dataDir,
    pidOf: service => pids()[service],
    workerPids: () => childrenOf(pids().sfu ?? 0),
    output: () => output,
    async close() {
      child.kill('SIGTERM')
      await eventually(
        () => (exitCode === null ? `the product still runs:\n${output.slice(-2000)}` : ''),
        40_000,
      )
      if (kept === undefined) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
