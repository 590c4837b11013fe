/**
 * A participant on the stock native SDK, in front of whom faults happen: hums, sends numbered packets, and keeps the longest
 * silence of everybody else. Comes back by a new session when the SDK has given up, as an application would.
 */

import { AudioStream, ConnectionState, type RemoteTrack, RoomEvent, TrackKind } from '@livekit/rtc-node'
import { NativePeer } from '../../testing/native-peer.ts'
import type { SfuAccess } from '../../testing/sfu-access.ts'
import { Balancer } from '../supervisor/balancer.ts'
import type { NodePlan } from '../supervisor/cluster-plan.ts'
import { pause } from './chaos-cluster.ts'
import { GapMeter, OrderCheck } from './measure.ts'

const TICK_MS = 50
/** Every so many ticks one goes reliably, numbered apart. */
const RELIABLE_EACH = 5
/** Root mean square of a sample that is sound and not the decoder's fading out. */
const LOUD = 1_000
const REJOIN_MS = 500
const HOME_TRIES = 10

export interface ClientOptions {
  room: string
  identity: string
  access: Pick<SfuAccess, 'token' | 'wsUrl'>
  plans: readonly NodePlan[]
  /** Index of the node it enters by while that is ready. */
  node: number
  /** Index of the node that serves an identity: one it came by may have handed it on. */
  nodeOf: (identity: string) => number | undefined
  /** Identities whose sound is decoded; that of all would cost too much. */
  listensTo: readonly string[]
}

/** What came from one other participant. */
class Hearing {
  readonly ticks = new GapMeter()
  readonly sound = new GapMeter()
  readonly order = new OrderCheck()
  /** This end's session was made anew or mended since its last reliable packet. */
  isNew = true
}

export class ChaosClient {
  readonly identity: string
  readonly hearings = new Map<string, Hearing>()
  /** Times the SDK gave a session up. */
  givenUp = 0
  /** Times its session was made anew or mended since `startWindow`. */
  reconnects = 0
  readonly #options: ClientOptions
  readonly #door: Balancer
  #peer: NativePeer | undefined
  #isLeaving = false
  #ticks = 0
  #numbers = 0
  /** The highest number the SDK has taken. */
  #taken = 0
  #timer: NodeJS.Timeout | undefined
  #entering: Promise<void> | undefined

  private constructor(options: ClientOptions, door: Balancer) {
    this.#options = options
    this.identity = options.identity
    this.#door = door
  }

  /** @throws Error when it cannot join or publish */
  static async join(options: ClientOptions): Promise<ChaosClient> {
    const door = await Balancer.create({
      bind: '127.0.0.1',
      port: 0,
      nodes: options.plans,
      first: options.plans[options.node]!.name,
    })
    const client = new ChaosClient(options, door)
    try {
      await client.#enter()
    } catch (error) {
      await client.leave()
      throw error
    }
    client.#timer = setInterval(() => void client.#tick(), TICK_MS)
    return client
  }

  get node(): number | undefined {
    return this.#options.nodeOf(this.identity)
  }

  /** Index of the node it enters by while that is ready. */
  get home(): number {
    return this.#options.node
  }

  get isConnected(): boolean {
    return this.#peer?.room.connectionState === ConnectionState.CONN_CONNECTED
  }

  get listensTo(): readonly string[] {
    return this.#options.listensTo
  }

  from(identity: string): Hearing {
    let hearing = this.hearings.get(identity)
    if (hearing === undefined) {
      hearing = new Hearing()
      hearing.ticks.start(performance.now())
      hearing.sound.start(performance.now())
      this.hearings.set(identity, hearing)
    }
    return hearing
  }

  /** Since anything came from anybody, ms. */
  silence(now: number): number {
    return Math.min(...[...this.hearings.values()].map(({ ticks }) => ticks.silence(now)))
  }

  /** From here on silences count. */
  startWindow(now: number): void {
    this.reconnects = 0
    for (const { ticks, sound } of this.hearings.values()) {
      ticks.start(now)
      sound.start(now)
    }
  }

