import type { Socket } from 'node:net'
import type { Log } from '../../room/base/log.ts'

export interface StrangersOptions {
  /** Connections at a time. */
  most: number
  /** How long one may take to prove itself, from its first packet, ms. */
  timeoutMs: number
  log: Log
}

/** One line about them in so many ms. */
const QUIET_MS = 10_000

/**
 * Connections that have proved nothing yet. When too many are there the oldest goes: a node needs some milliseconds, so that somebody who
 * opens connections and waits keeps nobody out.
 */
export class Strangers {
  readonly #options: StrangersOptions
  readonly #waiting = new Map<string, { socket: Socket; timer: NodeJS.Timeout }>()
  #refused = 0
  #loggedMs: number | null = null

  constructor(options: StrangersOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#waiting.size
  }

  add(socket: Socket): void {
    const key = keyOf(socket)
    if (key === null) return void socket.destroy()
    const timer = setTimeout(() => this.refuse(socket, 'late'), this.#options.timeoutMs)
    this.#waiting.set(key, { socket, timer })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#take(key, socket))
    const oldest = this.#waiting.values().next().value
    if (this.#waiting.size > this.#options.most && oldest !== undefined)
      this.refuse(oldest.socket, 'too_many')
  }

  /** It has proved who it is. False when it is gone meanwhile. */
  letIn(socket: Socket): boolean {
    const key = keyOf(socket)
    return key !== null && this.#take(key)
  }

  refuse(socket: Socket, why: 'late' | 'too_many' | 'stranger'): void {
    this.#refused += 1
    const now = performance.now()
    if (this.#loggedMs === null || now - this.#loggedMs >= QUIET_MS) {
      this.#loggedMs = now
      this.#options.log.warn(
        { address: socket.remoteAddress, why, count: this.#refused },
        'somebody who is not of the cluster was refused at the port of the links',
      )
      this.#refused = 0
    }
    const key = keyOf(socket)
    if (key !== null) this.#take(key)
    socket.destroy()
  }

  close(): void {
    for (const { socket, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      socket.destroy()
    }
    this.#waiting.clear()
  }

  #take(key: string, only?: Socket): boolean {
    const waiting = this.#waiting.get(key)
    if (waiting === undefined || (only !== undefined && waiting.socket !== only)) return false
    clearTimeout(waiting.timer)
    return this.#waiting.delete(key)
  }
}

/** The same for a TCP socket and the TLS socket upon it; null for one that is closed. */
const keyOf = ({ remoteAddress, remotePort }: Socket): string | null =>
  remoteAddress === undefined ? null : `${remoteAddress}/${remotePort}`
