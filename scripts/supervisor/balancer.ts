/**
 * One address that leads to live nodes: each TCP connection goes to the ready node with the fewest, and bytes are passed on as
 * they are. For a cluster on one machine; with several machines a real balancer does the same (docs/cluster.md).
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { SetupError } from '../lib/log.mjs'

const CHECK_MS = 1_000
const CHECK_TIMEOUT_MS = 1_000
/** Of a connection to a node; on one machine it is there at once or not at all. */
const CONNECT_TIMEOUT_MS = 1_000
/** A node that let so many checks pass without a word is taken for dead, and its connections are ended. */
const SILENT_CHECKS = 4
/** Of a request that is asked again of another node. */
const MOST_REPEATED_BYTES = 65_536
const GET = Buffer.from('GET ')

/** `unready`: it answers that newcomers should go elsewhere; such a node is only used when no other is there. */
type Health = 'ready' | 'unready' | 'silent' | 'dead'

interface Upstream {
  name: string
  port: number
  health: Health
  missedChecks: number
  sockets: Set<Socket>
}

export interface BalancerOptions {
  bind: string
  /** 0 for any. */
  port: number
  /** All on 127.0.0.1. */
  nodes: readonly { name: string; port: number }[]
  /** The node that is taken whenever it is ready, however many connections it has; by default none is better than another. */
  first?: string
  /** Between two looks at each node, ms. */
  checkMs?: number
}

export class Balancer {
  readonly #nodes: Upstream[]
  readonly #first: string | undefined
  readonly #server: Server
  readonly #waiting = new Set<Socket>()
  readonly #timer: NodeJS.Timeout
  #closing: Promise<void> | undefined

