/**
 * This process's part in a cluster: one incarnation after another. Whoever asks for a place in a room or speaks to the record does it by the
 * one that is there; while a buried node begins anew there is none, and newcomers are told to come again. Closed by SfuNode.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '@diemcau/core/errors.ts'
import type { JoinQuery, VerifiedClaims } from '../../room/base/claims.ts'
import type { Log } from '../../room/base/log.ts'
import type { SignalLink } from '../../room/base/signal-link.ts'
import type { Participant } from '../../room/member/participant.ts'
import type { Room } from '../../room/room.ts'
import type { RoomEventSink } from '../../room/room-api.ts'
import type { RoomPeers, SharedRoom } from '../../room/room-deps.ts'
import type { RoomRegistry } from '../../room/room-registry.ts'
import { type ClusterParts, NodeSession, type NodeSessionOptions } from './node-session.ts'

/** Between two tries of a buried node to begin anew, ms. */
const BEGIN_RETRY_MS = 1_000
/** People told to come back a second, before a stop: the other nodes take them one after another. */
const AWAY_PER_S = 20

export interface ClusterNodeOptions {
  parts: ClusterParts
  log: Log
  load: NodeSessionOptions['load']
  times?: NodeSessionOptions['times']
  told: NodeSessionOptions['told']
  answerNode?: NodeSessionOptions['answerNode']
  dataDir?: string
  /** Of each incarnation, once it is in the cluster; what is returned ends with it, after what it tries to finish in `graceMs`. */
  began(session: NodeSession): { close(graceMs: number): Promise<void> }
}

export class ClusterNode implements RoomEventSink {
  readonly #options: ClusterNodeOptions
  readonly #log: Log
  #registry: RoomRegistry | undefined
  #session: NodeSession | undefined
  /** Its clock goes on while a buried node begins anew. */
  #newest: NodeSession | undefined
  #beside: { close(graceMs: number): Promise<void> } | undefined
  /** Holds also for an incarnation that begins anew. */
  #isDraining = false
  /** Of the newest drain; those before it go on no more. */
  #drainNumber = 0
  #isClosed = false

  constructor(options: ClusterNodeOptions) {
    this.#options = options
    this.#log = options.log
  }

  /** Once: the first incarnation is in the cluster when it resolves. @throws AppError as NodeSession.start; it is closed then */
  async start(registry: RoomRegistry): Promise<void> {
    this.#registry = registry
    try {
      await this.#begin()
    } catch (error) {
      await this.close(0)
      throw error
    }
  }

  /** @throws AppError('unavailable') while a buried node begins anew */
  get session(): NodeSession {
    if (!this.#session) throw new AppError('unavailable', 'this node is just joining the cluster')
    return this.#session
  }
  /** The same; undefined meanwhile. */
  get current(): NodeSession | undefined {
    return this.#session
  }
  /** The record's time in whole milliseconds since the epoch. Before `start` that of this machine. */
  clusterNowMs(): number {
    return Math.floor(this.#newest?.steps.now() ?? Date.now())
  }
  /** Why newcomers had better go elsewhere; undefined: they are welcome. */
  get unready(): string | undefined {
    if (!this.#session) return 'this node is just joining the cluster'
    if (this.#session.isDraining) return 'this node is drained'
    return this.#session.beats.isCutOff
      ? 'this node reaches neither the shared record nor the others'
      : undefined
  }

  // For rooms -------------------------------------------------------------------------------------------------------

  peersOf(room: SharedRoom): RoomPeers {
    return this.session.rooms.peersOf(room)
  }

  emit(event: Parameters<RoomEventSink['emit']>[0]): void {
    this.#session?.story.emit(event)
  }

  // For signalling --------------------------------------------------------------------------------------------------

  async join(
    claims: VerifiedClaims,
    query: JoinQuery,
    link: SignalLink,
  ): Promise<{ room: Room; participant: Participant }> {
    return await this.session.desk.join(claims, query, link)
  }

  /** URLs of the nodes that take newcomers. */
  otherUrls(): string[] {
    const others = [...(this.#session?.beats.others().values() ?? [])]
    return others.flatMap(({ url, isDraining }) => (url === '' || isDraining ? [] : [url]))
  }

  /**
   * Before a stop: newcomers are handed on, those who are here are told to come back, some at a time, publishers last. Resolves when nobody is
   * left, after `limitMs`, or at once when there is no other node to go to.
   */
  async drain(limitMs: number): Promise<void> {
    const session = this.#session
    if (!session || this.#isClosed) return
    this.#isDraining = true
    session.isDraining = true
    this.#drainNumber += 1
    const number = this.#drainNumber
    const until = performance.now() + limitMs
    const isGoing = () =>
      session === this.#session &&
      !this.#isClosed &&
      number === this.#drainNumber &&
      performance.now() < until &&
      this.hasElsewhere
    while (isGoing() && session.rooms.sendAway(1) > 0) await wait(1_000 / AWAY_PER_S)
  }

  /** Takes `drain` back: newcomers are welcome again. Who has left stays where they are. */
  takeAgain(): void {
    this.#isDraining = false
    this.#drainNumber += 1
    if (this.#session) this.#session.isDraining = false
  }

  /** Another node takes newcomers. */
  get hasElsewhere(): boolean {
    return [...(this.#session?.beats.others().values() ?? [])].some(({ isDraining }) => !isDraining)
  }

  /** Everybody is told to come back; what is owed is told as far as it goes in `graceMs`. Idempotent. */
  async close(graceMs: number): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#session?.close(graceMs, async () => await this.#beside?.close(graceMs))
    await this.#beside?.close(0)
    await this.#options.parts.record.close()
  }

  async #begin(): Promise<void> {
    const { parts, load, told, answerNode, dataDir, times, began } = this.#options
    if (!this.#registry) throw new AppError('internal', 'a cluster node without rooms')
    const session: NodeSession = await NodeSession.start({
      parts,
      registry: this.#registry,
      log: this.#log,
      load,
      times,
      told,
      answerNode,
      ...(dataDir === undefined ? {} : { dataDir }),
      onBuried: () => void this.#beginAnew(session),
    })
    session.isDraining = this.#isDraining
    this.#session = session
    this.#newest = session
    this.#beside = began(session)
    if (this.#isClosed) await this.close(0)
    // It may have been buried before it was kept here.
    else if (session.steps.ended !== undefined) await this.#beginAnew(session)
  }

  /** Its people are told to come back: whatever it does counts no more. */
  async #beginAnew(buried: NodeSession): Promise<void> {
    if (this.#session !== buried) return
    this.#log.warn(
      { inst: buried.inst },
      'this node was taken for dead: its people come back, and it begins anew',
    )
    this.#session = undefined
    const beside = this.#beside
    this.#beside = undefined
    await Promise.allSettled([buried.close(), beside?.close(0)])
    while (!this.#isClosed) {
      try {
        await this.#begin()
        return
      } catch (error) {
        this.#log.error({ err: error }, 'this node cannot join the cluster again yet')
        await wait(BEGIN_RETRY_MS)
      }
    }
  }
}
