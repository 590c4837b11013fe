import { AppError } from '@diemcau/core/errors.ts'
import type { Log } from '../../room/base/log.ts'
import { type Answer, decodeAnswer, decodeCall, encodeAnswer, encodeCall } from './call-codec.ts'
import {
  type ByeReason,
  decodeFrame,
  encodeFrame,
  type Frame,
  FrameError,
  type NumberedFrame,
  type StartFrame,
} from './frame-codec.ts'
import { IncomingCalls } from './incoming-calls.ts'
import { IncomingSequence } from './incoming-sequence.ts'
import type { LinkLimits } from './link-limits.ts'
import { ANSWER_CODE, CALL_CODE, kindOfCode, type Way } from './message-kinds.ts'
import type { DownReason, Incarnation, LinkListener, PeerState } from './node-links.ts'
import { OutgoingCalls } from './outgoing-calls.ts'
import { type Had, OutgoingQueue } from './outgoing-queue.ts'
import type { Wire } from './wire.ts'

export interface NodeLinkOptions {
  peer: Incarnation
  limits: LinkLimits
  listener: LinkListener
  log: Log
  /** The cluster's time, ms. */
  clusterNowMs(): number
  /** The connection ended by itself or by what came on it; whoever dials may do so again. */
  onDown(): void
}

const NO_NOTE = new Uint8Array(0)
const MAX_NOTE_BYTES = 1024
/** Acknowledgements and pongs wait while more than so many windows are with the socket: it is stuck anyway. */
const STUCK_WINDOWS = 2
/** Of what may wait: all calls are sent again when a direction starts anew, which must leave room for the facts. */
const CALLS_SHARE = 0.25

/** The link to one incarnation of a peer: lives from the first word of it to its burial, over any number of connections. */
export class NodeLink {
  readonly #options: NodeLinkOptions
  readonly #queue: OutgoingQueue
  readonly #incoming = new IncomingSequence()
  readonly #outgoingCalls: OutgoingCalls
  readonly #incomingCalls: IncomingCalls
  #wire: Wire | null = null
  /** The peer's start has come on this connection. */
  #isUp = false
  #isClosed = false
  #isFlushing = false
  /** On this connection. */
  #hasCalledAgain = false
  #silentTicks = 0
  #heardMs: number | null = null
  #roundTripMs: number | null = null
  #unackedBytes = 0
  #sentBytes = 0
  #receivedBytes = 0
  #breaks = 0
  #ackTimer: NodeJS.Timeout | undefined

