/**
 * The one URL of several nodes, as a balancer gives it: a connection goes to the first node of a preferred order that answers. Nodes are asked
 * each second; the connections of one that does not answer twice are cut (`on-marked-down shutdown-sessions` of HAProxy): native clients that
 * hear nothing any more wait for the end of their connection before they come again.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { SfuAccess } from '../../../testing/sfu-access.ts'

/** How long a node is waited for. One that was stopped takes connections and says nothing. */
const READY_LIMIT_MS = 800
const CHECK_MS = 1_000
const FAILURES = 2

export class EntryPoint {
  /** Nodes in the order in which they are tried. */
  #nodes: readonly SfuAccess[]
  readonly #server: Server
  readonly #clients = new Map<Socket, SfuAccess | undefined>()
  readonly #failures = new Map<SfuAccess, number>()
  readonly #timer: NodeJS.Timeout
  /** Until it resolves nobody gets any further. */
  #opening: { promise: Promise<void>; resolve(): void } | undefined

  private constructor(nodes: readonly SfuAccess[], server: Server) {
    this.#nodes = nodes
    this.#server = server
    server.on('connection', socket => void this.#serve(socket))
    this.#timer = setInterval(() => void this.#check(), CHECK_MS)
  }

  static async create(nodes: readonly SfuAccess[]): Promise<EntryPoint> {
    const server = createServer()
    const entry = new EntryPoint(nodes, server)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return entry
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** From now on this node is tried first. Open connections stay. */
  prefer(node: SfuAccess): void {
    this.#nodes = [node, ...this.#nodes.filter(other => other !== node)]
  }

  /** The network is gone for those who are connected; they may come again. */
  dropAll(): void {
    for (const client of this.#clients.keys()) client.destroy()
  }

  /** The network is gone, and who comes again waits until `open`. */
  shut(): void {
    this.#opening ??= Promise.withResolvers()
    this.dropAll()
  }

  open(): void {
    this.#opening?.resolve()
    this.#opening = undefined
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    const closed = new Promise(resolve => this.#server.close(resolve))
    this.open()
    this.dropAll()
    await closed
  }

  async #serve(client: Socket): Promise<void> {
    this.#clients.set(client, undefined)
    client.on('error', () => client.destroy())
    client.on('close', () => this.#clients.delete(client))
    await this.#opening?.promise
    for (const node of this.#nodes) {
      if ((this.#failures.get(node) ?? 0) >= FAILURES || !(await isReady(node))) continue
      if (client.destroyed) return
      this.#clients.set(client, node)
      const upstream = connect(Number(new URL(node.url).port), '127.0.0.1')
      upstream.on('error', () => upstream.destroy())
      // Without a close handshake, as a lost connection has none.
      client.on('close', () => upstream.destroy())
      upstream.on('close', () => client.destroy())
      client.pipe(upstream).pipe(client)
      return
    }
    client.destroy()
  }

  async #check(): Promise<void> {
    await Promise.all(
      this.#nodes.map(async node => {
        const failures = (await isReady(node)) ? 0 : (this.#failures.get(node) ?? 0) + 1
        this.#failures.set(node, failures)
        if (failures < FAILURES) return
        for (const [client, server] of this.#clients) if (server === node) client.destroy()
      }),
    )
  }
}

async function isReady(node: SfuAccess): Promise<boolean> {
  try {
    return (await fetch(`${node.url}/readyz`, { signal: AbortSignal.timeout(READY_LIMIT_MS) })).ok
  } catch {
    return false
  }
}
