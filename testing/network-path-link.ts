/** One direction of a network path: a pure queue on timers, no sockets. Bandwidth, loss, delay and jitter may change at any time. */

/** What a UDP packet on a WebRTC path carries (RFC 7983). Data channels are in `dtls`, mediasoup's bandwidth probes in `other`. */
export type PacketKind = 'stun' | 'dtls' | 'audio' | 'video' | 'rtcp' | 'other'

export interface LinkSettings {
  /** Bandwidth of the link; undefined: unlimited. */
  kbps?: number | undefined
  /** A packet that would wait longer than this in the queue of a full link is dropped (drop-tail), ms. Default 300. */
  queueMs?: number
  /** Share of packets lost at random, 0 to 1. */
  loss?: number
  /** Further delay of every packet, ms. */
  delayMs?: number
  /** Random delay between 0 and this on top, ms. Packets stay in order, as in a queue that grows and shrinks. */
  jitterMs?: number
  /** Loss, delay and jitter strike only these kinds; default: all. Bandwidth is shared by all kinds always. */
  only?: PacketKind[] | undefined
}

export interface LinkCounters {
  /** Delivered. */
  packets: number
  bytes: number
  bytesByKind: Record<PacketKind, number>
  /** Dropped packets: by random loss, by a full queue, by a cut. */
  lost: number
  overflowed: number
  cut: number
}

const DEFAULT_QUEUE_MS = 300

interface Waiting {
  bytes: number
  kind: PacketKind
  deliver: () => void
}

/** A number in [0, 1) from a seed, the same sequence every time (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export class NetworkLink {
  readonly counters: LinkCounters = {
    packets: 0,
    bytes: 0,
    bytesByKind: { stun: 0, dtls: 0, audio: 0, video: 0, rtcp: 0, other: 0 },
    lost: 0,
    overflowed: 0,
    cut: 0,
  }
  /** Everything is dropped while true. */
  isCut = false
  readonly #random: () => number
  #settings: LinkSettings = {}
  #queue: Waiting[] = []
  #queuedBytes = 0
  /** When the link has sent what it took so far. */
  #freeAt = 0
  #pumpTimer: NodeJS.Timeout | undefined
  readonly #delayTimers = new Set<NodeJS.Timeout>()
  #lastDeliveryAt = 0
  #isClosed = false

  constructor(random: () => number) {
    this.#random = random
  }

  get settings(): Readonly<LinkSettings> {
    return this.#settings
  }

  /** The given settings change, the others stay; `undefined` puts one back. What waits already goes on at the new speed. */
  set(settings: LinkSettings): void {
    this.#settings = { ...this.#settings, ...settings }
    this.#pump()
  }

  /** Takes a packet; `deliver` is called when and if it comes out at the other end. */
  push(bytes: number, kind: PacketKind, deliver: () => void): void {
    if (this.#isClosed) return
    if (this.isCut) {
      this.counters.cut += 1
      return
    }
    const { loss = 0, kbps, queueMs = DEFAULT_QUEUE_MS } = this.#settings
    if (loss > 0 && this.#strikes(kind) && this.#random() < loss) {
      this.counters.lost += 1
      return
    }
    if (kbps === undefined && this.#queue.length === 0) {
      this.#delay({ bytes, kind, deliver })
      return
    }
    if (kbps !== undefined && (this.#queuedBytes * 8) / kbps > queueMs) {
      this.counters.overflowed += 1
      return
    }
    // An idle link saves nothing up; a busy one makes up for late timers.
    if (this.#queue.length === 0) this.#freeAt = Math.max(this.#freeAt, performance.now())
    this.#queue.push({ bytes, kind, deliver })
    this.#queuedBytes += bytes
    this.#pump()
  }

  /** Drops what waits. */
  close(): void {
    this.#isClosed = true
    this.#queue = []
    clearTimeout(this.#pumpTimer)
    for (const timer of this.#delayTimers) clearTimeout(timer)
    this.#delayTimers.clear()
  }

  #strikes(kind: PacketKind): boolean {
    return this.#settings.only?.includes(kind) ?? true
  }

  #pump(): void {
    clearTimeout(this.#pumpTimer)
    if (this.#isClosed) return
    for (;;) {
      const [next] = this.#queue
      if (next === undefined) return
      const { kbps } = this.#settings
      const now = performance.now()
      const sentAt = kbps === undefined ? now : this.#freeAt + (next.bytes * 8) / kbps
      if (sentAt > now) {
        this.#pumpTimer = setTimeout(() => this.#pump(), Math.ceil(sentAt - now))
        return
      }
      this.#freeAt = sentAt
      this.#queue.shift()
      this.#queuedBytes -= next.bytes
      this.#delay(next)
    }
  }

  #delay(packet: Waiting): void {
    const { delayMs = 0, jitterMs = 0 } = this.#settings
    const now = performance.now()
    const wait = this.#strikes(packet.kind) ? delayMs + this.#random() * jitterMs : 0
    // Kinds that are not struck pass those that are: that is how sound and picture come to arrive apart.
    if (!this.#strikes(packet.kind) || (wait === 0 && this.#delayTimers.size === 0)) {
      this.#deliver(packet)
      return
    }
    this.#lastDeliveryAt = Math.max(this.#lastDeliveryAt, now + wait)
    const timer = setTimeout(() => {
      this.#delayTimers.delete(timer)
      this.#deliver(packet)
    }, this.#lastDeliveryAt - now)
    this.#delayTimers.add(timer)
  }

  #deliver({ bytes, kind, deliver }: Waiting): void {
    if (this.isCut) {
      this.counters.cut += 1
      return
    }
    this.counters.packets += 1
    this.counters.bytes += bytes
    this.counters.bytesByKind[kind] += bytes
    deliver()
  }
}
