import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError } from '@diemcau/core/errors.ts'
import type { Logger } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'
import { type TwirpAnswer, twirpError } from '../api/twirp.ts'
import type { TwirpCall } from '../api/twirp-handler.ts'
import type { TrustedProxies } from '../config.ts'
import { type JoinQuery, parseJoinQuery, type VerifiedClaims } from '../room/claims.ts'
import { browserOf } from '../room/client-quirks.ts'
import type { RoomDirectory } from '../room/room-api.ts'
import { assertMayCapture, attachCapture } from './capture-socket.ts'
import { addressOf, isFromProxy } from './client-address.ts'
import { answer, CORS_HEADERS, describeFailure, readBody, refuseUpgrade } from './http-answers.ts'
import { claimsForJoin } from './join-claims.ts'
import type { Metrics } from './metrics.ts'
import { networkOf, OpenCount, RateLimit } from './rate-limit.ts'
import { regionSettings } from './region-settings.ts'
import { assertMayJoin, type TokenVerifier, tokenOf } from './verify-token.ts'

export interface HttpEdgeOptions {
  /** Listening already, see open-port.ts. From here on the edge owns it. */
  server: Server
  maxMessageBytes: number
  joinsPerMinute: number
  connectionsPerAddress: number
  trustedProxies: TrustedProxies
  verify: TokenVerifier
  rooms: RoomDirectory
  /** Takes over an accepted `/rtc` socket (sfu/signalling). */
  acceptRtc(socket: WebSocket, claims: VerifiedClaims, query: JoinQuery): void
  twirp(call: TwirpCall): Promise<TwirpAnswer>
  metrics: Metrics
  log: Logger
}

/** What a client looks at to fall back from the one-connection protocol: a 404 without "requested room does not exist". */
const NOT_HERE = 'not found'
/** Refusals of one address that are logged at info. */
const REFUSALS_LOGGED_A_MINUTE = 30
/** How long sockets may take to say goodbye when the edge closes. */
const CLOSE_GRACE_MS = 500

/**
 * The node's one port: `/rtc` (LiveKit signalling), `/rtc/validate`, `/settings/regions`, `/internal/capture`, `/twirp/*`, `/healthz`,
 * `/metrics`, `/`. `/rtc/v1` and below answer 404 so that every SDK falls back to the two-connection protocol.
 * Closed by main; sockets handed to `acceptRtc` belong to signalling, what is left of them at `close` is cut.
 */
export class HttpEdge {
  readonly #options: HttpEdgeOptions
  readonly #server: Server
  readonly #sockets: WebSocketServer
  readonly #joins: RateLimit
  readonly #open: OpenCount
  readonly #refusalLines = new RateLimit(REFUSALS_LOGGED_A_MINUTE)
  #isRefusing = false
  #closing: Promise<void> | undefined

