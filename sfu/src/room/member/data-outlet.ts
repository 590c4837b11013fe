/**
 * Data towards one client. Its channels open some time after it has joined; reliable messages sent to it meanwhile wait
 * here, in order, so that whoever has been announced misses none. After a resume they wait here once more, until the
 * client has said what it had, so that what it missed goes before anything newer. Closed by the participant.
 */
import { Fifo } from '@diemcau/core/fifo.ts'
import type { DataKind, PeerMedia } from '../base/ports.ts'

const RETRY_MS = 50
/** What a waiting message costs beside its payload. */
const ENTRY_BYTES = 128

export interface DataOutletOptions {
  media(): Pick<PeerMedia, 'sendData'> | undefined
  /** Bound of what waits here, bytes. */
  queueBytes: number
  /** How long a hold lasts without a release, ms. */
  holdMs: number
  /** How long the client has after a loss to leave by itself, ms. */
  graceMs: number
  /** Whether the client can be told anything now. */
  isReachable(): boolean
  /** A reliable message is lost. Fires once, never within another call, and only when the client can be told. */
  onLost(why: string): void
}

export class DataOutlet {
  readonly #options: DataOutletOptions
  readonly #waiting = new Fifo<Uint8Array>()
  #waitingBytes = 0
  #hasOpened = false
  #isClosed = false
  /** While set, nothing reliable goes out: the mark of the room's history when the client came back. */
  #heldAt: number | undefined
  #holdTimer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #lostBecause: string | undefined
  #lossTimer: NodeJS.Timeout | undefined

  constructor(options: DataOutletOptions) {
    this.#options = options
  }

  /** What waits here for the channel to open, with what each message costs beside its payload. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** False when it was dropped: lossy and not deliverable now, or a client that does not keep up. */
  send(kind: DataKind, payload: Uint8Array): boolean {
    if (this.#isClosed) return false
    if (kind !== 'reliable') return this.#options.media()?.sendData(kind, payload) ?? false
    if (this.#heldAt === undefined && this.#waiting.length === 0 && this.#hand(payload)) return true
    // Once the channel has been open, a refusal means that the media side has given this client up.
    if (this.#hasOpened && this.#heldAt === undefined && this.#waiting.length === 0) return false
    this.#waitingBytes += payload.length + ENTRY_BYTES
    if (this.#waitingBytes > this.#options.queueBytes) {
      this.lose(`more than ${this.#options.queueBytes} bytes wait to be sent`)
      return false
    }
    this.#waiting.push(payload)
    if (this.#heldAt === undefined) this.#retryTimer ??= setInterval(() => this.#flush(), RETRY_MS)
    return true
  }

  #hand(payload: Uint8Array): boolean {
    const isTaken = this.#options.media()?.sendData('reliable', payload) ?? false
    if (isTaken) this.#hasOpened = true
    return isTaken
  }

  /**
   * The client has come back: reliable messages wait from now on. `mark` tells what was sent before; of two holds the
   * first one's counts, because nothing has been sent since.
   */
  hold(mark: number): void {
    if (this.#lostBecause !== undefined) this.#tellLossIn(0)
    if (this.#isClosed) return
    this.#heldAt ??= mark
    clearInterval(this.#retryTimer)
    this.#retryTimer = undefined
    clearTimeout(this.#holdTimer)
    // A client that never says what it had gets on with what comes.
    this.#holdTimer = setTimeout(() => this.release(() => []), this.#options.holdMs)
  }

  /** Ends a hold: `missed` gets its mark and names what goes out first. Without a hold nothing happens. */
  release(missed: (mark: number) => Iterable<Uint8Array>): void {
    const mark = this.#heldAt
    if (mark === undefined || this.#isClosed) return
    this.#heldAt = undefined
    clearTimeout(this.#holdTimer)
    // What waited for the first opening is still here, so the client has missed nothing else.
    if (this.#hasOpened) for (const payload of missed(mark)) this.#hand(payload)
    this.#flush()
    if (this.#waiting.length > 0) this.#retryTimer ??= setInterval(() => this.#flush(), RETRY_MS)
  }

  #flush(): void {
    for (let next = this.#waiting.peek(); next; next = this.#waiting.peek()) {
      if (!this.#hand(next)) return
      this.#waiting.shift()
      this.#waitingBytes -= next.length + ENTRY_BYTES
    }
    clearInterval(this.#retryTimer)
    this.#retryTimer = undefined
  }

  /**
   * A reliable message is lost, so nothing is sent any more. The client is told by `onLost`, after a while and while it
   * can be: one that has closed its connections is leaving, or will be back with new ones.
   */
  lose(why: string): void {
    if (this.#isClosed) return
    this.#stop()
    this.#lostBecause = why
    this.#tellLossIn(this.#options.graceMs)
  }

  #tellLossIn(ms: number): void {
    clearTimeout(this.#lossTimer)
    this.#lossTimer = setTimeout(() => {
      if (this.#lostBecause !== undefined && this.#options.isReachable())
        this.#options.onLost(this.#lostBecause)
    }, ms)
  }

  close(): void {
    this.#stop()
    this.#lostBecause = undefined
    clearTimeout(this.#lossTimer)
  }

  #stop(): void {
    this.#isClosed = true
    this.#heldAt = undefined
    clearInterval(this.#retryTimer)
    clearTimeout(this.#holdTimer)
    this.#waiting.clear()
    this.#waitingBytes = 0
  }
}
