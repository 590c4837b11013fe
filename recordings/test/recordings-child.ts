import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** The recordings process as it is run in production, so that it can be killed. The caller kills or stops it. */
export class RecordingsChild {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(env: Record<string, string>): Promise<RecordingsChild> {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, LOG_LEVEL: 'warn', ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const self = new RecordingsChild(child)
    const health = `http://127.0.0.1:${env.RECORDINGS_PORT}/healthz`
    for (;;) {
      if (child.exitCode !== null) throw new Error(`recordings ended with ${child.exitCode}`)
      const answer = await fetch(health).catch(() => null)
      if (answer?.ok) return self
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }

  /** It keeps its connections and does nothing, until `wake`. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  wake(): void {
    this.#child.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Resolves with the exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode
    const exited = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exited
    return this.#child.exitCode
  }
}
