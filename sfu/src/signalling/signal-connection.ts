/**
 * One LiveKit signalling socket (v0, binary protobuf): decodes and limits what comes in, hands it to the dispatcher,
 * and is the room's SignalLink for what goes out. The participant outlives it: a lost socket is not a departure.
 */
import { AppError } from '@diemcau/core/errors.ts'
import {
  DisconnectReason,
  LeaveRequest,
  LeaveRequest_Action,
  SignalRequest,
  SignalResponse,
} from '@livekit/protocol'
import type { RawData, WebSocket } from 'ws'
import type { JoinQuery, VerifiedClaims } from '../room/claims.ts'
import { type RoomLimits, TokenBucket } from '../room/limits.ts'
import type { Log } from '../room/log.ts'
import type { Participant } from '../room/participant.ts'
import type { Room } from '../room/room.ts'
import type { RoomRegistry } from '../room/room-registry.ts'
import type { SignalLink } from '../room/signal-link.ts'
import { dispatchRequest } from './dispatch-request.ts'

/** What a signal connection needs from the process. */
export interface RtcDeps {
  registry: RoomRegistry
}

/** WebSocket close codes, RFC 6455 §7.4.1; 4000 and up are ours. */
const CLOSE = { normal: 1000, unsupported: 1003, malformed: 1007, policy: 1008, tooBig: 1009, internal: 1011 }
/** How often a connection is checked for silence and pinged. */
const LIVENESS_CHECK_MS = 5_000
/** A peer that does not answer the close handshake is cut off. */
const CLOSE_TIMEOUT_MS = 3_000

/**
 * Takes over a `/rtc` socket whose token has been verified: joins (or resumes) the participant and speaks LiveKit's
 * v0 signalling until the socket closes. Returns at once and never throws; refusals are told by a LeaveRequest.
 */
export function acceptRtc(socket: WebSocket, claims: VerifiedClaims, query: JoinQuery, deps: RtcDeps): void {
  const { limits, log } = deps.registry
  // Handlers are attached in the constructor, before anything else: a client that resumes talks at once.
  const connection = new SignalConnection(socket, limits, log.child({ identity: claims.identity }))
  try {
    const joined = query.reconnect
      ? deps.registry.resume(claims, query.participantSid, connection, query.clientAddress)
      : deps.registry.join(claims, query, connection)
    if (joined) connection.bind(joined.room, joined.participant)
    // The client asks for a participant that is not kept any more: it has to join from the start.
    else
      connection.refuse(DisconnectReason.STATE_MISMATCH, LeaveRequest_Action.RECONNECT, 'unknown participant')
  } catch (error) {
    const isExpected = error instanceof AppError
    if (!isExpected) log.error({ err: error }, 'a join failed')
    const isStopping = isExpected && error.code === 'unavailable'
    connection.refuse(
      isStopping ? DisconnectReason.SERVER_SHUTDOWN : DisconnectReason.JOIN_FAILURE,
      isStopping ? LeaveRequest_Action.RECONNECT : LeaveRequest_Action.DISCONNECT,
      isExpected ? error.message : 'internal error',
    )
  }
}

export class SignalConnection implements SignalLink {
  readonly #socket: WebSocket
  readonly #limits: RoomLimits
  readonly #log: Log
  readonly #bucket: TokenBucket
  readonly #livenessTimer: NodeJS.Timeout
  #cutTimer: NodeJS.Timeout | undefined
  readonly #unhandledSeen = new Set<string>()
  /** Checks since something was heard. */
  #silentChecks = 0
  #bound: { room: Room; participant: Participant } | undefined
  #isClosing = false

  constructor(socket: WebSocket, limits: RoomLimits, log: Log) {
    this.#socket = socket
    this.#limits = limits
    this.#log = log
    this.#bucket = new TokenBucket(limits.signalMessagesPerS, limits.signalMessageBurst, Date.now())
    socket.on('message', (data, isBinary) => this.#handleMessage(data, isBinary))
    socket.on('pong', payload => {
      this.#silentChecks = 0
      // The client has read everything up to the ping that this answers (RFC 6455 §5.5.3).
      const mark = Number.parseInt(payload.toString('latin1'), 10)
      if (mark >= 0 && !this.#isClosing) this.#bound?.participant.outbox.confirm(mark)
    })
    // ws emits 'close' after 'error', so the one handler that acts is enough.
    socket.on('error', error => this.#log.debug({ err: error }, 'signal socket error'))
    socket.on('close', () => this.#handleClosed())
    this.#livenessTimer = setInterval(() => this.#checkLiveness(), LIVENESS_CHECK_MS)
  }

  bind(room: Room, participant: Participant): void {
    this.#bound = { room, participant }
    // The socket may have closed while joining.
    if (this.#socket.readyState >= this.#socket.CLOSING) participant.handleLinkLost(this)
  }

  /** Says why there will be no participant, as the first and only message. */
  refuse(reason: DisconnectReason, action: LeaveRequest_Action, why: string): void {
    const value = new LeaveRequest({
      reason,
      action,
      canReconnect: action !== LeaveRequest_Action.DISCONNECT,
    })
    this.send(new SignalResponse({ message: { case: 'leave', value } }).toBinary())
    this.close(CLOSE.policy, why)
  }

  send(message: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN || this.#isClosing) return
    if (this.#socket.bufferedAmount > this.#limits.signalBufferBytes) {
      this.#log.warn({ bufferedBytes: this.#socket.bufferedAmount }, 'signal socket is too slow')
      this.#socket.terminate()
      return
    }
    this.#socket.send(message)
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
    if (!this.#bound || this.#bound.participant.isClosed) return
    try {
      if (!dispatchRequest(request, this.#bound)) this.#logUnhandled(request)
    } catch (error) {
      this.#log.error({ err: error, message: request.message.case }, 'a signal message could not be handled')
      this.#reject(CLOSE.internal, 'internal error')
    }
  }

  /** Undefined when the socket has been closed for what came. */
  #decode(data: RawData, isBinary: boolean): SignalRequest | undefined {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data)
    if (!isBinary) this.#reject(CLOSE.unsupported, 'binary protobuf expected')
    else if (bytes.byteLength > this.#limits.signalMessageBytes)
      this.#reject(CLOSE.tooBig, 'signal message too large')
    else if (!this.#bucket.take(Date.now())) this.#reject(CLOSE.policy, 'too many signal messages')
    else
      try {
        return SignalRequest.fromBinary(bytes)
      } catch (error) {
        this.#log.debug({ err: error }, 'malformed SignalRequest')
        this.#reject(CLOSE.malformed, 'malformed SignalRequest')
      }
    return undefined
  }

  /** Closes this socket only: the participant is kept as after any lost socket. */
  #reject(code: number, reason: string): void {
    this.#log.info({ code, reason }, 'signal socket closed by us')
    this.close(code, reason)
  }

  /** Once a kind and connection, so that a chatty client cannot fill the log. */
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
    this.#silentChecks += 1
    if (this.#silentChecks * LIVENESS_CHECK_MS > this.#limits.signalSilenceMs) {
      this.#log.info({}, 'signal connection is silent, taken for lost')
      this.#socket.terminate()
    } else if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.ping(String(this.#bound?.participant.outbox.mark() ?? ''))
    }
  }

  #handleClosed(): void {
    this.#isClosing = true
    clearInterval(this.#livenessTimer)
    // It would hold the room with all its participants until it fires.
    clearTimeout(this.#cutTimer)
    this.#bound?.participant.handleLinkLost(this)
  }
}
