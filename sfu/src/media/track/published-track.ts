import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import type { ProducerStat } from 'mediasoup/types'
import type { LevelWatch } from '../voices/level-watch.ts'
import type { RoomRouter } from '../worker/room-router.ts'

/** What is sent in one codec of a track, as those who take it see it: mediasoup's own, or one of another node. */
export interface TrackProducer {
  readonly id: string
  /** Of one of another node: its producer on this node, undefined while it is not here. */
  readonly landedId?: string | undefined
  readonly paused: boolean
  readonly closed: boolean
  /** Low layer first. */
  readonly rtpParameters: { encodings?: { rid?: string; ssrc?: number }[] }
  readonly observer: {
    on(event: 'pause' | 'resume', listener: () => void): unknown
    once(event: 'resume', listener: () => void): unknown
    off(event: 'pause' | 'resume', listener: () => void): unknown
  }
  getStats(): Promise<ProducerStat[]>
  pause(): Promise<void>
  resume(): Promise<void>
  close(): void
}

/** One codec of a track: one producer, from one section of the publisher's offer, or from another node. */
export interface TrackCodec {
  mid: string
  mimeType: string
  producer: TrackProducer
  spatialLayers: number
  simulcast: boolean
  /** Announced sizes of this codec, low first. */
  layers: LayerSize[]
}

export interface LayerSize {
  quality: number
  width: number
  height: number
}

/** What one consumer wants of a track. */
export interface Wanted {
  mimeType: string
  /** -1: nothing now. */
  maxSpatialLayer: number
  /** False: it cannot take it yet, but the publisher shall send it. */
  isLive?: boolean
  /** A backup codec asked for this alone does not move the other viewers to it. */
  isAside?: boolean
}

/** A producer as it can be consumed in one router. */
export interface Reach {
  producerId: string
  /** To be called once when it is needed no more. */
  release: () => void
}

/** Carries producers between the routers of this node. */
export interface Carrier {
  acquire(producer: TrackProducer, home: RoomRouter, target: RoomRouter): Promise<Reach>
}

/** How the codecs of a track that is published on another node come to this one. */
export interface Landings {
  /** Makes the codec consumable in `target`; it comes over when it is not here. */
  reach(codec: TrackCodec, target: RoomRouter, carrier: Carrier): Promise<Reach>
  /** Where the codec is on this node now; undefined: not here. */
  routerOf(codec: TrackCodec): RoomRouter | undefined
  /** What its viewers here want has changed. */
  onWanted(): void
}

/** Somebody who takes a track's media and must let go of it when it ends. */
export interface TrackViewer {
  /** A codec of the track is gone; others may be left in `track.codecs`. Called after the producer closed. */
  codecEnded(track: PublishedTrack, codec: TrackCodec): void
  /** A further codec of the track is published. */
  codecAdded(track: PublishedTrack): void
  /** A codec of a track of another node has come to this one. */
  codecLanded?(track: PublishedTrack): void
}

/** `spatialLayers` 0: announced, wanted and not published yet. */
export type Demand = { mimeType: string; maxSpatialLayer: number; spatialLayers: number }[]

/** Less is told a little later than more, so that a change of codec or section does not look like a lack of interest, ms. */
const DEMAND_LOWER_DELAY_MS = 500

/**
 * A published track with its producers, at home in its publisher's router, or published on another node. Closed by its
 * publisher's connection, or by who was told of it.
 */