  /** Back to its own node by a new session, if it was led elsewhere. A node that does not hear all others hands newcomers on. */
  async goHome(): Promise<void> {
    for (let tries = 0; tries < HOME_TRIES && this.node !== this.#options.node; tries++) {
      if (tries > 0) await pause(REJOIN_MS)
      await this.#door.check()
      const former = this.#peer
      this.#peer = undefined
      await former?.leave()
      await this.#enterAgain()
      this.#renew()
    }
  }

  async leave(): Promise<void> {
    this.#isLeaving = true
    clearInterval(this.#timer)
    await this.#peer?.leave()
    await this.#door.close()
  }

  async #enter(): Promise<void> {
    const { access, room, identity } = this.#options
    const peer = await NativePeer.join(
      access,
      { room, identity, canUpdateOwnMetadata: true },
      { url: `ws://127.0.0.1:${this.#door.port}`, isWatching: false },
    )
    this.#peer = peer
    // Whatever came while it joined is not lost: people publish after everybody is there, and again when they come back.
    peer.room.on(RoomEvent.DataReceived, (payload, from, _kind, topic) => {
      peer.data.length = 0
      if (from) this.#hear(from.identity, from.sid ?? '', topic ?? '', Buffer.from(payload).toString())
    })
    peer.room.on(RoomEvent.TrackSubscribed, (track, _publication, from) => this.#listen(track, from.identity))
    peer.room.on(RoomEvent.Reconnected, () => this.#renew())
    peer.room.on(RoomEvent.Disconnected, () => void this.#comeBack(peer))
    for (const other of peer.room.remoteParticipants.values())
      for (const { track } of other.trackPublications.values())
        if (track) this.#listen(track as RemoteTrack, other.identity)
    try {
      await peer.publishMicrophone()
    } catch (error) {
      // Its node went away in between. Somebody without a voice would be no use.
      if (this.#peer === peer) this.#peer = undefined
      await peer.leave().catch(() => {})
      throw error
    }
  }

  #renew(): void {
    this.reconnects += 1
    for (const hearing of this.hearings.values()) hearing.isNew = true
  }

  async #comeBack(former: NativePeer): Promise<void> {
    if (this.#isLeaving || former !== this.#peer) return
    this.givenUp += 1
    this.#peer = undefined
    this.#renew()
    await former.leave().catch(() => {})
    await this.#enterAgain()
  }

  /** One at a time: two sessions of one identity would put each other out. */
  #enterAgain(): Promise<void> {
    this.#entering ??= (async () => {
      while (!this.#isLeaving && this.#peer === undefined) {
        try {
          await this.#enter()
        } catch {
          // Nobody is there, or the room does not take anybody yet.
          await pause(REJOIN_MS)
        }
      }
      this.#entering = undefined
    })()
    return this.#entering
  }

  async #tick(): Promise<void> {
    const peer = this.#peer
    if (peer === undefined || !this.isConnected) return
    this.#ticks += 1
    try {
      await peer.send('', { reliable: false, topic: 'tick' })
      if (this.#ticks % RELIABLE_EACH !== 0) return
      this.#numbers += 1
      const number = this.#numbers
      await peer.send(`${number} ${this.#taken}`, { reliable: true, topic: 'number' })
      this.#taken = Math.max(this.#taken, number)
    } catch {
      // The session is being mended; what is missing shows at the others.
    }
  }

  #hear(identity: string, sid: string, topic: string, text: string): void {
    const hearing = this.from(identity)
    hearing.ticks.note(performance.now())
    if (topic !== 'number') return
    const [number = 0, taken = 0] = text.split(' ').map(Number)
    hearing.order.note(sid, number, taken, hearing.isNew)
    hearing.isNew = false
  }

  #listen(track: RemoteTrack, identity: string): void {
    if (track.kind !== TrackKind.KIND_AUDIO || !this.#options.listensTo.includes(identity)) return
    const { sound } = this.from(identity)
    const hearAll = async () => {
      const stream = new AudioStream(track, { sampleRate: 16_000, numChannels: 1, frameSizeMs: 20 })
      for await (const { data } of stream) {
        let sum = 0
        for (const sample of data) sum += sample * sample
        if (Math.sqrt(sum / data.length) > LOUD) sound.note(performance.now())
      }
    }
    // The SDK has freed a track that ended before it was told of it; a sound that is missing shows as its gap.
    hearAll().catch(() => {})
  }
}
