import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import type { TrackDirectory } from './track-directory.ts'

export interface Speaker {
  participantId: ParticipantId
  trackId: TrackId
  /** 0..1 */
  level: number
}

/** Routers report with phases of their own; reports this close together become one, ms. */
const MERGE_WINDOW_MS = 100

/** Merges what the observers of a room's routers hear into one list. */
export class HeardSpeakers {
  readonly #tracks: TrackDirectory
  readonly #onSpeakers: (speakers: Speaker[]) => void
  readonly #heard = new Map<object, { producerId: string; volume: number }[]>()
  /** This room's own routers. */
  readonly #own = new Set<object>()
  /** Rooms that hear this one, by how many forwarded tracks. */
  readonly #followers = new Map<HeardSpeakers, number>()
  #timer: NodeJS.Timeout | undefined
  #wasSilent = true
  #isClosed = false

  constructor(tracks: TrackDirectory, onSpeakers: (speakers: Speaker[]) => void) {
    this.#tracks = tracks
    this.#onSpeakers = onSpeakers
  }

  /** `volume` in dBov, -127..0. */
  hear(router: object, volumes: { producerId: string; volume: number }[]): void {
    this.#own.add(router)
    this.#take(router, volumes)
    for (const follower of this.#followers.keys()) follower.#take(router, volumes)
  }

  forget(router: object): void {
    this.#own.delete(router)
    this.#heard.delete(router)
    for (const follower of this.#followers.keys()) follower.#heard.delete(router)
  }

  /** Hears the routers of `source` too, for a track forwarded from there, until the returned function is called. */
  follow(source: HeardSpeakers): () => void {
    source.#followers.set(this, (source.#followers.get(this) ?? 0) + 1)
    return () => {
      const count = (source.#followers.get(this) ?? 0) - 1
      if (count > 0) source.#followers.set(this, count)
      else if (source.#followers.delete(this)) for (const key of source.#own) this.#heard.delete(key)
    }
  }

  #take(router: object, volumes: { producerId: string; volume: number }[]): void {
    if (this.#isClosed) return
    this.#heard.set(router, volumes)
    this.#timer ??= setTimeout(() => this.#tell(), MERGE_WINDOW_MS)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#heard.clear()
  }

  #tell(): void {
    this.#timer = undefined
    const speakers: Speaker[] = []
    for (const volumes of this.#heard.values()) {
      for (const { producerId, volume } of volumes) {
        const track = this.#tracks.findByProducer(producerId)
        if (!track) continue
        speakers.push({
          participantId: this.#tracks.publisherOf(track),
          trackId: track.trackId,
          level: levelOf(volume),
        })
      }
    }
    if (speakers.length === 0 && this.#wasSilent) return
    this.#wasSilent = speakers.length === 0
    this.#onSpeakers(speakers.sort((a, b) => b.level - a.level))
  }
}

/** dBov (RFC 6464) → linear amplitude 0..1, as LiveKit clients expect it. */
export function levelOf(dbov: number): number {
  return Math.round(10 ** (Math.min(dbov, 0) / 20) * 1000) / 1000
}
