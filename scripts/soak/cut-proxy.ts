import type { AddressInfo } from 'node:net'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'

/** A TCP hop in front of the SFU's signalling whose connections can be cut, as a bad network does. Media goes past it. */
export class CutProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** While true new connections are reset at once. */
  isDown = false

  private constructor(server: Server, port: number) {
    this.#server = server
    server.on('connection', client => {
      if (this.isDown) {
        client.resetAndDestroy()
        return
      }
      const upstream = dial(port, '127.0.0.1')
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        this.#sockets.add(socket)
        socket.on('error', () => other.destroy())
        socket.on('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
        })
        socket.pipe(other)
      }
    })
  }

  static async create(port: number): Promise<CutProxy> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    return new CutProxy(server, port)
  }

  get wsUrl(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Resets every connection through this hop. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  close(): void {
    this.#server.close()
    this.cut()
  }
}
