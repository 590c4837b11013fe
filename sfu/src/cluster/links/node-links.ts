import type { Incarnation } from '@diemcau/core/ids.ts'
import type { KindOf, MessageKind } from './message-kinds.ts'

export type { Incarnation } from '@diemcau/core/ids.ts'

export interface Peer {
  incarnation: Incarnation
  /** Where its links are, `host:port`; null when only it can reach us. */
  address: string | null
}

/**
 * Why a link that stood does not any more. `silent`: nothing heard for 2 s. `overflow`: the peer did not take what was sent, and that is
 * lost. `protocol`: what came was no frame. `closed`, `buried`: the peer said so. `replaced`: it connected again. `stopped`: here.
 */
export type DownReason =
  | 'broken'
  | 'silent'
  | 'overflow'
  | 'protocol'
  | 'replaced'
  | 'closed'
  | 'buried'
  | 'stopped'

export interface PeerState {
  incarnation: Incarnation
  isUp: boolean
  /** Last frame from it, ms of our monotonic clock (`performance.now`); null before the first. */
  heardMs: number | null
  /** Of the last ping, ms. */
  roundTripMs: number | null
  /** Not acknowledged, or lossy and not on its way. */
  waitingBytes: number
  /** Frames of all its connections, without what TLS adds. */
  sentBytes: number
  receivedBytes: number
  /** How often it was lost after it had stood. */
  breaks: number
}

export interface NamedPeerState extends PeerState {
  /** Where its links are; null: it was never told, as only it can reach us. */
  address: string | null
}

/** What a node hears of its links. Called in order for each peer; an error is logged and stops nothing. */
export interface LinkListener {
  /** Both sides can talk. What was sent before and was not told lost by `restarted` is still coming, once and in order. */
  linkUp(peer: Incarnation): void
  /** Comes after each `linkUp`. The link is tried again unless the peer was buried here. */
  linkDown(peer: Incarnation, why: DownReason): void
  /**
   * One direction lost what had waited too long or too much, and begins anew. `outgoing`: say all facts to that peer again; from
   * now on it gets what is sent. `incoming`: forget what it said, its facts come anew; with `isDataLost` reliable data of its
   * members is missing, which those it may have been for must be told.
   */
  restarted(peer: Incarnation, what: { direction: 'incoming' | 'outgoing'; isDataLost: boolean }): void
  /** The payload is a view of a bigger buffer: copy what you keep for long. */
  message(peer: Incarnation, kind: MessageKind, payload: Uint8Array): void
  /** An AppError it throws reaches the caller with its code and message, anything else as `internal`. */
  call(peer: Incarnation, method: string, payload: Uint8Array): Promise<Uint8Array>
  /** A ping came: the peer's monotonic clock, and what its `note` said. */
  pinged?(peer: Incarnation, ping: { stampMs: number; note: Uint8Array }): void
  /** What our next ping tells this peer; at most 1 KiB. */
  note?(peer: Incarnation): Uint8Array
  /**
   * The peer proved to be of the cluster and does not talk to us: it takes us for buried, or another incarnation has its address.
   * Comes with each try, every 2 s, until one of the two is buried here.
   */
  refused?(peer: Incarnation, why: 'buried' | 'other_incarnation'): void
}

/**
 * The links of this node to its peers. To each there is at most one connection; the one with the smaller incarnation dials.
 *
 * Reliable messages come once and in order within their sequence (facts, data), through any number of breaks, as long as both incarnations
 * live and the bounds are kept. A fact may overtake data, data never a fact that was sent before it.
 */
export interface NodeLinks {
  readonly self: Incarnation
  /** Connections are made and taken from now on. Once. */
  start(listener: LinkListener): void
  /**
   * Peers there are, with their addresses. Who is missing is not forgotten: a list that comes from an emptied Redis cuts no link;
   * only `bury` does. A buried one is passed over.
   */
  meet(peers: readonly Peer[]): void
  /** Ends the link for good. The incarnation is refused from now on, whoever dials. */
  bury(incarnation: Incarnation): void
  /** Those that are known and not buried. */
  peers(): NamedPeerState[]
  /**
   * Takes the message to be delivered. False if it is not: the peer is unknown or buried, or its direction is lost until `restarted`.
   * @throws AppError('too_large') for a payload over 16 MiB.
   */
  send(to: Incarnation, kind: KindOf<'facts' | 'data'>, payload: Uint8Array): boolean
  /** The same; a former one of this kind and key that has not left yet is replaced. What left is delivered before. */
  sendLatest(to: Incarnation, kind: KindOf<'latest'>, key: string, payload: Uint8Array): boolean
  /** False when it is dropped: the link is down, or too much waits. */
  sendLossy(to: Incarnation, kind: KindOf<'lossy'>, payload: Uint8Array): boolean
  /**
   * Executed at most once. Waits through breaks of the link.
   *
   * @param options.deadlineMs how long the answer is waited for, at most 65,000
   * @throws AppError of the peer; AppError('unavailable') without an answer: it may have happened; AppError('not_found') for an
   *   unknown or buried peer, AppError('resource_exhausted'), AppError('too_large'): it has not
   */
  call(
    to: Incarnation,
    method: string,
    payload: Uint8Array,
    options: { deadlineMs: number },
  ): Promise<Uint8Array>
  /** Says goodbye to all and lets go of the port, connections and timers. Calls fail. Idempotent. */
  close(): Promise<void>
}