  constructor(options: NodeLinkOptions) {
    this.#options = options
    const { limits, listener, peer } = options
    this.#queue = new OutgoingQueue(limits)
    this.#outgoingCalls = new OutgoingCalls({
      calls: limits.calls,
      bytes: limits.unackedBytes * CALLS_SHARE,
    })
    this.#incomingCalls = new IncomingCalls({
      limits,
      run: (method, payload) => listener.call(peer, method, payload),
      send: answer => this.#answer(answer),
      nowMs: () => performance.now(),
      clusterNowMs: options.clusterNowMs,
    })
  }

  /** There is a connection, even if the peer's start has not come yet. */
  get isConnected(): boolean {
    return this.#wire !== null
  }
  /** What to tell the peer at the beginning of a connection. */
  get had(): Had | null {
    return this.#incoming.had
  }
  get state(): PeerState {
    return {
      incarnation: this.#options.peer,
      isUp: this.#isUp,
      heardMs: this.#heardMs,
      roundTripMs: this.#roundTripMs,
      waitingBytes: this.#queue.bytes + this.#queue.lossyBytes,
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
      breaks: this.#breaks,
    }
  }

  /** See `NodeLinks.send`. */
  send(way: Way, code: number, payload: Uint8Array, key?: string): boolean {
    if (this.#isClosed) return false
    if (payload.length > this.#options.limits.payloadBytes)
      throw new AppError('too_large', `a message of ${payload.length} bytes to another node`)
    if (way === 'lossy' && !this.#isUp) return false
    const wasLost = this.#queue.isLost
    const isTaken = this.#queue.push(way, code, payload, performance.now(), key)
    if (this.#queue.isLost && !wasLost) this.#overflowed()
    else this.#flush()
    return isTaken
  }

  /** See `NodeLinks.call`. */
  async call(method: string, payload: Uint8Array, waitMs: number): Promise<Uint8Array> {
    const { limits, clusterNowMs } = this.#options
    const remainingMs = Math.min(waitMs, limits.callMs)
    // The head of a call counts as payload of its message.
    if (payload.length + method.length * 4 + 64 > limits.payloadBytes)
      throw new AppError('too_large', `a call of ${payload.length} bytes to another node`)
    const { call, answer } = this.#outgoingCalls.open(
      method,
      payload,
      remainingMs,
      clusterNowMs() + remainingMs,
    )
    // Refused by a lost queue it is sent once that starts anew, as long as the call waits.
    this.send('facts', CALL_CODE, encodeCall(call))
    return answer
  }

  /**
   * A new connection to the peer, whose word on what it has had is `had`. It takes the place of the one before. Whoever calls has
   * told the peer our own `had`, and nothing has come since.
   */
  attach(wire: Wire, had: Had | null): void {
    if (this.#isClosed) {
      wire.destroy()
      return
    }
    this.disconnect('replaced')
    this.#wire = wire
    this.#hasCalledAgain = false
    this.#silentTicks = 0
    const { start, isRestarted } = this.#queue.resume(had)
    this.#write(start)
    if (isRestarted) {
      this.#tell('restarted', l =>
        l.restarted(this.#options.peer, { direction: 'outgoing', isDataLost: start.isDataLost }),
      )
      this.#sendCallsAgain()
    }
    // Reading begins last: whatever came with the handshake is handed on from here.
    if (this.#wire !== wire) return
    wire.listen({
      frame: bytes => this.#wire === wire && this.#receive(bytes),
      drained: () => this.#wire === wire && this.#flush(),
      closed: why => this.#wire === wire && this.#ended(why, () => {}),
    })
    this.#flush()
  }

  /** Each `pingMs`. */
  tick(): void {
    if (this.#isClosed) return
    this.#incomingCalls.sweep()
    if (!this.#queue.isLost && this.#queue.isTooOld(performance.now())) {
      this.#queue.lose()
      this.#overflowed()
    }
    if (this.#wire === null) return
    // Ticks, not time: a process that was stopped reads what came meanwhile before it takes the peer for silent.
    this.#silentTicks += 1
    if (this.#silentTicks > this.#options.limits.silentPings) {
      this.disconnect('silent')
      return
    }
    let note: Uint8Array = NO_NOTE
    this.#tell('note', l => {
      note = l.note?.(this.#options.peer) ?? NO_NOTE
    })
    this.#writeUnlessStuck({
      type: 'ping',
      stampMs: performance.now(),
      note: note.subarray(0, MAX_NOTE_BYTES),
    })
  }

  /** Ends the connection at once, if there is one; the link lives on. */
  disconnect(why: DownReason): void {
    this.#ended(why, wire => wire.destroy())
  }

  /** Ends the link for good, with a word to the peer. Idempotent. */
  close(why: ByeReason): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#ended('stopped', wire => {
      wire.write(encodeFrame({ type: 'bye', why }))
      wire.finish()
    })
    this.#queue.lose()
    this.#outgoingCalls.failAll()
  }

  #ended(why: DownReason, end: (wire: Wire) => void): void {
    const wire = this.#wire
    if (wire === null) return
    const wasUp = this.#isUp
    this.#wire = null
    this.#isUp = false
    this.#unackedBytes = 0
    clearTimeout(this.#ackTimer)
    this.#ackTimer = undefined
    this.#incoming.disconnect()
    this.#queue.dropLossy()
    end(wire)
    if (wasUp) {
      this.#breaks += 1
      this.#options.log.info({ peer: this.#options.peer, why }, 'the link to a node is down')
      this.#tell('linkDown', l => l.linkDown(this.#options.peer, why))
    }
    if (why !== 'replaced') this.#options.onDown()
  }

  #overflowed(): void {
    this.#options.log.warn(
      { peer: this.#options.peer },
      'a node takes too little of what it is sent: it is given up, and begins anew',
    )
    this.disconnect('overflow')
  }

  #receive(bytes: Uint8Array): void {
    const wire = this.#wire
    this.#silentTicks = 0
    this.#heardMs = performance.now()
    this.#receivedBytes += bytes.length
    try {
      this.#handle(decodeFrame(bytes))
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#options.log.warn({ peer: this.#options.peer, fault: error.message }, 'a link is cut')
      if (this.#wire === wire) this.disconnect('protocol')
    }
  }

  #handle(frame: Frame): void {
    const { peer } = this.#options
    switch (frame.type) {
      case 'facts':
      case 'data':
        this.#unackedBytes += frame.payload.length
        // Of a repeat, too: the peer does not know that we had it.
        if (this.#incoming.take(frame.type, frame.number)) this.#deliver(frame)
        this.#ackSoon()
        return
      case 'lossy': {
        const kind = kindOfCode(frame.kind)
        if (kind !== undefined && this.#isUp) this.#tell(kind, l => l.message(peer, kind, frame.payload))
        return
      }
      case 'start':
        this.#started(frame)
        return
      case 'ack':
        this.#queue.ack(frame.facts, frame.data)
        return
      case 'ping':
        this.#writeUnlessStuck({ type: 'pong', echoMs: frame.stampMs })
        this.#tell('pinged', l => l.pinged?.(peer, { stampMs: frame.stampMs, note: frame.note }))
        return
      case 'pong':
        this.#roundTripMs = Math.max(0, performance.now() - frame.echoMs)
        return
      case 'bye':
        this.disconnect(frame.why === 'buried' ? 'buried' : 'closed')
        return
    }
  }

  #started(frame: StartFrame): void {
    const { peer, log } = this.#options
    const wire = this.#wire
    const restart = this.#incoming.start(frame)
    if (restart !== null) {
      this.#tell('restarted', l =>
        l.restarted(peer, { direction: 'incoming', isDataLost: restart.isDataLost }),
      )
      // Answers may be among what is lost.
      this.#sendCallsAgain()
    }
    if (this.#wire !== wire) return
    this.#isUp = true
    log.info({ peer, isAnew: restart !== null }, 'the link to a node is up')
    this.#tell('linkUp', l => l.linkUp(peer))
  }

  #deliver({ type, kind: code, payload }: NumberedFrame): void {
    if (type === 'facts' && code === CALL_CODE) this.#incomingCalls.take(decodeCall(payload))
    else if (type === 'facts' && code === ANSWER_CODE) this.#outgoingCalls.settle(decodeAnswer(payload))
    else {
      const kind = kindOfCode(code)
      if (kind !== undefined) this.#tell(kind, l => l.message(this.#options.peer, kind, payload))
    }
  }

  #answer(answer: Answer): void {
    const bytes = encodeAnswer(answer)
    if (bytes.length <= this.#options.limits.payloadBytes) return void this.send('facts', ANSWER_CODE, bytes)
    const error = { code: 'too_large', message: 'the answer is too large for the link' }
    this.send('facts', ANSWER_CODE, encodeAnswer({ id: answer.id, payload: NO_NOTE, error }))
  }

  /** Once a connection: the answers to what is sent on it come on it, or are kept. */
  #sendCallsAgain(): void {
    if (this.#hasCalledAgain) return
    this.#hasCalledAgain = true
    for (const call of this.#outgoingCalls.unanswered()) this.send('facts', CALL_CODE, encodeCall(call))
  }

  #ackSoon(): void {
    if (this.#wire === null) return
    if (this.#unackedBytes >= this.#options.limits.ackBytes) this.#ack()
    else this.#ackTimer ??= setTimeout(() => this.#ack(), this.#options.limits.ackMs)
  }

  #ack(): void {
    clearTimeout(this.#ackTimer)
    this.#ackTimer = undefined
    const had = this.#incoming.had
    if (had === null) return
    if (this.#writeUnlessStuck({ type: 'ack', facts: had.facts, data: had.data })) this.#unackedBytes = 0
    else this.#ackTimer = setTimeout(() => this.#ack(), this.#options.limits.ackMs)
  }

  #flush(): void {
    // What is written may drain at once, and listeners may send while they are told: one loop at a time.
    if (this.#isFlushing) return
    this.#isFlushing = true
    const { windowBytes } = this.#options.limits
    try {
      for (;;) {
        const bytes = this.#queue.nextBytes
        const pending = this.#wire?.pendingBytes
        if (bytes === undefined || pending === undefined) break
        if (pending > 0 && pending + bytes > windowBytes) break
        const frame = this.#queue.next()
        if (frame !== undefined) this.#write(frame)
      }
    } finally {
      this.#isFlushing = false
    }
  }

  #write(frame: Frame): void {
    if (!this.#wire) return
    const pieces = encodeFrame(frame)
    for (const piece of pieces) this.#sentBytes += piece.length
    this.#wire.write(pieces)
  }

  #writeUnlessStuck(frame: Frame): boolean {
    if (this.#wire === null || this.#wire.pendingBytes > STUCK_WINDOWS * this.#options.limits.windowBytes)
      return false
    this.#write(frame)
    return true
  }

  /** An owner that throws must not break the link, nor what others are told. */
  #tell(what: string, say: (listener: LinkListener) => void): void {
    try {
      say(this.#options.listener)
    } catch (error) {
      this.#options.log.error(
        { err: error, peer: this.#options.peer, what },
        'what a node said could not be taken',
      )
    }
  }
}
