/**
 * The network between one client and the SFU, inside the test process. The client connects to `path.wsUrl` instead of the
 * SFU's; the path passes signalling on, and puts the port of its own UDP relay in the place of the SFU's ICE candidates, so that
 * media goes through two links, `up` (client to SFU) and `down`, whose properties change at any time:
 *
 *   const path = await NetworkPath.create(sfu.wsUrl)
 *   await client.connect(path.wsUrl, token)
 *   path.set('down', { kbps: 500, queueMs: 200, loss: 0.02, delayMs: 40 })   // the others stay
 *   path.cutMedia(); path.restoreMedia()
 *   path.cutSignal()                          // TCP reset; a new connection is welcome
 *   path.holdSignal(); path.releaseSignal()   // a dead link: nothing passes, nobody is told
 *   path.refuseSignal(); path.admitSignal()   // new connections are reset
 *   await path.changeAddress({ address: '127.0.0.9' })
 *   path.up.counters.bytes, path.down.counters.lost
 *   await path.close()
 *
 * One path a client. TCP candidates are dropped unless `keepTcp` (they would go past the relay). Everything a path does is
 * seeded, but packets come when they come: judge by outcome.
 */
import { SignalResponse } from '@livekit/protocol'
import { type LinkSettings, NetworkLink, seededRandom } from './network-path-link.ts'
import { readPayloadKinds, rewriteCandidate, rewriteDescription } from './network-path-packets.ts'
import { MediaRelay } from './network-path-relay.ts'
import { SignalProxy } from './network-path-signal.ts'

export interface NetworkPathOptions {
  /** Of loss and jitter; default 1. */
  seed?: number
  keepTcp?: boolean
  /** This machine's address that the client finds the SFU's media at; default the loopback. */
  mediaAddress?: string
}

export type Direction = 'up' | 'down'

export class NetworkPath {
  /** Client to SFU, SFU to client; for counters. */
  readonly up: NetworkLink
  readonly down: NetworkLink
  readonly #relay: MediaRelay
  readonly #signal: SignalProxy

  private constructor(up: NetworkLink, down: NetworkLink, relay: MediaRelay, signal: SignalProxy) {
    this.up = up
    this.down = down
    this.#relay = relay
    this.#signal = signal
  }

  /** `sfuUrl`: `RunningSfu.wsUrl`. Closed by the caller. */
  static async create(sfuUrl: string, options: NetworkPathOptions = {}): Promise<NetworkPath> {
    const { seed = 1, keepTcp = false, mediaAddress } = options
    const up = new NetworkLink(seededRandom(seed))
    const down = new NetworkLink(seededRandom(seed + 1))
    const relay = new MediaRelay(up, down, mediaAddress)
    const signal = await SignalProxy.create(sfuUrl, message => rewriteResponse(message, relay, keepTcp))
    return new NetworkPath(up, down, relay, signal)
  }

  /** What the client connects to. */
  get wsUrl(): string {
    return `ws://127.0.0.1:${this.#signal.port}`
  }
  /** Signalling connections the client tried so far, and those open now. */
  get signalAttempts(): number {
    return this.#signal.attempts
  }
  get signalConnections(): number {
    return this.#signal.open
  }

  /** Changes the given settings of one direction, or of both. */
  set(direction: Direction | 'both', settings: LinkSettings): void {
    if (direction !== 'down') this.up.set(settings)
    if (direction !== 'up') this.down.set(settings)
  }

  /** No UDP packet passes, in one direction or both, until `restoreMedia`. */
  cutMedia(direction: Direction | 'both' = 'both'): void {
    if (direction !== 'down') this.up.isCut = true
    if (direction !== 'up') this.down.isCut = true
  }

  restoreMedia(): void {
    this.up.isCut = false
    this.down.isCut = false
  }

  /** Resets the signalling connection on both sides. */
  cutSignal(): void {
    this.#signal.cut()
  }
  /** Signalling goes silent: nothing passes, new connections hang. */
  holdSignal(): void {
    this.#signal.hold()
  }
  /** What was held arrives after all. */
  releaseSignal(): void {
    this.#signal.release()
  }
  /** New signalling connections are reset until `admitSignal`; the open one stays. */
  refuseSignal(): void {
    this.#signal.isRefusing = true
  }
  admitSignal(): void {
    this.#signal.isRefusing = false
  }

  /**
   * Towards the SFU (default): the client's packets come from new ports, and from `address` (127.0.0.x) when given, as when a
   * NAT forgot its mapping or the client has a new network. Towards the client: the SFU is found at new ports, which the client
   * learns with the next description only (an ICE restart). What is sent to the old ports is swallowed.
   */
  async changeAddress(change: { towards?: 'sfu' | 'client'; address?: string } = {}): Promise<void> {
    if (change.towards === 'client') await this.#relay.changeTowardsClient()
    else await this.#relay.changeTowardsSfu(change.address)
  }

  /** Leaves no socket and no timer. Safe to call twice. */
  async close(): Promise<void> {
    this.up.close()
    this.down.close()
    await Promise.all([this.#signal.close(), this.#relay.close()])
  }
}

async function rewriteResponse(
  message: Buffer,
  relay: MediaRelay,
  keepTcp: boolean,
): Promise<Uint8Array | null> {
  const response = SignalResponse.fromBinary(message)
  const { case: kind, value } = response.message
  const relayed = relay.relayed.bind(relay)
  if (kind === 'offer' || kind === 'answer') {
    // The SFU offers what it sends and answers what it receives.
    const kinds = readPayloadKinds(value.sdp)
    relay.learn(kind === 'offer' ? 'down' : 'up', kinds)
    value.sdp = await rewriteDescription(value.sdp, relayed, keepTcp)
  } else if (kind === 'trickle') {
    const init = JSON.parse(value.candidateInit) as { candidate?: string }
    const candidate = await rewriteCandidate(init.candidate ?? '', relayed, keepTcp)
    if (candidate === null) return null
    value.candidateInit = JSON.stringify({ ...init, candidate })
  } else return message
  return response.toBinary()
}
