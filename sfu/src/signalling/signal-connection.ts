/**
 * One LiveKit signalling socket (v0, binary protobuf): decodes and limits what comes in, hands it to the dispatcher,
 * and is the room's SignalLink for what goes out. The participant outlives it: a lost socket is not a departure.
 */
import { AppError } from '@diemcau/core/errors.ts'
import { TokenBucket } from '@diemcau/core/token-bucket.ts'
import { DisconnectReason, LeaveRequest_Action, SignalRequest, SignalResponse } from '@livekit/protocol'
import type { RawData, WebSocket } from 'ws'
import type { JoinQuery, VerifiedClaims } from '../room/base/claims.ts'
import { leaveRequest } from '../room/base/close-reasons.ts'
import type { RoomLimits } from '../room/base/limits.ts'
import type { Log } from '../room/base/log.ts'
import type { SignalLink } from '../room/base/signal-link.ts'
import { isCandidate } from '../room/base/trickle.ts'
import type { Participant } from '../room/member/participant.ts'
import type { Room } from '../room/room.ts'
import type { RoomRegistry } from '../room/room-registry.ts'
import { dispatchRequest } from './dispatch-request.ts'

/** What a signal connection needs from the process. */
export interface RtcDeps {
  registry: RoomRegistry
  /** Joining where other nodes have a word in it; default: `registry.join`, in one step. */
  join?: ((...joining: Parameters<RoomRegistry['join']>) => Promise<Joined>) | undefined
}

interface ConnectionSettings {
  limits: RoomLimits
  /** Of other nodes, for who is refused here. */
  otherUrls(): string[]
}

interface Joined {
  room: Room
  participant: Participant
}

/** WebSocket close codes, RFC 6455 §7.4.1; 4000 and up are ours. */
const CLOSE = { normal: 1000, unsupported: 1003, malformed: 1007, policy: 1008, tooBig: 1009, internal: 1011 }
/** How often a connection is checked for silence and pinged. */
const LIVENESS_CHECK_MS = 5_000
/** The least number of bytes that a message without effect counts as. */
const LEAST_COST_BYTES = 100
/** What a client may say before its join is answered. */
const EARLY_REQUESTS = 64
const EARLY_BYTES = 256 * 1024
/** A client that takes more bytes than this between two checks, while more are waiting, is alive. */
const READING_BYTES = 16_000
/** A peer that does not answer the close handshake is cut off. */
const CLOSE_TIMEOUT_MS = 3_000

/**
 * Takes over a `/rtc` socket whose token has been verified: joins (or resumes) the participant and speaks LiveKit's
 * v0 signalling until the socket closes. Returns at once and never throws; refusals are told by a LeaveRequest.
 */
export function acceptRtc(socket: WebSocket, claims: VerifiedClaims, query: JoinQuery, deps: RtcDeps): void {
  const { limits, log } = deps.registry
  // Handlers are attached in the constructor, before anything else: a client that resumes talks at once.
  const connection = new SignalConnection(
    socket,
    { limits, otherUrls: () => deps.registry.otherUrls() },
    log.child({ identity: claims.identity }),
  )
  try {
    if (!query.reconnect && deps.join) {
      connection.wait()
      deps.join(claims, query, connection).then(
        ({ room, participant }) => connection.bind(room, participant),
        (error: unknown) => refuseFor(error, connection, log),
      )
      return
    }
    const joined = query.reconnect
      ? deps.registry.resume(claims, query.participantSid, connection, query.clientAddress)
      : deps.registry.join(claims, query, connection)
    if (joined) connection.bind(joined.room, joined.participant)
    // The client asks for a participant that is not kept any more: it has to join from the start.
    else
      connection.refuse(DisconnectReason.STATE_MISMATCH, LeaveRequest_Action.RECONNECT, 'unknown participant')
  } catch (error) {
    refuseFor(error, connection, log)
  }
}

function refuseFor(error: unknown, connection: SignalConnection, log: Log): void {
  const isExpected = error instanceof AppError
  if (!isExpected) log.error({ err: error }, 'a join failed')
  const isStopping = isExpected && error.code === 'unavailable'
  connection.refuse(
    (isExpected && REFUSALS[error.code]) || DisconnectReason.JOIN_FAILURE,
    isStopping ? LeaveRequest_Action.RECONNECT : LeaveRequest_Action.DISCONNECT,
    isExpected ? error.message : 'internal error',
  )
}

