import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import type { PublishedTrack, TrackCodec, TrackViewer } from '../track/published-track.ts'
import type { LevelListener } from './level-watch.ts'
import { VoiceSelection } from './voice-selection.ts'

export interface RoomVoicesDeps {
  /** Voices at once, beside those who have the floor. */
  most: number
  publisherOf(track: PublishedTrack): ParticipantId
  hasFloor(participant: ParticipantId): boolean
  /** These are heard now (true) or not any more: whoever takes them is to be given their media, or none. */
  onChanged(changed: ReadonlyMap<TrackId, boolean>): void
  /** Rising, ms. */
  now(): number
}

/** As who takes tracks sees them. */
export type Voices = Pick<RoomVoices, 'isHeard'>

interface Microphone {
  track: PublishedTrack
  /** By codec: stops looking at whether it is muted. */
  follows: Map<TrackCodec, () => void>
  /** What is measured of it, and what ends that. */
  watches: Map<string, () => void>
}

/**
 * Which microphones of one room the people at this node hear. All of them while there are no more than `most`; then nothing is
 * measured. Landed tracks are measured where they land, so that nothing has to be told between nodes. Closed by the room's media.
 */
export class RoomVoices implements TrackViewer, LevelListener {
  readonly #deps: RoomVoicesDeps
  readonly #selection: VoiceSelection<TrackId>
  readonly #microphones = new Map<TrackId, Microphone>()
  #isMeasuring = false
  #isClosed = false
  #changes = 0

  constructor(deps: RoomVoicesDeps) {
    this.#deps = deps
    this.#selection = new VoiceSelection(deps.most)
  }

  /** Microphones published in the room, how many of them are heard, and how often that changed. */
  figures(): { microphones: number; heard: number; changes: number } {
    return {
      microphones: this.#selection.size,
      heard: this.#selection.heard().length,
      changes: this.#changes,
    }
  }

  /** True for all that is no microphone of this room, too. */
  isHeard(trackId: TrackId): boolean {
    return !this.#microphones.has(trackId) || this.#selection.isIn(trackId)
  }

  /** Any track that is in the room from now on. */
  add(track: PublishedTrack): void {
    const { trackId } = track
    if (this.#isClosed || !track.isVoice || this.#microphones.has(trackId)) return
    const microphone = { track, follows: new Map(), watches: new Map() }
    this.#microphones.set(trackId, microphone)
    track.addViewer(this)
    for (const codec of track.codecs) this.#follow(microphone, codec)
    this.#tell(this.#selection.add(trackId, isOpen(track), this.#hasFloor(track), this.#deps.now()))
    this.#measure()
  }

  remove(track: PublishedTrack): void {
    const microphone = this.#microphones.get(track.trackId)
    if (microphone?.track !== track) return
    this.#microphones.delete(track.trackId)
    track.removeViewer(this)
    release(microphone)
    this.#tell(this.#selection.remove(track.trackId, this.#deps.now()))
    this.#measure()
  }

  /** Somebody may have been given the floor, or lost it. */
  checkFloor(): void {
    for (const { track } of this.#microphones.values())
      this.#tell(this.#selection.setFloor(track.trackId, this.#hasFloor(track), this.#deps.now()))
  }

  codecAdded(track: PublishedTrack): void {
    const microphone = this.#microphones.get(track.trackId)
    if (!microphone) return
    for (const codec of track.codecs) this.#follow(microphone, codec)
    this.#look(track)
    this.#measure()
  }

  codecEnded(track: PublishedTrack, codec: TrackCodec): void {
    const microphone = this.#microphones.get(track.trackId)
    microphone?.follows.get(codec)?.()
    microphone?.follows.delete(codec)
    this.#look(track)
    this.#measure()
  }

  codecLanded(): void {
    this.#measure()
  }

  onLevels(levels: { producerId: string; dbov: number }[]): void {
    const byProducer = new Map(levels.map(({ producerId, dbov }) => [producerId, dbov]))
    const heard: [TrackId, number][] = []
    for (const [trackId, { watches }] of this.#microphones)
      for (const producerId of watches.keys()) {
        const dbov = byProducer.get(producerId)
        if (dbov !== undefined) heard.push([trackId, dbov])
      }
    this.#tell(this.#selection.hear(heard, this.#deps.now()))
  }

  close(): void {
    this.#isClosed = true
    for (const microphone of this.#microphones.values()) {
      microphone.track.removeViewer(this)
      release(microphone)
    }
    this.#microphones.clear()
  }

  #hasFloor(track: PublishedTrack): boolean {
    return this.#deps.hasFloor(this.#deps.publisherOf(track))
  }

  #follow({ track, follows }: Microphone, codec: TrackCodec): void {
    if (follows.has(codec)) return
    const look = () => this.#look(track)
    const { observer } = codec.producer
    observer.on('pause', look)
    observer.on('resume', look)
    follows.set(codec, () => {
      observer.off('pause', look)
      observer.off('resume', look)
    })
  }

  #look(track: PublishedTrack): void {
    this.#tell(this.#selection.setOpen(track.trackId, isOpen(track), this.#deps.now()))
  }

  #tell(changed: ReadonlyMap<TrackId, boolean>): void {
    if (changed.size === 0 || this.#isClosed) return
    this.#changes += changed.size
    this.#deps.onChanged(changed)
  }

  /** Measures what there is to choose from, and nothing where there is no choice. */
  #measure(): void {
    const isNeeded = this.#selection.size > this.#deps.most
    if (!isNeeded && !this.#isMeasuring) return
    this.#isMeasuring = isNeeded
    for (const { track, watches } of this.#microphones.values()) {
      const sources = isNeeded ? track.levelSources() : []
      for (const [producerId, stop] of watches) {
        if (sources.some(source => source.producerId === producerId)) continue
        watches.delete(producerId)
        stop()
      }
      for (const { producerId, levels } of sources)
        if (!watches.has(producerId)) watches.set(producerId, levels.watch(producerId, this))
    }
  }
}

const isOpen = (track: PublishedTrack): boolean => track.codecs.some(({ producer }) => !producer.paused)

function release({ follows, watches }: Microphone): void {
  for (const stop of [...follows.values(), ...watches.values()]) stop()
  follows.clear()
  watches.clear()
}
