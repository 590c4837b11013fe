import { createServer, request as forwardRequest, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type RawData, WebSocket, WebSocketServer } from 'ws'

/** Called for every message of the SFU in its order; what it returns is sent on, null: nothing. */
export type RewriteResponse = (message: Buffer) => Promise<Uint8Array | null>

const HOP_HEADERS = /^(connection|upgrade|sec-websocket-.*|host|keep-alive|transfer-encoding)$/i

/** One client's signalling connection, in two sockets. */
interface Pair {
  client: WebSocket
  upstream: WebSocket
  clientSocket: Duplex
}

/**
 * Everything a client does over HTTP with the SFU: WebSocket connections, refused upgrades and plain requests alike, and the
 * ways in which they fail.
 */
export class SignalProxy {
  readonly #upstreamUrl: URL
  readonly #rewrite: RewriteResponse
  readonly #server: Server
  readonly #sockets = new WebSocketServer({ noServer: true, autoPong: false, perMessageDeflate: false })
  readonly #pairs = new Set<Pair>()
  /** What waits until the link is back, in order. */
  #held: (() => void)[] | undefined
  #isRefusing = false
  #isClosed = false
  /** Connections the client opened so far, refused ones included. */
  attempts = 0

  private constructor(upstreamUrl: string, rewrite: RewriteResponse, server: Server) {
    this.#upstreamUrl = new URL(upstreamUrl)
    this.#rewrite = rewrite
    this.#server = server
  }

  /** `upstreamUrl`: the SFU's `ws://` address. */
  static async create(upstreamUrl: string, rewrite: RewriteResponse): Promise<SignalProxy> {
    const server = createServer()
    const proxy = new SignalProxy(upstreamUrl, rewrite, server)
    server.on('request', (request, response) => {
      proxy.#whenLinked(() => {
        const target = new URL(request.url ?? '/', proxy.#httpUrl)
        const forwarded = forwardRequest(target, {
          method: request.method ?? 'GET',
          headers: { ...request.headers, host: target.host },
        })
        forwarded.on('response', answer => {
          response.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(response)
        })
        forwarded.on('error', () => response.destroy())
        request.pipe(forwarded)
      })
    })
    server.on('upgrade', (request, socket, head) => {
      proxy.attempts += 1
      // Without a listener a reset connection would take the test process down.
      socket.on('error', () => {})
      proxy.#whenLinked(() => proxy.#connect(request, socket, head))
    })
    server.on('connection', socket => {
      if (proxy.#isRefusing) socket.resetAndDestroy()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Open signalling connections. */
  get open(): number {
    return this.#pairs.size
  }

  /** Resets every connection, as a router that was switched off and on. New ones are welcome. */
  cut(): void {
    for (const { client, upstream, clientSocket } of this.#pairs) {
      if (clientSocket instanceof Socket) clientSocket.resetAndDestroy()
      client.terminate()
      upstream.terminate()
    }
  }

  /** From now on nothing passes in either direction, new connections included, and nobody is told. */
  hold(): void {
    this.#held ??= []
  }

  /** What was held goes on in its order, as TCP would have it, unless its connection is gone. */
  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const act of held) act()
  }

  set isRefusing(isRefusing: boolean) {
    this.#isRefusing = isRefusing
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#held = undefined
    for (const { client, upstream } of this.#pairs) {
      client.terminate()
      upstream.terminate()
    }
    const closed = new Promise(resolve => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  get #httpUrl(): URL {
    const url = new URL(this.#upstreamUrl)
    url.protocol = url.protocol === 'wss:' ? 'https:' : 'http:'
    return url
  }

  #whenLinked(act: () => void): void {
    if (this.#isClosed) return
    if (this.#held) this.#held.push(act)
    else act()
  }

  #connect(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (socket.destroyed) return
    const headers = Object.entries(request.headers).filter(([name]) => !HOP_HEADERS.test(name))
    const upstream = new WebSocket(new URL(request.url ?? '/', this.#upstreamUrl), {
      headers: Object.fromEntries(headers) as Record<string, string>,
      autoPong: false,
      perMessageDeflate: false,
    })
    // Early messages must not be lost while the client's side is being opened.
    const early: (() => void)[] = []
    let forward = (act: () => void) => {
      early.push(act)
    }
    let pair: Pair | undefined
    upstream.on('unexpected-response', (_request, answer) => {
      const chunks: Buffer[] = []
      answer.on('data', chunk => chunks.push(chunk))
      answer.on('end', () => {
        const lines = Object.entries({ ...answer.headers, connection: 'close' })
          .filter(([name]) => name !== 'transfer-encoding' && name !== 'content-length')
          .map(([name, value]) => `${name}: ${value}\r\n`)
        const body = Buffer.concat(chunks)
        socket.end(
          `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n${body}`,
        )
      })
    })
    upstream.on('error', () => {
      if (pair === undefined && upstream.readyState !== WebSocket.OPEN) socket.destroy()
    })
    let order = Promise.resolve()
    const inOrder = (act: () => void | Promise<void>) => {
      order = order.then(act).catch(() => {
        // A message that cannot be rewritten ends the connection, so that the test sees it.
        upstream.terminate()
        pair?.client.terminate()
      })
    }
    upstream.on('message', (data, isBinary) => {
      inOrder(async () => {
        const message = isBinary ? await this.#rewrite(bytesOf(data)) : bytesOf(data)
        if (message !== null) forward(() => pair?.client.send(message, { binary: isBinary }))
      })
    })
    upstream.on('ping', data => inOrder(() => forward(() => pair?.client.ping(data))))
    upstream.on('pong', data => inOrder(() => forward(() => pair?.client.pong(data))))
    upstream.on('close', (code, reason) => inOrder(() => forward(() => endWith(pair?.client, code, reason))))
    upstream.on('open', () => {
      if (socket.destroyed || this.#isClosed) {
        upstream.terminate()
        return
      }
      this.#sockets.handleUpgrade(request, socket, head, client => {
        pair = { client, upstream, clientSocket: socket }
        this.#join(pair)
        forward = act => this.#whenLinked(act)
        for (const act of early) forward(act)
      })
    })
    socket.on('close', () => {
      if (pair === undefined) upstream.terminate()
    })
  }

  #join(pair: Pair): void {
    const { client, upstream } = pair
    this.#pairs.add(pair)
    client.on('error', () => {})
    client.on('message', (data, isBinary) =>
      this.#whenLinked(() => {
        if (upstream.readyState === WebSocket.OPEN) upstream.send(bytesOf(data), { binary: isBinary })
      }),
    )
    client.on('ping', data => this.#whenLinked(() => upstream.ping(data)))
    client.on('pong', data => this.#whenLinked(() => upstream.pong(data)))
    client.on('close', (code, reason) => {
      this.#pairs.delete(pair)
      this.#whenLinked(() => endWith(upstream, code, reason))
    })
  }
}

/** Passes a close on: with its code where a code may be sent, else as a broken connection (RFC 6455 §7.4.1). */
function endWith(socket: WebSocket | undefined, code: number, reason: Buffer): void {
  if (socket === undefined) return
  if (code === 1005) socket.close()
  else if (code === 1006 || code === 1015) socket.terminate()
  else socket.close(code, reason)
}

const bytesOf = (data: RawData): Buffer =>
  Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data)
