import { connect, createServer, type Server, type Socket } from 'node:net'

/** What a network does to a TCP connection, for tests: passes bytes on to a port, and can hold, slow down, spoil or cut them. */
export class TcpProxy {
  /** Nothing passes, and nobody is told. */
  isStalled = false
  /** Connections are refused at once. */
  isShut = false
  /** Bytes a second towards the port; null for all at once. */
  bytesPerSecond: number | null = null
  /** Each connection is cut after so many bytes towards the port. */
  cutAfterBytes: number | null = null
  /** The next byte towards the port after so many is changed; once. */
  spoilAfterBytes: number | null = null
  /** Connections there have been. */
  connections = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #pumps = new Set<NodeJS.Timeout>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async to(port: number): Promise<TcpProxy> {
    const server = createServer()
    const proxy = new TcpProxy(server)
    server.on('connection', near => proxy.#pass(near, port))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.cut()
    for (const pump of this.#pumps) clearInterval(pump)
    await new Promise(resolve => this.#server.close(resolve))
  }

  #pass(near: Socket, port: number): void {
    this.connections += 1
    if (this.isShut) {
      near.destroy()
      return
    }
    const far = connect(port, '127.0.0.1')
    let bytes = 0
    for (const [from, to, isForth] of [
      [near, far, true],
      [far, near, false],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => from.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      let rest: Buffer | null = null
      from.on('data', (chunk: Buffer) => {
        from.pause()
        rest = chunk
      })
      const pump = setInterval(() => {
        if (from.destroyed) {
          clearInterval(pump)
          this.#pumps.delete(pump)
          return
        }
        if (rest === null || this.isStalled) return
        const most =
          isForth && this.bytesPerSecond !== null ? Math.ceil(this.bytesPerSecond / 200) : rest.length
        const piece = Buffer.from(rest.subarray(0, most))
        rest = rest.length > most ? rest.subarray(most) : null
        if (isForth) {
          bytes += piece.length
          if (this.spoilAfterBytes !== null && bytes > this.spoilAfterBytes) {
            this.spoilAfterBytes = null
            piece.writeUInt8(piece.readUInt8(piece.length - 1) ^ 1, piece.length - 1)
          }
        }
        to.write(piece)
        if (isForth && this.cutAfterBytes !== null && bytes > this.cutAfterBytes) from.destroy()
        if (rest === null) from.resume()
      }, 5)
      this.#pumps.add(pump)
    }
  }
}
