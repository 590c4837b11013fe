import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { AppError } from '@diemcau/core/errors.ts'
import { type MetricsAccess, mayReadMetrics } from '@diemcau/core/http/metrics-access.ts'
import { readBody } from '@diemcau/core/http/read-body.ts'
import { KeyedLimit } from '@diemcau/core/keyed-limit.ts'
import { tokenOf } from '@diemcau/core/livekit/access-token.ts'
import { type TwirpAnswer, type TwirpCall, twirpError } from '@diemcau/core/livekit/twirp.ts'
import { clientAddress, isSecure } from '@diemcau/core/net/client-address.ts'
import { networkOf } from '@diemcau/core/net/network-of.ts'
import type { TrustedProxies } from '@diemcau/core/net/networks.ts'
import type { Logger } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'
import { type JoinQuery, parseJoinQuery, type VerifiedClaims } from '../room/base/claims.ts'
import { browserOf } from '../room/base/client-quirks.ts'
import type { RoomDirectory } from '../room/room-api.ts'
import type { AdminCalls } from './admin-calls.ts'
import type { Admission } from './admission/admission.ts'
import { assertMayCapture, attachCapture } from './capture-socket.ts'
import { type HandOn, handOn } from './hand-on.ts'
import { answer, answerOptions, describeFailure, refuseUpgrade } from './http-answers.ts'
import { claimsForJoin } from './join-claims.ts'
import type { Metrics } from './metrics.ts'
import { OpenCount } from './open-count.ts'
import { regionSettings } from './region-settings.ts'
import { assertMayJoin, type TokenVerifier } from './verify-token.ts'

/** Which node serves a client. */
export interface Placing {
  /** Whom another node of the cluster has handed on with this request; undefined: nobody. */
  clientOf(request: IncomingMessage): string | undefined
  /** Undefined: it is served here. */
  placeOf(claims: VerifiedClaims, query: JoinQuery, requestLine: string): Promise<HandOn | undefined>
  /** Recorders of this room had better go to another node. */
  isGivenUp(roomName: string): boolean
}

export interface HttpEdgeOptions {
  /** Listening already, see open-port.ts. From here on the edge owns it. */
  server: Server
  maxMessageBytes: number
  joinsPerMinute: number
  connectionsPerAddress: number
  trustedProxies: TrustedProxies
  verify: TokenVerifier
  rooms: RoomDirectory
  /** Refuses newcomers that this node has no room for; absent: nobody. */
  admission?: Pick<Admission, 'assertRoomFor'>
  /** In a cluster: other nodes hand clients on to this one, and this one to them. */
  placing?: Placing | undefined
  /** Of other nodes that clients may connect to. */
  otherUrls?(): string[]
  /** Takes over an accepted `/rtc` socket (sfu/signalling). */
  acceptRtc(socket: WebSocket, claims: VerifiedClaims, query: JoinQuery): void
  twirp(call: TwirpCall): Promise<TwirpAnswer>
  /** Answers `/admin/…`; undefined: there is no such call. Absent: there are none. */
  admin?: AdminCalls
  metrics: Metrics
  metricsAccess: MetricsAccess
  /** Why newcomers should be led to another node (draining, cut off), in words; undefined while they are welcome. Absent: always welcome. */
  notReady?(): string | undefined
  log: Logger
}

/** What a client looks at to fall back from the one-connection protocol: a 404 without "requested room does not exist". */
const NOT_HERE = 'not found'
/** Refusals of one address that are logged at info. */
const REFUSALS_LOGGED_A_MINUTE = 30
const perMinute = (count: number) => new KeyedLimit(count, count / 60)
/** How long another node may take to be reached, ms. */
const HAND_ON_MS = 1_000
/** How long sockets may take to say goodbye when the edge closes. */
const CLOSE_GRACE_MS = 500

