/**
 * One supervised process: started, watched, started again with back-off when it dies, stopped with SIGTERM and, when it
 * does not listen, SIGKILL. Its output is passed on line by line with its name in front.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { warn } from '../lib/log.mjs'

/** EX_CONFIG: the process refused its settings; starting it again would change nothing. */
const EXIT_CONFIG = 78
const BACKOFF_FIRST_MS = 300
const BACKOFF_MAX_MS = 10_000
/** A process that lived this long starts again at once and forgets its earlier deaths. */
const STABLE_MS = 20_000
const STOP_TIMEOUT_MS = 12_000

export interface ServiceOptions {
  name: string
  /** What is run; default the pinned `node`. */
  command?: string
  args: string[]
  cwd: string
  env: NodeJS.ProcessEnv
  /** Resolves true once the service is ready; it may throw while it is not. */
  isHealthy: () => Promise<boolean>
  /** Writes one line of the service's output. */
  print: (line: string) => void
  /** How long it may take to stop by itself, ms; default 12 s. */
  stopTimeoutMs?: number
  /** A process of this service has been started (again). */
  onStarted: () => void
  /** It has ended without having been told to. */
  onEnded?: () => void
  /** The service refused its settings or its files are broken: everything should stop. */
  onFatal: (message: string) => void
}

export class ChildService {
  readonly name: string
  readonly #options: ServiceOptions
  #child: ChildProcess | null = null
  #isClosing = false
  #failures = 0
  #timer: NodeJS.Timeout | null = null
  #ended: Promise<void> = Promise.resolve()

  constructor(options: ServiceOptions) {
    this.name = options.name
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    const { command = 'node', args, cwd, env, name } = this.#options
    const startedAt = Date.now()
    // Its own process group, so that Ctrl-C in the terminal reaches only the supervisor, which stops all in order.
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    this.#child = child
    this.#options.onStarted()
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream! }).on('line', line => this.#options.print(`[${name}] ${line}`))
    }
    child.once('error', error => this.#options.onFatal(`${name} cannot be started: ${error.message}`))
    this.#ended = new Promise(resolve => {
      child.once('close', (code, signal) => {
        this.#child = null
        resolve()
        this.#handleEnd(code, signal, Date.now() - startedAt)
      })
    })
  }

  #handleEnd(code: number | null, signal: NodeJS.Signals | null, livedMs: number): void {
    if (this.#isClosing) return
    this.#options.onEnded?.()
    if (code === EXIT_CONFIG) {
      this.#options.onFatal(`${this.name} refused its settings (see the lines above).`)
      return
    }
    this.#failures = livedMs > STABLE_MS ? 0 : this.#failures + 1
    const delayMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.max(0, this.#failures - 1))
    warn(`${this.name} ended (${signal ?? `status ${code}`}); starting it again in ${delayMs} ms`)
    this.#timer = setTimeout(() => this.start(), delayMs)
  }

  /** Resolves true once the service answers its health check; false when `timeoutMs` have passed. */
  async waitUntilHealthy(timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs
    while (Date.now() < deadline && !this.#isClosing) {
      try {
        if (await this.#options.isHealthy()) return true
      } catch {
        // Not listening yet: that is what we are waiting for.
      }
      await new Promise(resolve => setTimeout(resolve, 100))
    }
    return false
  }

  /** Stops the process and starts it no more; idempotent. */
  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#timer) clearTimeout(this.#timer)
    const child = this.#child
    if (!child?.pid) return
    child.kill('SIGTERM')
    const force = setTimeout(() => {
      warn(`${this.name} does not stop by itself: killed`)
      try {
        process.kill(-child.pid!, 'SIGKILL')
      } catch {
        // The group is already gone.
      }
    }, this.#options.stopTimeoutMs ?? STOP_TIMEOUT_MS)
    await this.#ended
    clearTimeout(force)
    try {
      // Whatever the process left of its group (a media worker, ffmpeg) goes with it.
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // Nothing was left, which is the rule.
    }
  }
}

/** For `isHealthy`: GET answers 200. */
export const answersOk = (url: string) => async (): Promise<boolean> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
  await response.arrayBuffer()
  return response.ok
}
