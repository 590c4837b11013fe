/**
 * Data towards one client. Its channels open some time after it has joined; reliable messages sent to it meanwhile wait
 * here, in order, so that whoever has been announced misses none. Closed by the participant.
 */
import type { DataKind, PeerMedia } from './ports.ts'

const RETRY_MS = 50
/** More than this while somebody joins is no conversation; what is over is dropped. */
const WAITING_BYTES = 1024 * 1024

export class DataOutlet {
  readonly #media: () => PeerMedia | undefined
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #hasOpened = false
  #isClosed = false
  #timer: NodeJS.Timeout | undefined

  constructor(media: () => PeerMedia | undefined) {
    this.#media = media
  }

  /** False when it was dropped: lossy and not deliverable now, or a client that does not keep up. */
  send(kind: DataKind, payload: Uint8Array): boolean {
    if (this.#isClosed) return false
    if (kind !== 'reliable') return this.#media()?.sendData(kind, payload) ?? false
    if (this.#waiting.length === 0 && this.#media()?.sendData(kind, payload)) {
      this.#hasOpened = true
      return true
    }
    // Once the channel has been open, a refusal means that the media side's own queue is full.
    if (this.#hasOpened || this.#waitingBytes + payload.length > WAITING_BYTES) return false
    this.#waiting.push(payload)
    this.#waitingBytes += payload.length
    this.#timer ??= setInterval(() => this.#flush(), RETRY_MS)
    return true
  }

  #flush(): void {
    let sent = 0
    for (const payload of this.#waiting) {
      if (!this.#media()?.sendData('reliable', payload)) break
      sent++
      this.#waitingBytes -= payload.length
    }
    this.#waiting.splice(0, sent)
    if (this.#waiting.length > 0) return
    this.#hasOpened = true
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#waiting = []
  }
}