  private constructor(options: BalancerOptions) {
    this.#first = options.first
    this.#nodes = options.nodes.map(({ name, port }) => ({
      name,
      port,
      health: 'dead',
      missedChecks: 0,
      sockets: new Set(),
    }))
    // Half-open: who has said everything may still wait for the answer.
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, socket => {
      void this.#lead(socket)
    })
    this.#timer = setInterval(() => void this.check(), options.checkMs ?? CHECK_MS)
  }

  /** @throws SetupError when the port cannot be opened */
  static async create(options: BalancerOptions): Promise<Balancer> {
    const balancer = new Balancer(options)
    try {
      await new Promise<void>((resolve, reject) => {
        balancer.#server.once('error', reject)
        balancer.#server.listen(options.port, options.bind, resolve)
      })
    } catch (error) {
      await balancer.close()
      throw new SetupError(
        `Port ${options.port}/tcp (the address that leads to all media servers) cannot be opened: ${String(error)}`,
      )
    }
    await balancer.check()
    return balancer
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Open connections by node. */
  get connections(): Record<string, number> {
    return Object.fromEntries(this.#nodes.map(({ name, sockets }) => [name, sockets.size]))
  }

  /** Asks every node now, instead of at the next turn. */
  async check(): Promise<void> {
    await Promise.all(this.#nodes.map(node => this.#look(node)))
  }

  /** Its process has ended: nobody is led there, and whoever is still connected hears so. */
  markDead(name: string): void {
    for (const node of this.#nodes) if (node.name === name) drop(node)
  }

  /** Ends all connections; idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      clearInterval(this.#timer)
      for (const node of this.#nodes) drop(node)
      for (const socket of this.#waiting) socket.destroy()
      if (this.#server.listening) await new Promise(resolve => this.#server.close(resolve))
    })()
    return this.#closing
  }

  async #look(node: Upstream): Promise<void> {
    try {
      const response = await fetch(`http://127.0.0.1:${node.port}/readyz`, {
        signal: AbortSignal.timeout(CHECK_TIMEOUT_MS),
      })
      await response.arrayBuffer()
      node.missedChecks = 0
      node.health = response.ok ? 'ready' : 'unready'
    } catch (error) {
      if (isRefused(error)) return drop(node)
      node.missedChecks += 1
      if (node.missedChecks >= SILENT_CHECKS) drop(node)
      else if (node.health !== 'dead') node.health = 'silent'
    }
  }

  /** Tries one node after the other within the same connection, until one of them has said something. */
  async #lead(client: Socket): Promise<void> {
    this.#waiting.add(client)
    client.on('error', () => client.destroy())
    client.on('close', () => this.#waiting.delete(client))
    const asked = new Asked()
    for (const node of this.#inOrder()) {
      const upstream = await this.#open(node)
      if (upstream === undefined) continue
      if (client.destroyed || this.#closing !== undefined) return void upstream.destroy()
      if (await join(client, upstream, node, asked)) return
    }
    client.destroy()
  }

  #inOrder(): Upstream[] {
    const rank = { ready: 0, unready: 1, silent: 2, dead: 3 }
    return this.#nodes.toSorted(
      (a, b) =>
        rank[a.health] - rank[b.health] ||
        Number(b.name === this.#first) - Number(a.name === this.#first) ||
        a.sockets.size - b.sockets.size ||
        Math.random() - 0.5,
    )
  }

  #open(node: Upstream): Promise<Socket | undefined> {
    return new Promise(resolve => {
      const socket = connect({ host: '127.0.0.1', port: node.port, allowHalfOpen: true, noDelay: true })
      const fail = () => {
        socket.destroy()
        resolve(undefined)
      }
      // One connection that is refused says it before the next check does.
      const refuse = () => {
        drop(node)
        fail()
      }
      socket.setTimeout(CONNECT_TIMEOUT_MS, fail)
      socket.once('error', refuse)
      socket.once('connect', () => {
        socket.setTimeout(0)
        socket.off('error', refuse)
        resolve(socket)
      })
    })
  }
}

/** What a client has sent, as long as nobody has answered: a node may die with the question in its hands. */
class Asked {
  readonly #chunks: Buffer[] = []
  #bytes = 0

  add(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes <= MOST_REPEATED_BYTES) this.#chunks.push(chunk)
  }

  /** Nothing happens twice by asking another node: a client that wants its socket asks so, a call of the API does not. */
  get isRepeatable(): boolean {
    const [first] = this.#chunks
    return this.#bytes <= MOST_REPEATED_BYTES && (first === undefined || first.subarray(0, 4).equals(GET))
  }

  tell(upstream: Socket): void {
    for (const chunk of this.#chunks) upstream.write(chunk)
  }
}

/**
 * Passes bytes both ways until either end is gone. Resolves true then, or once the node has said something; false when it ended
 * before, and another may be asked.
 */
function join(client: Socket, upstream: Socket, node: Upstream, asked: Asked): Promise<boolean> {
  node.sockets.add(upstream)
  return new Promise(resolve => {
    let isAnswered = false
    const keep = (chunk: Buffer) => asked.add(chunk)
    const endUpstream = () => upstream.destroy()
    upstream.once('data', chunk => {
      isAnswered = true
      client.off('data', keep)
      client.write(chunk)
      upstream.pipe(client)
      resolve(true)
    })
    upstream.on('error', endUpstream)
    upstream.once('end', () => {
      if (!isAnswered) upstream.destroy()
    })
    upstream.on('close', () => {
      node.sockets.delete(upstream)
      client.off('data', keep).off('close', endUpstream)
      if (isAnswered || client.destroyed || !asked.isRepeatable) {
        client.destroy()
        resolve(true)
        return
      }
      client.unpipe(upstream).pause()
      resolve(false)
    })
    client.on('close', endUpstream)
    asked.tell(upstream)
    client.on('data', keep)
    if (client.readableEnded) upstream.end()
    else client.pipe(upstream)
    client.resume()
  })
}

/** Nothing is led there, and what was is ended. */
function drop(node: Upstream): void {
  node.health = 'dead'
  node.missedChecks = SILENT_CHECKS
  for (const socket of node.sockets) socket.destroy()
}

function isRefused(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED'
}