/**
 * The node's one port: `/rtc` (LiveKit signalling), `/rtc/validate`, `/settings/regions`, `/internal/capture`, `/twirp/*`, `/healthz`,
 * `/readyz` (for a balancer), `/metrics`, `/admin/…`, `/`. `/rtc/v1` and below answer 404 so that every SDK falls back to the two-connection protocol.
 * Closed by main; sockets handed to `acceptRtc` belong to signalling, what is left of them at `close` is cut.
 */
export class HttpEdge {
  readonly #options: HttpEdgeOptions
  readonly #server: Server
  readonly #sockets: WebSocketServer
  readonly #joins: KeyedLimit
  readonly #open: OpenCount
  readonly #refusalLines = perMinute(REFUSALS_LOGGED_A_MINUTE)
  #isRefusing = false
  #closing: Promise<void> | undefined

  constructor(options: HttpEdgeOptions) {
    this.#options = options
    this.#joins = perMinute(options.joinsPerMinute)
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
    if (request.method === 'OPTIONS') return answerOptions(request, response)
    if (url.pathname.startsWith('/twirp/')) return this.#handleTwirp(url, request, response)
    const ofAdmin = await this.#options.admin?.(request, url.pathname)
    if (ofAdmin) return answer(response, ofAdmin.status, JSON.stringify(ofAdmin.body), 'application/json')
    switch (url.pathname) {
      case '/':
        return answer(response, 200, 'OK')
      case '/healthz':
        return !this.#isRefusing
          ? answer(response, 200, JSON.stringify({ status: 'ok' }), 'application/json')
          : answer(response, 503, JSON.stringify({ status: 'stopping' }), 'application/json')
      case '/readyz': {
        const reason = this.#isRefusing ? 'stopping' : this.#options.notReady?.()
        return reason === undefined
          ? answer(response, 200, JSON.stringify({ status: 'ready' }), 'application/json')
          : answer(response, 503, JSON.stringify({ status: 'not ready', reason }), 'application/json')
      }
      case '/metrics':
        if (!mayReadMetrics(request, this.#options.metricsAccess)) return answer(response, 404, NOT_HERE)
        return answer(response, 200, await this.#options.metrics.text(), this.#options.metrics.contentType)
      case '/rtc/validate': {
        const claims = await this.#options.verify(tokenOf(request, url.searchParams))
        assertMayJoin(claims, url.searchParams.get('room'))
        assertTwoConnections(url)
        claimsForJoin(claims, parseJoinQuery(url.searchParams))
        await this.#options.rooms.assertJoinable(claims)
        return answer(response, 200, 'success')
      }
      case '/settings/regions': {
        await this.#options.verify(tokenOf(request, url.searchParams))
        const secure = isSecure(request, this.#options.trustedProxies)
        return answer(
          response,
          200,
          regionSettings(request.headers.host ?? '', secure, this.#options.otherUrls?.()),
          'application/json',
        )
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
        body: await readBody(request, this.#options.maxMessageBytes, request.headers['content-length']),
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
      if (url === null) return refuseUpgrade(socket, 400, 'bad request', request)
      if (this.#isRefusing) throw new AppError('unavailable', 'this node is stopping')
      if (isJoin) await this.#acceptJoin(request, url, socket, head)
      else if (url.pathname === '/internal/capture') await this.#acceptCapture(request, url, socket, head)
      else refuseUpgrade(socket, 404, NOT_HERE, request)
    } catch (error) {
      const { status, code, text } = describeFailure(error)
      if (status === 500) this.#options.log.error({ err: error, path: url?.pathname }, 'upgrade failed')
      else {
        // A caller that is refused over and over must not fill the log.
        const isLogged = this.#refusalLines.take(
          networkOf(clientAddress(request, this.#options.trustedProxies)),
        )
        const level = isLogged ? 'info' : 'debug'
        this.#options.log[level]({ path: url?.pathname, code, reason: text }, 'connection refused')
      }
      if (isJoin) this.#options.metrics.countJoin(code)
      refuseUpgrade(socket, status, text, request)
    }
  }

  async #acceptJoin(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer): Promise<void> {
    const { joinsPerMinute, connectionsPerAddress, trustedProxies, verify, metrics, rooms } = this.#options
    const { placing } = this.#options
    const handedOn = placing?.clientOf(request)
    const address = handedOn ?? clientAddress(request, trustedProxies)
    const network = networkOf(address)
    if (!this.#joins.take(network))
      throw new AppError('too_many_requests', `more than ${joinsPerMinute} joins a minute from this address`)
    const granted = await verify(tokenOf(request, url.searchParams))
    assertMayJoin(granted, url.searchParams.get('room'))
    assertTwoConnections(url)
    const query = { ...joinQueryOf(request, url.searchParams), clientAddress: address }
    const claims = claimsForJoin(granted, query)
    if (!query.reconnect) await rooms.assertJoinable(claims)
    const release = this.#open.tryOpen(network)
    if (release === undefined)
      throw new AppError(
        'too_many_requests',
        `${connectionsPerAddress} connections are open from this address`,
      )
    socket.once('close', release)
    if (placing && handedOn === undefined) {
      const elsewhere = await placing.placeOf(claims, query, request.url ?? '/')
      if (elsewhere && (await handOn(request, socket, head, elsewhere, HAND_ON_MS)))
        return metrics.countJoin('handed_on')
    }
    // Better told at once to try another node than kept waiting at one that will not take anybody.
    const notReady = query.reconnect ? undefined : this.#options.notReady?.()
    if (notReady !== undefined) throw new AppError('unavailable', notReady)
    if (!query.reconnect) this.#options.admission?.assertRoomFor(claims)
    // The socket may have closed while token and room were looked at; it would then be counted for ever.
    if (socket.destroyed) return release()
    this.#upgrade(request, socket, head, client => {
      metrics.countJoin('accepted')
      this.#options.acceptRtc(client, claims, query)
    })
  }

  async #acceptCapture(request: IncomingMessage, url: URL, socket: Duplex, head: Buffer): Promise<void> {
    const claims = await this.#options.verify(tokenOf(request, url.searchParams))
    const room = assertMayCapture(claims)
    const { rooms, placing } = this.#options
    const notReady = this.#options.notReady?.()
    if (notReady !== undefined) throw new AppError('unavailable', notReady)
    if (placing?.isGivenUp(room))
      throw new AppError('unavailable', 'this node has given the room up to one that it does not reach')
    if (!(await rooms.hasRoom(room))) throw new AppError('not_found', 'requested room does not exist')
    this.#upgrade(request, socket, head, client => attachCapture(client, room, rooms, this.#options.log))
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
      refuseUpgrade(socket, 503, 'this node is stopping', request)
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

/** The query of a join. livekit-client does not send the browser; LiveKit's server and this one read it from `User-Agent`. */
function joinQueryOf(request: IncomingMessage, params: URLSearchParams): JoinQuery {
  const query = parseJoinQuery(params)
  return query.browser === '' ? { ...query, ...browserOf(request.headers['user-agent'] ?? '') } : query
}

/**
 * Null when the request line cannot be read as a path. SDKs put their paths after an address that may end with a slash: repeated and
 * trailing slashes mean nothing.
 */
function urlOf(request: IncomingMessage): URL | null {
  const line = request.url ?? '/'
  const url = URL.parse(line.startsWith('/') ? `http://node${line}` : line)
  if (url !== null) url.pathname = url.pathname.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '')
  return url
}

/**
 * `join_request` asks for the single peer connection; at `/rtc` only server-sdk-go does. To leave it unread would give its client a
 * second connection it has no place for, and lose the options in it. @throws AppError('not_found'), as `/rtc/v1` answers.
 */
function assertTwoConnections(url: URL): void {
  if (url.searchParams.get('join_request'))
    throw new AppError('not_found', 'the single peer connection (join_request) is not spoken here')
}

/** The path as it may be logged. The query is left out because it holds the token. */
const pathOf = (request: IncomingMessage): string => (request.url ?? '').split('?')[0] ?? ''