/** Refusals by the code of their error; all others are join failures. */
const REFUSALS: Partial<Record<AppError['code'], DisconnectReason>> = {
  unavailable: DisconnectReason.SERVER_SHUTDOWN,
  // A newer connection of the identity was quicker, at another node.
  already_exists: DisconnectReason.DUPLICATE_IDENTITY,
}

export class SignalConnection implements SignalLink {
  readonly #socket: WebSocket
  readonly #limits: RoomLimits
  readonly #otherUrls: () => string[]
  readonly #log: Log
  readonly #bucket: TokenBucket
  readonly #ignoredBytes: TokenBucket
  readonly #livenessTimer: NodeJS.Timeout
  #cutTimer: NodeJS.Timeout | undefined
  readonly #unhandledSeen = new Set<string>()
  /** Checks since something was heard. */
  #silentChecks = 0
  /** Bytes handed to the socket, and those of them that went out with the joining or resuming itself. */
  #sentBytes = 0
  #firstBytes = 0
  /** At the last check: bytes written, and whether some were still waiting. */
  #lastCheck = { writtenBytes: 0, isWaiting: false }
  #bound: Joined | undefined
  /** What came while the place in the room is being asked for; undefined: it is not. */
  #early: { requests: SignalRequest[]; bytes: number } | undefined
  #isClosing = false

