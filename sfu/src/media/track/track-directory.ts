import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import type { PublishedTrack } from './published-track.ts'

/** The tracks published in a room or forwarded to it, for everyone in it who wants to take one. */
export interface DirectoryListener {
  added(track: PublishedTrack): void
  removed(track: PublishedTrack): void
}

export class TrackDirectory {
  readonly #listener: DirectoryListener | undefined
  readonly #tracks = new Map<TrackId, PublishedTrack>()
  readonly #byProducer = new Map<string, PublishedTrack>()
  /** Tracks of another room, with whom they belong to in this one. */
  readonly #forwarded = new Map<PublishedTrack, ParticipantId>()

  constructor(listener?: DirectoryListener) {
    this.#listener = listener
  }

  add(track: PublishedTrack): void {
    this.#tracks.set(track.trackId, track)
    this.#listener?.added(track)
  }

  remove(track: PublishedTrack): void {
    this.#listener?.removed(track)
    if (this.#tracks.get(track.trackId) === track) this.#tracks.delete(track.trackId)
    for (const [id, owner] of this.#byProducer) if (owner === track) this.#byProducer.delete(id)
  }

  /** A track at home in another room, shown here as `participantId`'s. The caller calls the returned function when it ends. */
  addForwarded(track: PublishedTrack, participantId: ParticipantId): () => void {
    this.#forwarded.set(track, participantId)
    this.add(track)
    return () => {
      this.remove(track)
      this.#forwarded.delete(track)
    }
  }

  /** Who publishes the track in this room. */
  publisherOf(track: PublishedTrack): ParticipantId {
    return this.#forwarded.get(track) ?? track.participantId
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
    const track = this.#byProducer.get(producerId)
    if (track) return track
    // The producers of forwarded tracks come and go in their own room.
    const isSource = (forwarded: PublishedTrack) =>
      forwarded.codecs.some(({ producer }) => producer.id === producerId)
    return [...this.#forwarded.keys()].find(isSource)
  }
}
