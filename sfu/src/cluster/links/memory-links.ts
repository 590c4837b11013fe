import { Fifo } from '@diemcau/core/fifo.ts'
import { LinkSet, type LinkSetOptions } from './link-set.ts'
import type { Incarnation } from './node-links.ts'
import type { Had } from './outgoing-queue.ts'
import type { Wire, WireListener } from './wire.ts'

/** One end of a connection in memory. What it writes travels by its direction. */
class MemoryWire implements Wire {
  readonly #direction: Direction
  #far: MemoryWire | null = null
  #listener: WireListener | null = null
  /** Came before anybody listened. */
  #early: Uint8Array[] = []
  #hasEnded = false
  pendingBytes = 0

  constructor(direction: Direction) {
    this.#direction = direction
  }

  static pair(there: Direction, back: Direction): [MemoryWire, MemoryWire] {
    const near = new MemoryWire(there)
    const far = new MemoryWire(back)
    near.#far = far
    far.#far = near
    return [near, far]
  }

  listen(listener: WireListener): void {
    this.#listener = listener
    const early = this.#early
    this.#early = []
    for (const bytes of early) this.take(bytes)
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#hasEnded) return
    const bytes = Buffer.concat(pieces)
    this.pendingBytes += bytes.length
    this.#direction.carry({
      leave: () => {
        this.pendingBytes -= bytes.length
        if (!this.#hasEnded) this.#listener?.drained()
      },
      arrive: () => this.#far?.take(bytes),
    })
  }

  finish(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#direction.carry({ leave: () => {}, arrive: () => this.#far?.end() })
  }

  destroy(): void {
    this.finish()
  }

  /** The connection is lost here, without a word to the other end. */
  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#listener?.closed('broken')
  }

  /** Something arrived from the other end. */
  take(bytes: Uint8Array): void {
    if (this.#hasEnded) return
    if (this.#listener === null) this.#early.push(bytes)
    else this.#listener.frame(bytes)
  }
}

interface Travelling {
  /** It is with the system, no longer with the sender. */
  leave(): void
  arrive(): void
}

/** From one node to another, in order. While cut, things stay with the sender, as TCP keeps what is not acknowledged. */
class Direction {
  delayMs = 0
  #isCut = false
  readonly #held = new Fifo<Travelling>()
  readonly #onTheWay = new Fifo<{ thing: Travelling; dueMs: number }>()
  #lastDueMs = 0
  #timer: NodeJS.Timeout | undefined

  get isCut(): boolean {
    return this.#isCut
  }
  set isCut(isCut: boolean) {
    this.#isCut = isCut
    if (isCut) return
    for (let thing = this.#held.shift(); thing !== undefined; thing = this.#held.shift()) this.carry(thing)
    this.#schedule()
  }

  carry(thing: Travelling): void {
    if (this.#isCut) {
      this.#held.push(thing)
      return
    }
    // A delay that has become shorter lets nothing overtake.
    this.#lastDueMs = Math.max(this.#lastDueMs, performance.now() + this.delayMs)
    this.#onTheWay.push({ thing, dueMs: this.#lastDueMs })
    this.#schedule()
  }

  /** Nobody waits for it any more. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#held.clear()
    this.#onTheWay.clear()
  }

  #schedule(): void {
    const first = this.#onTheWay.peek()
    if (first === undefined || this.#isCut || this.#timer !== undefined) return
    this.#timer = setTimeout(() => this.#deliver(), Math.max(0, first.dueMs - performance.now()))
  }

  #deliver(): void {
    this.#timer = undefined
    const now = performance.now()
    for (;;) {
      const first = this.#onTheWay.peek()
      if (first === undefined || this.#isCut || first.dueMs > now) break
      this.#onTheWay.shift()
      first.thing.leave()
      first.thing.arrive()
    }
    this.#schedule()
  }
}

/**
 * A network of nodes in one process, for scenarios: the same links over connections in memory. Each direction between two nodes can be made
 * slow or be cut by itself; a connection can be lost while it carries something.
 */
export class MemoryNetwork {
  readonly #nodes = new Map<Incarnation, MemoryLinks>()
  readonly #directions = new Map<string, Direction>()
  readonly #connections = new Set<{ ends: Set<Incarnation>; wires: [MemoryWire, MemoryWire] }>()

  /** A new node. Peers reach it by any address. */
  join(options: LinkSetOptions): MemoryLinks {
    const links = new MemoryLinks(options, this)
    this.#nodes.set(options.self, links)
    return links
  }

  setDelay(from: Incarnation, to: Incarnation, delayMs: number): void {
    this.#direction(from, to).delayMs = delayMs
  }

  /** Nothing gets from the one to the other any more; the other way goes on. What is sent meanwhile comes once it is healed. */
  cut(from: Incarnation, to: Incarnation): void {
    this.#direction(from, to).isCut = true
  }

  heal(from: Incarnation, to: Incarnation): void {
    this.#direction(from, to).isCut = false
  }

  /** The connection between two is lost with all that is on its way; both see it at once. */
  break(a: Incarnation, b: Incarnation): void {
    for (const connection of [...this.#connections]) {
      if (!connection.ends.has(a) || !connection.ends.has(b)) continue
      this.#connections.delete(connection)
      this.#direction(a, b).clear()
      this.#direction(b, a).clear()
      for (const wire of connection.wires) wire.end()
    }
  }

  /** Used by the links: whoever listens there, if packets get through both ways. @throws Error. */
  reach(from: Incarnation, to: Incarnation): MemoryLinks {
    const node = this.#nodes.get(to)
    if (node === undefined || this.#direction(from, to).isCut || this.#direction(to, from).isCut)
      throw new Error('the node cannot be reached')
    return node
  }

  /** Used by the links: time of a question and its answer, ms. */
  roundTripMs(from: Incarnation, to: Incarnation): number {
    return this.#direction(from, to).delayMs + this.#direction(to, from).delayMs
  }

  /** Used by the links: both ends of a new connection. */
  open(from: Incarnation, to: Incarnation): [MemoryWire, MemoryWire] {
    const wires = MemoryWire.pair(this.#direction(from, to), this.#direction(to, from))
    for (const known of [...this.#connections])
      if (known.ends.has(from) && known.ends.has(to)) this.#connections.delete(known)
    this.#connections.add({ ends: new Set([from, to]), wires })
    return wires
  }

  /** Used by the links: it takes nothing any more. */
  leave(node: Incarnation): void {
    this.#nodes.delete(node)
    for (const [key, direction] of this.#directions) if (key.endsWith(`→${node}`)) direction.clear()
  }

  #direction(from: Incarnation, to: Incarnation): Direction {
    const key = `${from}→${to}`
    const known = this.#directions.get(key)
    if (known !== undefined) return known
    const direction = new Direction()
    this.#directions.set(key, direction)
    return direction
  }
}

/** The links of one node of a `MemoryNetwork`. */
export class MemoryLinks extends LinkSet {
  readonly #network: MemoryNetwork

  constructor(options: LinkSetOptions, network: MemoryNetwork) {
    super(options)
    this.#network = network
  }

  override async close(): Promise<void> {
    await super.close()
    this.#network.leave(this.self)
  }

  protected override async dial(peer: Incarnation): Promise<void> {
    this.#network.reach(this.self, peer)
    const waitMs = this.#network.roundTripMs(this.self, peer)
    if (waitMs > 0) await new Promise(resolve => setTimeout(resolve, waitMs))
    const other = this.#network.reach(this.self, peer)
    if (this.listener === null || other.listener === null) throw new Error('nobody listens there')
    if (other.isBuried(this.self)) {
      this.listener.refused?.(peer, 'buried')
      throw new Error('the peer refused: buried')
    }
    const [near, far] = this.#network.open(this.self, peer)
    let theirs: Had | null = null
    const isAccepted = other.accept(this.self, far, this.had(peer), had => {
      theirs = had
    })
    if (!isAccepted || !this.dialled(peer, near, theirs)) near.destroy()
  }
}
