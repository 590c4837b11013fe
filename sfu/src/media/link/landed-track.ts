import { AppError } from '@diemcau/core/errors.ts'
import type { Logger } from 'pino'
import type { PipeSignals, RemoteTrack, RemoteTrackFacts } from '../../room/base/node-media.ts'
import {
  type Carrier,
  type Landings,
  PublishedTrack,
  type Reach,
  type TrackCodec,
} from '../track/published-track.ts'
import type { RoomRouter } from '../worker/room-router.ts'
import type { IncomingPipes } from './incoming-pipes.ts'
import { LandedProducer } from './landed-producer.ts'
import type { Landing } from './landing.ts'
import { type PipeWant, readFacts } from './pipe-messages.ts'
import { combineWanted, isRaised, type WantedThere } from './wanted-there.ts'

/** A landed track nobody uses stays this long, so that paging back and forth does not land it anew, ms. */
const IDLE_TTL_MS = { video: 10_000, audio: 60_000 } as const
/** As PublishedTrack does: a change of section is no lack of interest, ms. */
const WANT_LOWER_DELAY_MS = 500

/** What a landed track needs of its room. */
export interface LandedRoom {
  incoming: IncomingPipes
  signals: PipeSignals
  nextSerial: () => number
  logger: Logger
}

/**
 * A track published on another node, as one of this room's here. Each codec lands once, at the router of its first subscriber,
 * when it is wanted, and stays for a while after the last one has gone. The facts alone say what is published; a way that is
 * lost is sought anew by whoever still wants the track.
 */
export class LandedTrack implements RemoteTrack, Landings {
  readonly node: string
  readonly track: PublishedTrack
  readonly #room: LandedRoom
  readonly #onRemoved: () => void
  readonly #producers = new Map<string, LandedProducer>()
  #facts: RemoteTrackFacts
  #told = new Map<string, WantedThere>()
  #toldText = '[]'
  #raiseTimer: NodeJS.Immediate | undefined
  #lowerTimer: NodeJS.Timeout | undefined
  #isRemoved = false

  /** @throws AppError('invalid_argument') */
  constructor(node: string, facts: RemoteTrackFacts, room: LandedRoom, onRemoved: () => void) {
    this.node = node
    this.#room = room
    this.#onRemoved = onRemoved
    this.#facts = readFacts(facts)
    const { trackId, participantId, kind, stream, isScreen, isVoice, layers } = this.#facts
    this.track = new PublishedTrack({
      trackId,
      participantId,
      kind,
      home: this,
      stream,
      isScreen,
      isVoice,
      layers,
      announcedMimeTypes: () => this.#facts.announced,
      onDemand: () => {},
    })
    this.#show(this.#facts)
  }

