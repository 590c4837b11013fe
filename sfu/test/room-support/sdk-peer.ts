/**
 * Participants on SDKs of other languages, as processes of their own: one JSON command a line in, one JSON event a line
 * out. `node scripts/setup.mjs --tests` builds and installs them.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { eventually } from '../../../testing/eventually.ts'

const cached = (name: string) =>
  fileURLToPath(new URL(`../../../.cache/sdk-clients/${name}`, import.meta.url))
const GO = process.env.GO_PEER ?? cached('go-peer')
const PYTHON = process.env.PYTHON_PEER ?? cached('python/bin/python')
const PYTHON_SCRIPT = fileURLToPath(new URL('../python/peer.py', import.meta.url))

const missing = (file: string) =>
  existsSync(file) ? undefined : `no ${file} (node scripts/setup.mjs --tests makes it where it can)`
/** Why there can be no such client on this machine; undefined when there can. */
export const noGo = missing(GO)
export const noPython = missing(PYTHON)

export type SdkEvent = { event: string } & Record<string, unknown>

/** A command that an SDK takes longer for has hung, ms. */
const COMMAND_TIMEOUT_MS = 30_000
const EVENT_TIMEOUT_MS = 20_000

export class SdkPeer {
  readonly events: SdkEvent[] = []
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>()
  readonly #ended: Promise<void>
  #errors = ''
  #lastId = 0

  private constructor(child: ChildProcess) {
    this.#process = child
    createInterface({ input: child.stdout! }).on('line', line => this.#take(line))
    child.stderr!.on('data', chunk => {
      this.#errors = (this.#errors + chunk).slice(-2_000)
    })
    this.#ended = new Promise(resolve => {
      child.on('close', (code, signal) => {
        const error = new Error(`the client ended (${signal ?? code}): ${this.#errors}`)
        for (const { reject } of this.#waiting.values()) reject(error)
        this.#waiting.clear()
        resolve()
      })
    })
  }

  static go(): SdkPeer {
    return new SdkPeer(spawn(GO, [], { stdio: ['pipe', 'pipe', 'pipe'] }))
  }

  static python(): SdkPeer {
    return new SdkPeer(spawn(PYTHON, [PYTHON_SCRIPT], { stdio: ['pipe', 'pipe', 'pipe'] }))
  }

  /** Rejects with the SDK's own words, when the client dies, and after 30 s. */
  async call(what: string, options: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = ++this.#lastId
    const waiting = Promise.withResolvers<Record<string, unknown>>()
    this.#waiting.set(id, waiting)
    const timer = setTimeout(
      () => waiting.reject(new Error(`${what} was not answered: ${this.#errors}`)),
      COMMAND_TIMEOUT_MS,
    )
    this.#process.stdin!.write(`${JSON.stringify({ id, do: what, ...options })}\n`)
    try {
      return await waiting.promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
  }

  all(event: string, detail: Record<string, unknown> = {}): SdkEvent[] {
    return this.events.filter(
      one => one.event === event && Object.entries(detail).every(([key, value]) => one[key] === value),
    )
  }

  /** Waits until `count` such events have come, and returns the last. */
  async until(event: string, detail: Record<string, unknown> = {}, count = 1): Promise<SdkEvent> {
    await eventually(() => {
      const found = this.all(event, detail).length
      if (found >= count) return null
      return `${found} of ${count} ${event} ${JSON.stringify(detail)} among: ${JSON.stringify(this.events)}`
    }, EVENT_TIMEOUT_MS)
    return this.all(event, detail).at(-1)!
  }

  async close(): Promise<void> {
    this.#process.stdin!.end()
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 3_000)
    await this.#ended
    clearTimeout(timer)
  }

  #take(line: string): void {
    const message = JSON.parse(line) as { id?: number; error?: string; result?: object } & SdkEvent
    if (message.id === undefined) {
      this.events.push(message)
      return
    }
    const waiting = this.#waiting.get(message.id)
    if (message.error === undefined) waiting?.resolve({ ...message.result })
    else waiting?.reject(new Error(message.error))
  }
}
