import type { SocketEnd } from './capture-socket.ts'

const FIRST_RETRY_MS = 250
const MAX_RETRY_MS = 4000
/** How long an address may take to answer, ms: where there is another one it is tried soon, and waited for longer from round to round. */
const HANDSHAKE_MS = 10_000
const HANDSHAKE_OF_SEVERAL_MS = 3000
/** Between two pings, ms. Where another node can be taken, one that went silent is not waited for as long. */
const PING_MS = 5000
const PING_OF_SEVERAL_MS = 2500

/** One of the addresses, and how patient to be with it. */
export interface Place {
  sfuUrl: string
  handshakeMs: number
  pingMs: number
}

/**
 * Where a recorder connects next. The addresses are tried in turn, from the one after that which was lost, and at once: only after all of them
 * were tried in vain it pauses, for longer each time. Pure.
 */
export class AddressRound {
  readonly #urls: readonly [string, ...string[]]
  #index = 0
  /** Addresses tried since the last pause, and how many of them did not take the token. */
  #tried = 0
  #denied = 0
  #rounds = 0

  constructor(urls: readonly [string, ...string[]]) {
    this.#urls = urls
  }

  get next(): Place {
    const isOne = this.#urls.length === 1
    return {
      sfuUrl: this.#urls[this.#index]!,
      handshakeMs: isOne
        ? HANDSHAKE_MS
        : Math.min(HANDSHAKE_MS, HANDSHAKE_OF_SEVERAL_MS * (this.#rounds + 1)),
      pingMs: isOne ? PING_MS : PING_OF_SEVERAL_MS,
    }
  }

  /** The room is there: what was in vain before counts no more. */
  attached(): void {
    this.#tried = 0
    this.#denied = 0
    this.#rounds = 0
  }

  /** The connection to a room is over, the next address is to be tried. How long to wait before that, ms. */
  lost(): number {
    this.#turn()
    return this.#urls.length === 1 ? FIRST_RETRY_MS : 0
  }

  /** The same after one that never came to the room; `denied`: no address of this round took the token. */
  failed(end: SocketEnd): { waitMs: number; denied: boolean } {
    this.#turn()
    this.#tried += 1
    if (end.kind === 'refused' && (end.status === 401 || end.status === 403)) this.#denied += 1
    if (this.#tried < this.#urls.length) return { waitMs: 0, denied: false }
    const denied = this.#denied === this.#tried
    this.#tried = 0
    this.#denied = 0
    this.#rounds += 1
    return { waitMs: Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(10, this.#rounds)), denied }
  }

  #turn(): void {
    this.#index = (this.#index + 1) % this.#urls.length
  }
}