  constructor(socket: WebSocket, { limits, otherUrls }: ConnectionSettings, log: Log) {
    this.#otherUrls = otherUrls
    this.#socket = socket
    this.#limits = limits
    this.#log = log
    this.#bucket = new TokenBucket(limits.signalMessagesPerS, limits.signalMessageBurst, Date.now())
    this.#ignoredBytes = new TokenBucket(limits.ignoredBytesPerS, limits.ignoredBurstBytes, Date.now())
    socket.on('message', (data, isBinary) => this.#handleMessage(data, isBinary))
    socket.on('pong', payload => {
      this.#silentChecks = 0
      // The client has read everything up to the ping that this answers (RFC 6455 §5.5.3).
      const mark = Number.parseInt(payload.toString('latin1'), 10)
      if (mark >= 0 && !this.#isClosing) this.#bound?.participant.backlog.confirm(mark)
    })
    // ws emits 'close' after 'error', so the one handler that acts is enough.
    socket.on('error', error => this.#log.debug({ err: error }, 'signal socket error'))
    socket.on('close', () => this.#handleClosed())
    this.#livenessTimer = setInterval(() => this.#checkLiveness(), LIVENESS_CHECK_MS)
  }

  /** What comes from now on is kept until `bind`. */
  wait(): void {
    this.#early = { requests: [], bytes: 0 }
  }

  bind(room: Room, participant: Participant): void {
    this.#bound = { room, participant }
    const early = this.#early?.requests ?? []
    this.#early = undefined
    // The socket may have closed while joining.
    if (this.#socket.readyState >= this.#socket.CLOSING) participant.handleLinkLost(this)
    else for (const request of early) this.#dispatch(request)
  }

  /** Says why there will be no participant, as the first and only message. */
  refuse(reason: DisconnectReason, action: LeaveRequest_Action, why: string): void {
    const value = leaveRequest(reason, action, this.#otherUrls())
    this.send(new SignalResponse({ message: { case: 'leave', value } }).toBinary())
    this.close(CLOSE.policy, why)
  }

  send(message: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN || this.#isClosing) return
    if (this.#socket.bufferedAmount - this.#firstLeft() > this.#limits.signalBufferBytes) {
      this.#log.warn({ bufferedBytes: this.#socket.bufferedAmount }, 'signal socket is too slow')
      this.#socket.terminate()
      return
    }
    this.#sentBytes += message.length
    // A client that joins or resumes is sent everything at once. How much that is says nothing about how fast the client reads.
    if (!this.#bound) this.#firstBytes = this.#sentBytes
    this.#socket.send(message)
  }

  isReceivingFirst(): boolean {
    return this.#socket.readyState === this.#socket.OPEN && this.#firstLeft() > 0
  }

  /** Bytes of the first reply that wait. They are written in the order in which they were sent, so these are a part of all that wait. */
  #firstLeft(): number {
    return Math.max(0, this.#firstBytes - this.#writtenBytes())
  }

  /** Bytes of messages that the operating system has taken over. It takes more as the client reads. */
  #writtenBytes(): number {
    // `bufferedAmount` counts the headers of frames as well, so the difference may be below 0.
    return Math.max(0, this.#sentBytes - this.#socket.bufferedAmount)
  }

  close(code: number, reason: string): void {
    if (this.#isClosing) return
    this.#isClosing = true
    clearInterval(this.#livenessTimer)
    // A close frame carries at most 123 bytes of reason (RFC 6455 §5.5).
    this.#socket.close(code, Buffer.from(reason).subarray(0, 120).toString())
    this.#cutTimer = setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS)
    this.#cutTimer.unref()
  }

  #handleMessage(data: RawData, isBinary: boolean): void {
    this.#silentChecks = 0
    if (this.#isClosing) return
    const request = this.#decode(data, isBinary)
    if (!request) return
    if (this.#early) this.#keep(this.#early, request)
    else this.#dispatch(request)
  }

  #keep(early: { requests: SignalRequest[]; bytes: number }, request: SignalRequest): void {
    early.requests.push(request)
    early.bytes += request.toBinary().length
    if (early.requests.length > EARLY_REQUESTS || early.bytes > EARLY_BYTES)
      this.#reject(CLOSE.policy, 'too many signal messages before the join was answered')
  }

  #dispatch(request: SignalRequest): void {
    if (this.#isClosing || !this.#bound || this.#bound.participant.isClosed) return
    try {
      if (!dispatchRequest(request, this.#bound)) this.#logUnhandled(request)
    } catch (error) {
      this.#log.error({ err: error, message: request.message.case }, 'a signal message could not be handled')
      this.#reject(CLOSE.internal, 'internal error')
    }
  }

  /** The decoded message; undefined when the socket was closed because of it. */
  #decode(data: RawData, isBinary: boolean): SignalRequest | undefined {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data)
    if (!isBinary) this.#reject(CLOSE.unsupported, 'binary protobuf expected')
    else if (bytes.byteLength > this.#limits.signalMessageBytes)
      this.#reject(CLOSE.tooBig, 'signal message too large')
    else
      try {
        const request = SignalRequest.fromBinary(bytes)
        if (this.#mayTake(request, bytes.byteLength)) return request
        this.#reject(CLOSE.policy, 'too many signal messages')
      } catch (error) {
        this.#log.debug({ err: error }, 'malformed SignalRequest')
        this.#reject(CLOSE.malformed, 'malformed SignalRequest')
      }
    return undefined
  }

  /**
   * Messages are counted, but for those that have no effect here: candidates, of which native clients gather hundreds for each connection
   * they open, and kinds of a newer protocol. Reading them is all they cost, so their bytes are counted.
   */
  #mayTake({ message }: SignalRequest, bytes: number): boolean {
    const isIgnored =
      message.case === undefined || (message.case === 'trickle' && isCandidate(message.value.candidateInit))
    return isIgnored
      ? this.#ignoredBytes.take(Date.now(), Math.max(bytes, LEAST_COST_BYTES))
      : this.#bucket.take(Date.now())
  }

  /** Closes this socket only: the participant is kept as after any lost socket. */
  #reject(code: number, reason: string): void {
    this.#log.info({ code, reason }, 'signal socket closed by us')
    this.close(code, reason)
  }

  /** Logs each kind of message once a connection, so that a chatty client cannot fill the log. */
  #logUnhandled(request: SignalRequest): void {
    const kind = request.message.case ?? 'unknown'
    if (this.#unhandledSeen.has(kind)) return
    this.#unhandledSeen.add(kind)
    this.#log.debug({ message: kind }, 'signal message without effect here')
  }

  /**
   * WebSocket pings as well: not every SDK sends the protocol's own. Checks are counted, not the clock: after a pause of this
   * process all would seem silent, although what they said is waiting to be read.
   */
  #checkLiveness(): void {
    const writtenBytes = this.#writtenBytes()
    // A client that is still reading a long reply cannot answer yet. The few bytes of our own pings do not count as reading.
    const isReading = this.#lastCheck.isWaiting && writtenBytes - this.#lastCheck.writtenBytes > READING_BYTES
    this.#lastCheck = { writtenBytes, isWaiting: this.#socket.bufferedAmount > 0 }
    this.#silentChecks = isReading ? 0 : this.#silentChecks + 1
    if (this.#silentChecks * LIVENESS_CHECK_MS > this.#limits.signalSilenceMs) {
      this.#log.info({}, 'signal connection is silent, taken for lost')
      this.#socket.terminate()
    } else if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.ping(String(this.#bound?.participant.backlog.mark() ?? ''))
    }
  }

  #handleClosed(): void {
    this.#isClosing = true
    clearInterval(this.#livenessTimer)
    // The timer would keep the room with all its participants in memory until it fires.
    clearTimeout(this.#cutTimer)
    this.#bound?.participant.handleLinkLost(this)
  }
}
