import { connect, createServer, type Server, type Socket } from 'node:net'

const HOST = '127.0.0.1'

/**
 * One address that leads to several servers of this machine, as a plain TCP balancer does: each connection goes to the next in turn
 * (or to the first), or to the one after it when that refuses. Bytes are passed on as they are; who loses one end loses the other. `close` ends all.
 */
export class TcpTurns {
  readonly #server: Server
  readonly #ports: readonly number[]
  readonly #step: number
  readonly #sockets = new Set<Socket>()
  #turn = 0

  private constructor(ports: readonly number[], isInTurn: boolean) {
    this.#ports = ports
    this.#step = isInTurn ? 1 : 0
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, socket => this.#lead(socket))
  }

  /** @param options `port` to listen on, by default any; `inTurn: false`: the first of `ports` while it takes connections */
  static async create(
    ports: readonly number[],
    { port = 0, inTurn = true }: { port?: number; inTurn?: boolean } = {},
  ): Promise<TcpTurns> {
    const turns = new TcpTurns(ports, inTurn)
    await new Promise<void>((resolve, reject) => {
      turns.#server.once('error', reject)
      turns.#server.listen(port, HOST, resolve)
    })
    return turns
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : 0
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #lead(client: Socket): void {
    this.#keep(client)
    const first = this.#turn
    this.#turn += this.#step
    const order = this.#ports.map((_, index) => this.#ports[(first + index) % this.#ports.length] as number)
    const next = () => {
      const port = order.shift()
      if (port === undefined || client.destroyed) return client.destroy()
      const target = connect({ host: HOST, port, noDelay: true })
      target.once('error', next)
      target.once('connect', () => {
        target.off('error', next)
        this.#keep(target)
        client.once('close', () => target.destroy())
        target.once('close', () => client.destroy())
        client.pipe(target).pipe(client)
        client.resume()
      })
    }
    next()
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#sockets.delete(socket))
  }
}
