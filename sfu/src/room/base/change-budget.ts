import { TokenBucket } from '@diemcau/core/token-bucket.ts'
import type { RoomLimits } from './limits.ts'

/** Refusals of one participant that are logged at info; a client that goes on is logged at debug. */
const LOGGED_REFUSALS = 5

/** What one participant may make the node do for it and for everybody else in its room, over time. */
export class ChangeBudget {
  readonly limits: RoomLimits
  readonly #now: () => number
  readonly #profile: TokenBucket
  readonly #profileBytes: TokenBucket
  readonly #tracks: TokenBucket
  readonly #subscribers: TokenBucket
  readonly #announcements: TokenBucket
  readonly #descriptions: TokenBucket
  #refusals = 0

  constructor(limits: RoomLimits, now: () => number) {
    this.limits = limits
    this.#now = now
    const nowMs = now()
    this.#profile = new TokenBucket(limits.profileChangesPerS, limits.profileChangeBurst, nowMs)
    this.#profileBytes = new TokenBucket(limits.profileBytesPerS, limits.profileBurstBytes, nowMs)
    this.#tracks = new TokenBucket(limits.newTracksPerS, limits.newTrackBurst, nowMs)
    this.#subscribers = new TokenBucket(limits.subscriberChangesPerS, limits.subscriberChangeBurst, nowMs)
    this.#announcements = new TokenBucket(limits.announcementsPerS, limits.announcementBurst, nowMs)
    this.#descriptions = new TokenBucket(limits.descriptionBytesPerS, limits.descriptionBurstBytes, nowMs)
  }

  /** A change of name, metadata or attributes by a message of so many bytes, which everybody is told. False: refuse it. */
  mayChangeProfile(bytes: number): boolean {
    const now = this.#now()
    return this.#profile.take(now) && this.#profileBytes.take(now, bytes)
  }

  /** A new track or data track. False: refuse it. */
  mayPublish(): boolean {
    return this.#tracks.take(this.#now())
  }

  /** A new word on who may subscribe to its tracks. False: refuse it, what held before holds. */
  mayChangeSubscribers(): boolean {
    return this.#subscribers.take(this.#now())
  }

  /** A change of a track, which counts at once. False: let the others hear of it later, with what follows. */
  mayAnnounceNow(): boolean {
    return this.#announcements.take(this.#now())
  }

  /** An offer or answer of so many bytes: reading it holds up everybody on the node. False: do not read it. */
  mayDescribe(bytes: number): boolean {
    return this.#descriptions.take(this.#now(), bytes)
  }

  /** The level for one more refusal in the log. */
  refusalLevel(): 'info' | 'debug' {
    this.#refusals += 1
    return this.#refusals > LOGGED_REFUSALS ? 'debug' : 'info'
  }
}
