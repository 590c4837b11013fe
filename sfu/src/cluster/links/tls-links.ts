import { connect, createServer, type Server, type TLSSocket } from 'node:tls'
import { AppError } from '@diemcau/core/errors.ts'
import { NUMBERED_HEADER_BYTES } from './frame-codec.ts'
import {
  deriveLinkKeys,
  EXPORTER_BYTES,
  EXPORTER_LABEL,
  HandshakeError,
  type Hello,
  type LinkKeys,
  MAX_HELLO_BYTES,
  openHello,
  PSK_IDENTITY,
  sealHello,
} from './handshake.ts'
import { LinkSet, type LinkSetOptions } from './link-set.ts'
import type { Incarnation } from './node-links.ts'
import { Strangers } from './strangers.ts'
import { TlsWire } from './tls-wire.ts'

export interface TlsLinksOptions extends LinkSetOptions {
  /** The cluster's secret, the same at all nodes; at least 32 random characters (`secretFault` judges it). */
  secret: string
  /** Address to listen on, and the port; 0 for any. */
  bind: string
  port: number
  /** Connections that have not proved themselves, at a time; default 64. */
  strangers?: number
  /** How long one may take for it, and a dialled peer to answer, ms; default 3,000. */
  handshakeMs?: number
}

/**
 * RFC 8446 §4.2.11: a pre-shared key belongs to one hash; OpenSSL takes SHA-256 for those set from outside, hence no AES-256-GCM-SHA384.
 */
const TLS_OPTIONS = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
} as const

/** Links over TLS on a port of their own. */
export class TlsLinks extends LinkSet {
  readonly #keys: LinkKeys
  readonly #server: Server
  readonly #strangers: Strangers
  readonly #handshakeMs: number
  /** All TLS sockets, dialled or taken, until they are closed. */
  readonly #sockets = new Set<TLSSocket>()
  /** Those of them that are dialled and have no answer yet. */
  readonly #dialling = new Set<TLSSocket>()

  private constructor(options: TlsLinksOptions, keys: LinkKeys) {
    super(options)
    this.#keys = keys
    this.#handshakeMs = options.handshakeMs ?? 3_000
    this.#strangers = new Strangers({
      most: options.strangers ?? 64,
      timeoutMs: this.#handshakeMs,
      log: this.log,
    })
    this.#server = createServer({
      ...TLS_OPTIONS,
      pskCallback: (_socket, identity) => (identity === PSK_IDENTITY ? keys.psk : null),
    })
    this.#server.on('connection', socket => {
      if (this.listener === null) socket.destroy()
      else this.#strangers.add(socket)
    })
    this.#server.on('tlsClientError', (_error, socket) => this.#strangers.refuse(socket, 'stranger'))
    this.#server.on('secureConnection', socket => void this.#answer(socket))
  }

  /**
   * Opens the port; nobody is let in before `start`.
   * @throws AppError('port_in_use' | 'port_failed').
   */
  static async create(options: TlsLinksOptions): Promise<TlsLinks> {
    const links = new TlsLinks(options, await deriveLinkKeys(options.secret))
    await links.#listen(options)
    return links
  }

  /** Of the port it listens on. */
  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Connections that have proved nothing yet. */
  get strangers(): number {
    return this.#strangers.count
  }

  override async close(): Promise<void> {
    await super.close()
    const closed = [...this.#sockets].map(socket => new Promise(resolve => socket.once('close', resolve)))
    this.#strangers.close()
    for (const socket of this.#dialling) socket.destroy()
    if (this.#server.listening) closed.push(new Promise(resolve => this.#server.close(resolve)))
    await Promise.all(closed)
  }

  async #listen({ port, bind }: TlsLinksOptions): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject)
        this.#server.listen(port, bind, () => {
          this.#server.off('error', reject)
          resolve()
        })
      })
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
      if (code === 'EADDRINUSE')
        throw new AppError('port_in_use', `port ${port} on ${bind}, for links between nodes, is in use`, {
          cause,
        })
      throw new AppError(
        'port_failed',
        `port ${port} on ${bind}, for links between nodes, cannot be opened (${String(code)})`,
        { cause },
      )
    }
  }

  /** Somebody who has the key of TLS. */
  async #answer(socket: TLSSocket): Promise<void> {
    const wire = this.#wireOn(socket)
    let hello: Hello
    try {
      hello = openHello(this.#keys, exportOf(socket), 'dialler', await wire.first())
    } catch {
      // Whatever it was: no word to a stranger.
      this.#strangers.refuse(socket, 'stranger')
      return
    }
    if (!this.#strangers.letIn(socket)) return wire.destroy()
    const reply = (answer: Pick<Hello, 'had' | 'refused'>) =>
      wire.write([
        sealHello(this.#keys, exportOf(socket), 'acceptor', { from: this.self, to: hello.from, ...answer }),
      ])
    const refused = this.#refusal(hello)
    const isAccepted =
      refused === null && this.accept(hello.from, wire, hello.had, had => reply({ had, refused: null }))
    if (isAccepted) return
    if (refused !== null) reply({ had: null, refused })
    wire.finish()
  }

  #refusal(hello: Hello): Hello['refused'] {
    if (hello.to !== this.self || hello.from === this.self) return 'other_incarnation'
    return this.isBuried(hello.from) ? 'buried' : null
  }

  protected override async dial(peer: Incarnation, address: string): Promise<void> {
    const { hostname, port } = new URL(`tcp://${address}`)
    const socket = connect({
      ...TLS_OPTIONS,
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(port),
      pskCallback: () => ({ psk: this.#keys.psk, identity: PSK_IDENTITY }),
      // No certificate is good enough: only the key is.
      ca: [],
      checkServerIdentity: () => new Error('a certificate where none belongs'),
    })
    const timer = setTimeout(() => socket.destroy(), this.#handshakeMs)
    this.#dialling.add(socket)
    const wire = this.#wireOn(socket)
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('secureConnect', resolve)
        socket.once('error', reject)
        socket.once('close', () => reject(new Error('the connection ended')))
      })
      const mine: Hello = { from: this.self, to: peer, had: this.had(peer), refused: null }
      wire.write([sealHello(this.#keys, exportOf(socket), 'dialler', mine)])
      const hello = openHello(this.#keys, exportOf(socket), 'acceptor', await wire.first())
      const why = hello.from === peer && hello.to === this.self ? hello.refused : 'other_incarnation'
      if (why !== null) {
        if (why !== 'version') this.listener?.refused?.(peer, why)
        throw new Error(`the peer refused: ${why}`)
      }
      if (!this.dialled(peer, wire, hello.had)) wire.destroy()
    } catch (error) {
      wire.destroy()
      if (error instanceof HandshakeError)
        this.log.warn({ peer, why: error.why }, 'what answered at the address of a node is not that node')
      throw error
    } finally {
      clearTimeout(timer)
      this.#dialling.delete(socket)
    }
  }

  #wireOn(socket: TLSSocket): TlsWire {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    return new TlsWire(socket, {
      firstBytes: MAX_HELLO_BYTES,
      frameBytes: this.limits.payloadBytes + NUMBERED_HEADER_BYTES,
    })
  }
}

/** A value that only the two ends of this very channel can compute. */
const exportOf = (socket: TLSSocket): Buffer =>
  socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, Buffer.alloc(0))