export class PublishedTrack {
  readonly trackId: TrackId
  readonly participantId: ParticipantId
  readonly kind: 'audio' | 'video'
  /** Undefined: published on another node. */
  readonly home: RoomRouter | undefined
  /** Tracks of one participant that share it are played in step; safe in an `a=msid`. */
  readonly stream: string
  readonly isScreen: boolean
  /** A microphone: of many in a room only some are heard at once. */
  readonly isVoice: boolean
  /** Announced sizes, low first. */
  readonly layers: LayerSize[]
  /** In the publisher's order of preference. */
  readonly codecs: TrackCodec[] = []
  /** All viewers that can shall take this codec now (BackupCodecPolicy), so that the publisher encodes but one. */
  regressedTo: string | undefined
  readonly #announced: () => string[]
  readonly #isRegressing: boolean
  readonly #viewers = new Set<TrackViewer>()
  readonly #wanted = new Map<object, Wanted>()
  readonly #landings: Landings | undefined
  readonly #onDemand: (demand: Demand) => void
  #told: Demand = []
  #lowerTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: {
    trackId: TrackId
    participantId: ParticipantId
    kind: 'audio' | 'video'
    /** Its home here, or the way it comes from its home on another node. */
    home: RoomRouter | Landings
    stream: string
    isScreen?: boolean
    isVoice?: boolean
    layers: LayerSize[]
    /** MIME types announced by now, preferred first; empty when the publisher named none. */
    announcedMimeTypes?: () => string[]
    /** Once a backup codec is sent, everybody takes it. */
    isRegressing?: boolean
    /** Video only: the highest layer anyone wants, per codec, when it changed. */
    onDemand: (demand: Demand) => void
  }) {
    this.trackId = options.trackId
    this.participantId = options.participantId
    this.kind = options.kind
    const { home } = options
    this.home = 'reach' in home ? undefined : home
    this.#landings = 'reach' in home ? home : undefined
    this.stream = options.stream
    this.isScreen = options.isScreen ?? false
    this.isVoice = (options.isVoice ?? false) && options.kind === 'audio'
    this.layers = options.layers
    this.#announced = options.announcedMimeTypes ?? (() => [])
    this.#isRegressing = options.isRegressing ?? false
    this.#onDemand = options.onDemand
  }

  get announcedMimeTypes(): string[] {
    return this.#announced()
  }

  /** What its viewers on this node want now. */
  get wanted(): Wanted[] {
    return [...this.#wanted.values()]
  }

  /** Makes a codec of it consumable in `target`. */
  reach(codec: TrackCodec, target: RoomRouter, carrier: Carrier): Promise<Reach> {
    if (this.#landings) return this.#landings.reach(codec, target, carrier)
    return carrier.acquire(codec.producer, this.home!, target)
  }

  /** A router of this node where the codec can be consumed without being carried; undefined: none has it. */
  routerOf(codec: TrackCodec): RoomRouter | undefined {
    return this.home ?? this.#landings?.routerOf(codec)
  }

  /** Where on this node it can be measured how loud its codecs are. */
  levelSources(): { producerId: string; levels: LevelWatch }[] {
    return this.codecs.flatMap(codec => {
      const router = this.routerOf(codec)
      const producerId = this.home ? codec.producer.id : codec.producer.landedId
      return router && producerId !== undefined ? [{ producerId, levels: router.levels }] : []
    })
  }

  /** A codec of it has come from its node. */
  landed(): void {
    for (const viewer of [...this.#viewers]) viewer.codecLanded?.(this)
  }

  addCodec(codec: TrackCodec): void {
    const { mimeType, spatialLayers } = codec
    this.codecs.push(codec)
    const order = this.announcedMimeTypes
    const rank = (entry: TrackCodec) => (order.includes(entry.mimeType) ? order.indexOf(entry.mimeType) : 99)
    this.codecs.sort((a, b) => rank(a) - rank(b))
    // A publisher sends everything until told otherwise.
    this.#told = [
      ...this.#told.filter(entry => entry.mimeType !== mimeType),
      { mimeType, maxSpatialLayer: spatialLayers - 1, spatialLayers },
    ]
    const isBackup = this.codecs.length > 1 && this.codecs[0] !== codec
    const isAskedFor = [...this.#wanted.values()].some(w => w.mimeType === mimeType && !w.isAside)
    if (isBackup && isAskedFor && this.#isRegressing) this.regressedTo = mimeType
    this.#scheduleLower()
    this.announce()
  }

  /** Has its viewers choose anew: a codec was added, or is the one to take now. */
  announce(): void {
    for (const viewer of [...this.#viewers]) viewer.codecAdded(this)
  }

  /** Closes the producer of a section. True when it was the track's last. */
  removeCodec(mid: string): boolean {
    const index = this.codecs.findIndex(codec => codec.mid === mid)
    const [codec] = index < 0 ? [] : this.codecs.splice(index, 1)
    if (codec) {
      this.#told = this.#told.filter(entry => entry.mimeType !== codec.mimeType)
      if (this.regressedTo === codec.mimeType) this.regressedTo = undefined
      codec.producer.close()
      for (const viewer of [...this.#viewers]) viewer.codecEnded(this, codec)
    }
    return this.codecs.length === 0
  }

  async setMuted(isMuted: boolean): Promise<void> {
    await Promise.all(this.codecs.map(({ producer }) => (isMuted ? producer.pause() : producer.resume())))
  }

  addViewer(viewer: TrackViewer): void {
    this.#viewers.add(viewer)
  }

  removeViewer(viewer: TrackViewer): void {
    this.#viewers.delete(viewer)
  }

  /** What one consumer (the key) wants now, undefined when the consumer is gone. The codec need not be published yet. */
  setWanted(key: object, wanted: Wanted | undefined): void {
    if (wanted) this.#wanted.set(key, wanted)
    else this.#wanted.delete(key)
    // What the publisher is asked for is decided at its home, which is told the wishes of this node.
    if (this.#landings) {
      if (!this.#isClosed) this.#landings.onWanted()
      return
    }
    if (this.kind !== 'video' || this.#isClosed) return
    const demand = this.#demand()
    const isRaised = demand.some(
      entry =>
        entry.maxSpatialLayer > (this.#told.find(t => t.mimeType === entry.mimeType)?.maxSpatialLayer ?? -1),
    )
    if (isRaised) this.#tell()
    else this.#scheduleLower()
  }

  /** Cascades to the producers and tells the viewers. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#lowerTimer)
    for (const codec of [...this.codecs]) this.removeCodec(codec.mid)
    this.#viewers.clear()
    this.#wanted.clear()
  }

  #demand(): Demand {
    const published = this.codecs.map(({ mimeType, spatialLayers }) => ({ mimeType, spatialLayers }))
    const awaited = new Set([...this.#wanted.values()].map(w => w.mimeType))
    for (const { mimeType } of published) awaited.delete(mimeType)
    return [...published, ...[...awaited].map(mimeType => ({ mimeType, spatialLayers: 0 }))].map(entry => {
      const layers = [...this.#wanted.values()]
        .filter(w => w.mimeType === entry.mimeType)
        .map(w => w.maxSpatialLayer)
      return { ...entry, maxSpatialLayer: Math.max(-1, ...layers) }
    })
  }

  #scheduleLower(): void {
    if (this.kind !== 'video' || this.#landings || this.#lowerTimer || this.#isClosed) return
    this.#lowerTimer = setTimeout(() => this.#tell(), DEMAND_LOWER_DELAY_MS)
  }

  #tell(): void {
    clearTimeout(this.#lowerTimer)
    this.#lowerTimer = undefined
    const demand = this.#demand()
    if (JSON.stringify(demand) === JSON.stringify(this.#told)) return
    this.#told = demand
    this.#onDemand(demand)
  }
}
