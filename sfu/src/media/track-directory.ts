import { AppError } from '@diemcau/core/errors.ts'
import type { TrackId } from '@diemcau/core/ids.ts'
import type { PublishedTrack } from './published-track.ts'

/** The tracks published in a room, for everyone in it who wants to take one. */
export class TrackDirectory {
  readonly #tracks = new Map<TrackId, PublishedTrack>()
  readonly #byProducer = new Map<string, PublishedTrack>()

  add(track: PublishedTrack): void {
    this.#tracks.set(track.trackId, track)
  }

  remove(track: PublishedTrack): void {
    if (this.#tracks.get(track.trackId) === track) this.#tracks.delete(track.trackId)
    for (const [id, owner] of this.#byProducer) if (owner === track) this.#byProducer.delete(id)
  }

  linkProducer(producerId: string, track: PublishedTrack): void {
    this.#byProducer.set(producerId, track)
  }

  find(trackId: TrackId): PublishedTrack | undefined {
    return this.#tracks.get(trackId)
  }

  /** @throws AppError('track_not_found') */
  get(trackId: TrackId): PublishedTrack {
    const track = this.#tracks.get(trackId)
    if (!track || track.codecs.length === 0)
      throw new AppError('track_not_found', `no media is published for ${trackId}`)
    return track
  }

  findByProducer(producerId: string): PublishedTrack | undefined {
    return this.#byProducer.get(producerId)
  }
}
