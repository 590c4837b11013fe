/** Starts portal-process.ts and speaks to it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { PortalCalls } from './portal-process.ts'

type Reply = { port: number } | { n: number; value: unknown } | { n: number; error: string }

export class PortalChild {
  readonly port: number
  readonly #process: ChildProcess
  readonly #pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #calls = 0

  private constructor(process: ChildProcess, port: number) {
    this.#process = process
    this.port = port
    process.on('message', (reply: Reply) => {
      if ('port' in reply) return
      const asked = this.#pending.get(reply.n)
      this.#pending.delete(reply.n)
      if ('error' in reply) asked?.reject(new Error(reply.error))
      else asked?.resolve(reply.value)
    })
  }

  /**
   * Resolves when it listens. What it logs from `warn` on goes to this process's stderr.
   * @param options of `startLiveParts`
   */
  static async create(
    env: Record<string, string>,
    options: { graceMs?: number; pulseMs?: number },
  ): Promise<PortalChild> {
    const child = fork(join(import.meta.dirname, 'portal-process.ts'), [JSON.stringify(options)], {
      env: { NODE_ENV: 'development', LOG_LEVEL: 'warn', ...env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (reply: Reply) => resolve('port' in reply ? reply.port : 0))
      child.once('exit', code => reject(new Error(`the portal ended with ${code}`)))
    })
    return new PortalChild(child, port)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** As a request to this portal would; never settles when it is killed before it answers. */
  async call<K extends keyof PortalCalls>(
    call: K,
    ...args: Parameters<PortalCalls[K]>
  ): Promise<Awaited<ReturnType<PortalCalls[K]>>> {
    const n = ++this.#calls
    const value = await new Promise((resolve, reject) => {
      this.#pending.set(n, { resolve, reject })
      this.#process.send({ n, call, args })
    })
    return value as Awaited<ReturnType<PortalCalls[K]>>
  }

  /** At once, as a power cut does. Safe to call twice. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }
}
