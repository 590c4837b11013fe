/** A delegate on the stock native SDK: sees and hears what the delegates without a browser do, decoded. */
import {
  AudioStream,
  type RemoteTrack,
  type RemoteTrackPublication,
  Room,
  RoomEvent,
  TrackKind,
  VideoStream,
} from '@livekit/rtc-node'
import { pause } from '../chaos/chaos-cluster.ts'
import type { PortalDoor } from '../chaos/kills/portal-door.ts'
import { GapMeter } from '../chaos/measure.ts'
import { letIn } from './attendee.ts'

const LOOK_MS = 500
const AGAIN_MS = 500

type Wants = (identity: string, kind: 'audio' | 'video') => boolean

/** The caller closes it, which is idempotent. */
export class RealDelegate {
  readonly identity: string
  /** By identity and kind: frames that came out of the decoder. */
  readonly #frames = new Map<string, GapMeter>()
  readonly #wants: Wants
  readonly #door: PortalDoor
  #room: Room | undefined
  #look: NodeJS.Timeout | undefined
  #isClosing = false
  #returning: Promise<void> | undefined

  private constructor(door: PortalDoor, identity: string, wants: Wants) {
    this.#door = door
    this.identity = identity
    this.#wants = wants
  }

  /** Through the lobby. @throws Error when it is not let in */
  static async arrive(door: PortalDoor, wants: Wants): Promise<RealDelegate> {
    return new RealDelegate(door, (await letIn(door)).identity, wants)
  }

  /** @throws Error */
  async enterRoom(): Promise<void> {
    await this.#enter()
    this.#look = setInterval(() => this.#subscribe(), LOOK_MS)
  }

  /** From here on silences count. */
  startWindow(): void {
    for (const meter of this.#frames.values()) meter.start(performance.now())
  }

  /** Longest time without a decoded frame of one stream that it once had, ms. */
  get longestMs(): number {
    const now = performance.now()
    return Math.max(0, ...[...this.#frames.values()].map(meter => meter.longest(now)))
  }

  /** Streams of which frames came lately. */
  get flowing(): number {
    const now = performance.now()
    return [...this.#frames.values()].filter(meter => meter.silence(now) < 2_000).length
  }

  async close(): Promise<void> {
    this.#isClosing = true
    clearInterval(this.#look)
    await this.#returning
    const room = this.#room
    this.#room = undefined
    await room?.disconnect()
  }

  async #enter(): Promise<void> {
    const { token, serverUrl } = await this.#door.enter()
    const room = new Room()
    room.on(RoomEvent.TrackSubscribed, (track, _publication, { identity }) => this.#watch(track, identity))
    room.on(RoomEvent.Disconnected, () => this.#comeBack(room))
    await room.connect(serverUrl, token, { autoSubscribe: false, dynacast: false })
    this.#room = room
  }

  #comeBack(room: Room): void {
    if (this.#isClosing || room !== this.#room) return
    this.#room = undefined
    this.#returning = (async () => {
      while (!this.#isClosing && this.#room === undefined)
        try {
          await this.#enter()
        } catch {
          // Nobody is there yet.
          await pause(AGAIN_MS)
        }
    })()
  }

  /** After a full reconnect nothing is subscribed until it is asked for again. */
  #subscribe(): void {
    for (const { identity, trackPublications } of this.#room?.remoteParticipants.values() ?? [])
      for (const publication of trackPublications.values() as Iterable<RemoteTrackPublication>) {
        const kind = publication.kind === TrackKind.KIND_AUDIO ? 'audio' : 'video'
        if (!publication.subscribed && this.#wants(identity, kind)) publication.setSubscribed(true)
      }
  }

  #watch(track: RemoteTrack, identity: string): void {
    const name = `${identity} ${track.kind}`
    let meter = this.#frames.get(name)
    if (meter === undefined) {
      meter = new GapMeter()
      meter.start(performance.now())
      this.#frames.set(name, meter)
    }
    const frames = meter
    const read = async () => {
      const stream = track.kind === TrackKind.KIND_AUDIO ? new AudioStream(track) : new VideoStream(track)
      for await (const _ of stream) frames.note(performance.now())
    }
    // The SDK has freed a track that ended before it was told of it; what is missing shows as its gap.
    read().catch(() => {})
  }
}