  constructor(options: HttpEdgeOptions) {
    this.#options = options
    this.#joins = new RateLimit(options.joinsPerMinute)
    this.#open = new OpenCount(options.connectionsPerAddress)
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: options.maxMessageBytes,
      perMessageDeflate: false,
    })
    this.#server = options.server
    this.#server.removeAllListeners('request').removeAllListeners('upgrade')
    this.#server.on('request', (request, response) => void this.#handleRequest(request, response))
    this.#server.on('upgrade', (request, socket, head) => void this.#handleUpgrade(request, socket, head))
    this.#server.on('clientError', (_error, socket) => refuseUpgrade(socket, 400, 'bad request'))
    this.#server.on('error', error => options.log.error({ err: error }, 'HTTP server failed'))
  }

  /** From now on new sockets and health checks are answered 503; existing sockets and API calls go on. */
  refuseNew(): void {
    this.#isRefusing = true
  }

  /** Stops taking requests at once, lets sockets say goodbye, then cuts them. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.refuseNew()
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const socket of this.#sockets.clients) socket.close(1001, 'server is stopping')
    const cut = setTimeout(() => {
      for (const socket of this.#sockets.clients) socket.terminate()
      this.#server.closeAllConnections()
    }, CLOSE_GRACE_MS)
    this.#server.closeIdleConnections()
    await closed
    clearTimeout(cut)
    for (const socket of this.#sockets.clients) socket.terminate()
  }

  async #handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response)
    } catch (error) {
      const { status, text } = describeFailure(error)
      if (status === 500) this.#options.log.error({ err: error, url: pathOf(request) }, 'request failed')
      answer(response, status, text)
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = urlOf(request)
    if (url === null) return answer(response, 400, 'bad request')
    if (request.method === 'OPTIONS') {
      response.writeHead(204, CORS_HEADERS).end()
      return
    }
    if (url.pathname.startsWith('/twirp/')) return this.#handleTwirp(url, request, response)
    switch (url.pathname) {
      case '/':
        return answer(response, 200, 'OK')
      case '/healthz':
        return !this.#isRefusing
          ? answer(response, 200, JSON.stringify({ status: 'ok' }), 'application/json')
          : answer(response, 503, JSON.stringify({ status: 'stopping' }), 'application/json')
      case '/metrics':
        return answer(response, 200, await this.#options.metrics.text(), this.#options.metrics.contentType)
      case '/rtc/validate': {
        const claims = await this.#options.verify(tokenOf(request, url.searchParams))
        assertMayJoin(claims, url.searchParams.get('room'))
        claimsForJoin(claims, parseJoinQuery(url.searchParams))
        this.#options.rooms.assertJoinable(claims)
        return answer(response, 200, 'success')
      }
      case '/settings/regions': {
        await this.#options.verify(tokenOf(request, url.searchParams))
        const isProxy = isFromProxy(request, this.#options.trustedProxies)
        return answer(response, 200, regionSettings(request, isProxy), 'application/json')
      }
      case '/rtc':
      case '/internal/capture':
        return answer(response, 426, 'this address speaks WebSocket only')
      default:
        return answer(response, 404, NOT_HERE)
    }
  }

  async #handleTwirp(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    let result: TwirpAnswer
    try {
      result = await this.#options.twirp({
        route: url.pathname.slice('/twirp/'.length),
        httpMethod: request.method ?? '',
        contentType: request.headers['content-type'] ?? '',
        authorization: request.headers.authorization ?? '',
        body: await readBody(request, this.#options.maxMessageBytes),
      })
    } catch (error) {
      // Only reading the body can fail here: the caller hung up or sent too much.
      result = twirpError(error)
      response.setHeader('connection', 'close')
    }
    answer(response, result.status, result.body, result.contentType)
  }

  async #handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Without a listener a peer that resets the connection here would take the process down.
    socket.on('error', error => this.#options.log.debug({ err: error }, 'socket failed during the upgrade'))
    const url = urlOf(request)
    const isJoin = url?.pathname === '/rtc'
    try {
      if (url === null) return refuseUpgrade(socket, 400, 'bad request')
      if (this.#isRefusing) throw new AppError('unavailable', 'this node is stopping')
      if (isJoin) await this.#acceptJoin(request, url, socket, head)
      else if (url.pathname === '/internal/capture') await this.#acceptCapture(request, url, socket, head)
      else refuseUpgrade(socket, 404, NOT_HERE)
    } catch (error) {
      const { status, code, text } = describeFailure(error)
      if (status === 500) this.#options.log.error({ err: error, path: url?.pathname }, 'upgrade failed')
      else {
        // Who is refused over and over must not fill the log.
        const isLogged = this.#refusalLines.tryTake(
          networkOf(addressOf(request, this.#options.trustedProxies)),
        )
        const level = isLogged ? 'info' : 'debug'
        this.#options.log[level]({ path: url?.pathname, code, reason: text }, 'connection refused')
      }
      if (isJoin) this.#options.metrics.countJoin(code)
      refuseUpgrade(socket, status, text)
    }
  }

  async #acceptJoin(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer): Promise<void> {
    const { joinsPerMinute, connectionsPerAddress, trustedProxies, verify, metrics, rooms } = this.#options
    const clientAddress = addressOf(request, trustedProxies)
    const network = networkOf(clientAddress)
    if (!this.#joins.tryTake(network))
      throw new AppError('too_many_requests', `more than ${joinsPerMinute} joins a minute from this address`)
    const granted = await verify(tokenOf(request, url.searchParams))
    assertMayJoin(granted, url.searchParams.get('room'))
    const query = { ...joinQueryOf(request, url.searchParams), clientAddress }
    const claims = claimsForJoin(granted, query)
    if (!query.reconnect) rooms.assertJoinable(claims)
    const release = this.#open.tryOpen(network)
    if (release === undefined)
      throw new AppError(
        'too_many_requests',
        `${connectionsPerAddress} connections are open from this address`,
      )
    socket.once('close', release)
    // It may have closed while the token was verified, and would be counted for ever.
    if (socket.destroyed) return release()
    this.#upgrade(request, socket, head, client => {
      metrics.countJoin('accepted')
      this.#options.acceptRtc(client, claims, query)
    })
  }

  async #acceptCapture(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer): Promise<void> {
    const claims = await this.#options.verify(tokenOf(request, url.searchParams))
    const room = assertMayCapture(claims)
    if (this.#options.rooms.listRooms([room]).length === 0)
      throw new AppError('not_found', 'requested room does not exist')
    this.#upgrade(request, socket, head, client =>
      attachCapture(client, room, this.#options.rooms, this.#options.log),
    )
  }

  #upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    onOpen: (client: WebSocket) => void,
  ): void {
    // The client may have hung up, or the node begun to stop, while the token was verified.
    if (socket.destroyed) return
    if (this.#isRefusing) {
      refuseUpgrade(socket, 503, 'this node is stopping')
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, client => {
      // ws has already closed the socket (1009 for a message over the limit, 1002 for broken frames); the owner hears 'close'.
      client.on('error', error =>
        this.#options.log.warn({ err: error, path: pathOf(request) }, 'socket closed: bad frame'),
      )
      onOpen(client)
    })
  }
}

/** livekit-client leaves out the browser, as LiveKit's server reads it from the header. */
function joinQueryOf(request: IncomingMessage, params: URLSearchParams): JoinQuery {
  const query = parseJoinQuery(params)
  return query.browser === '' ? { ...query, ...browserOf(request.headers['user-agent'] ?? '') } : query
}

/** Null when the request line cannot be read as a path. */
function urlOf(request: IncomingMessage): URL | null {
  return URL.parse(`http://node${request.url ?? '/'}`)
}

/** For logs: never the query, it holds the token. */
const pathOf = (request: IncomingMessage): string => (request.url ?? '').split('?')[0] ?? ''
