/**
 * Connections that have not shown a ticket yet. They cost memory and nothing has been proved, so that they are few and short:
 * counted by network and in all before the handshake, and closed when no ticket came in time.
 */
import { networkOf } from '@diemcau/core/net/network-of.ts'
import type { Server } from 'socket.io'

/** A province behind one address may come back at once; each is without a ticket for some milliseconds. */
const PER_NETWORK = 300
const IN_ALL = 3_000
const TICKET_WITHIN_MS = 10_000

export interface DoorLimits {
  perNetwork: number
  inAll: number
  ticketWithinMs: number
}

/** A connection of engine.io, as far as needed here. */
interface Connection {
  request: object
  once(event: 'close', listener: () => void): unknown
  close(discard?: boolean): unknown
}

export class SocketDoor {
  readonly #limits: DoorLimits
  readonly #waiting = new Map<Connection, { network: string; timer: ReturnType<typeof setTimeout> }>()
  readonly #byNetwork = new Map<string, number>()

  constructor(
    limits: DoorLimits = { perNetwork: PER_NETWORK, inAll: IN_ALL, ticketWithinMs: TICKET_WITHIN_MS },
  ) {
    this.#limits = limits
  }

  /** Connections without a ticket. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Whether one more connection from this address may begin. */
  mayEnter(address: string): boolean {
    if (this.#waiting.size >= this.#limits.inAll) return false
    return (this.#byNetwork.get(networkOf(address)) ?? 0) < this.#limits.perNetwork
  }

  /** Watches every connection of this server. `addressOf` says where a request came from. */
  attach(io: Server, addressOf: (request: object) => string): void {
    io.engine.on('connection', (connection: Connection) =>
      this.#enter(connection, addressOf(connection.request)),
    )
    // Only the floor's own namespace is served; here nobody could ever show a ticket.
    io.of('/').use((_socket, next) => next(new Error('ticket')))
  }

  /** This connection has shown a good ticket. */
  pass(connection: object): void {
    this.#leave(connection as Connection)
  }

  /** Connections without a ticket now. */
  get size(): number {
    return this.#waiting.size
  }

  close(): void {
    for (const connection of [...this.#waiting.keys()]) this.#leave(connection)
  }

  #enter(connection: Connection, address: string): void {
    const network = networkOf(address)
    const timer = setTimeout(() => connection.close(true), this.#limits.ticketWithinMs)
    this.#waiting.set(connection, { network, timer })
    this.#byNetwork.set(network, (this.#byNetwork.get(network) ?? 0) + 1)
    connection.once('close', () => this.#leave(connection))
  }

  #leave(connection: Connection): void {
    const entry = this.#waiting.get(connection)
    if (!entry) return
    clearTimeout(entry.timer)
    this.#waiting.delete(connection)
    const left = (this.#byNetwork.get(entry.network) ?? 1) - 1
    if (left > 0) this.#byNetwork.set(entry.network, left)
    else this.#byNetwork.delete(entry.network)
  }
}