  update(given: RemoteTrackFacts): void {
    if (this.#isRemoved) return
    const facts = readFacts(given)
    const before = this.#facts
    if (facts.trackId !== before.trackId || facts.kind !== before.kind)
      throw new AppError('invalid_argument', 'facts of another track')
    this.#facts = facts
    for (const codec of before.codecs) {
      const same = facts.codecs.find(({ mimeType }) => mimeType === codec.mimeType)
      const isKept = facts.homeRouter === before.homeRouter && JSON.stringify(same) === JSON.stringify(codec)
      if (!isKept) this.#end(codec.mimeType)
    }
    this.#show(facts)
    this.tellWants()
  }

  remove(): void {
    if (this.#isRemoved) return
    this.#onRemoved()
    for (const mimeType of [...this.#producers.keys()]) this.#end(mimeType)
    this.track.close()
    this.#isRemoved = true
    this.#clearTimers()
    // What the home may still have for this node is over.
    if (this.#told.size > 0) this.tell()
  }

  async reach(codec: TrackCodec, target: RoomRouter, carrier: Carrier): Promise<Reach> {
    const producer = this.#producers.get(codec.mimeType)
    if (!producer || producer !== codec.producer)
      throw new AppError('track_not_found', 'the track ended on its node')
    return await producer.reach(target, carrier)
  }

  routerOf(codec: TrackCodec): RoomRouter | undefined {
    return this.#producers.get(codec.mimeType)?.router
  }

  onWanted(): void {
    if (this.#isRemoved) return
    const now = this.#wanted()
    // Back to what was said: a viewer that comes and goes is not told of.
    if (JSON.stringify(this.#entries()) === this.#toldText) this.#clearTimers()
    else if (isRaised(now, this.#told)) this.#raiseTimer ??= setImmediate(() => this.#mayTell())
    else if (!this.#raiseTimer) this.#lowerTimer ??= setTimeout(() => this.#mayTell(), WANT_LOWER_DELAY_MS)
  }

  /** Says again what is wanted here, when something is or was. */
  tellWants(): void {
    if (!this.#isRemoved && (this.#told.size > 0 || this.#wanted().size > 0)) this.tell()
  }

  tell(): void {
    this.#room.signals.want(this.node, this.#takeWant())
  }

  #show(facts: RemoteTrackFacts): void {
    const regressedTo = facts.regressedTo ?? undefined
    const isRegressed = regressedTo !== this.track.regressedTo
    this.track.regressedTo = regressedTo
    let isAdded = false
    for (const codec of facts.codecs) {
      const { mimeType } = codec
      const known = this.#producers.get(mimeType)
      if (known) {
        known.setMuted(facts.muted)
        continue
      }
      isAdded = true
      const producer = new LandedProducer({
        ttlMs: IDLE_TTL_MS[facts.kind],
        logger: this.#room.logger,
        isMuted: facts.muted,
        open: landing => this.#open(landing, mimeType),
        onLanded: () => this.track.landed(),
        onEnded: landing => {
          this.#room.incoming.forget(landing)
          if (!this.#isRemoved && this.#producers.get(mimeType) === producer) this.tell()
        },
      })
      this.#producers.set(mimeType, producer)
      this.track.addCodec({ mid: mimeType, ...codec, producer })
    }
    if (isRegressed && !isAdded) this.track.announce()
  }

  #end(mimeType: string): void {
    this.#producers.delete(mimeType)
    // Closes the producer, and its viewers are told.
    this.track.removeCodec(mimeType)
  }

  #open(landing: Landing, mimeType: string): void {
    const { trackId, kind, homeRouter } = this.#facts
    const { incoming } = this.#room
    const want = () => this.#takeWant()
    incoming.open(landing, { node: this.node, homeRouter, trackId, kind, mimeType, want })
  }

  #wanted(): Map<string, WantedThere> {
    const wanted = combineWanted(this.track.wanted)
    for (const [mimeType, { serial }] of this.#producers)
      if (serial !== undefined && !wanted.has(mimeType))
        wanted.set(mimeType, { maxSpatialLayer: -1, isAside: true, isFlowing: false })
    return wanted
  }

  #mayTell(): void {
    const before = this.#toldText
    this.#clearTimers()
    if (JSON.stringify(this.#entries()) !== before) this.tell()
  }

  #entries(): PipeWant['codecs'] {
    if (this.#isRemoved) return []
    return [...this.#wanted()].map(([mimeType, wanted]) => ({
      mimeType,
      serial: this.#producers.get(mimeType)?.serial ?? null,
      ...wanted,
    }))
  }

  /** The newest want, which counts as told. */
  #takeWant(): PipeWant {
    this.#clearTimers()
    const codecs = this.#entries()
    this.#told = this.#isRemoved ? new Map() : this.#wanted()
    this.#toldText = JSON.stringify(codecs)
    return { trackId: this.#facts.trackId, order: this.#room.nextSerial(), codecs }
  }

  #clearTimers(): void {
    clearImmediate(this.#raiseTimer)
    clearTimeout(this.#lowerTimer)
    this.#raiseTimer = undefined
    this.#lowerTimer = undefined
  }
}
