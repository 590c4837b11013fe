import type { TrackId } from '@diemcau/core/ids.ts'
import { chooseSpatialLayer, type TrackSettings } from '../track/layer-choice.ts'
import type { PublishedTrack } from '../track/published-track.ts'

/** A publisher that starts another encoder, negotiates it and sends its first packets needs about a second, ms. */
const CODEC_WAIT_MS = 15_000
/** Layers are not known before the codec is there. */
const ASSUMED_LAYERS = 3

interface Wait {
  track: PublishedTrack
  mimeType: string
  settings: TrackSettings
  timer: NodeJS.Timeout
}

/** The tracks a subscriber waits for in a codec that was announced but is not sent yet (backup codec). */
export class CodecWaits {
  readonly #waits = new Map<TrackId, Wait>()
  readonly #onOverdue: (track: PublishedTrack) => void

  /** `onOverdue`: the codec did not come; the wait is over. */
  constructor(onOverdue: (track: PublishedTrack) => void) {
    this.#onOverdue = onOverdue
  }

  track(trackId: TrackId): PublishedTrack | undefined {
    return this.#waits.get(trackId)?.track
  }

  has(trackId: TrackId): boolean {
    return this.#waits.has(trackId)
  }

  /** Asks the publisher for the codec through the track's demand. */
  start(track: PublishedTrack, mimeType: string, settings: TrackSettings): void {
    this.end(track.trackId)
    const timer = setTimeout(() => {
      this.end(track.trackId)
      this.#onOverdue(track)
    }, CODEC_WAIT_MS)
    const wait: Wait = { track, mimeType, settings, timer }
    this.#waits.set(track.trackId, wait)
    this.#tellWanted(wait)
  }

  update(trackId: TrackId, settings: TrackSettings): void {
    const wait = this.#waits.get(trackId)
    if (!wait) return
    wait.settings = settings
    this.#tellWanted(wait)
  }

  /** Returns the settings its subscription shall have, undefined when nobody waited. */
  end(trackId: TrackId): TrackSettings | undefined {
    const wait = this.#waits.get(trackId)
    if (!wait) return undefined
    clearTimeout(wait.timer)
    this.#waits.delete(trackId)
    wait.track.setWanted(wait, undefined)
    return wait.settings
  }

  tracks(): PublishedTrack[] {
    return [...this.#waits.values()].map(wait => wait.track)
  }

  #tellWanted(wait: Wait): void {
    const { track, mimeType, settings } = wait
    track.setWanted(wait, {
      mimeType,
      // A paused tile is asked for all the same: the codec has to be there when it is shown.
      maxSpatialLayer: settings.disabled ? 0 : chooseSpatialLayer(settings, ASSUMED_LAYERS, track.layers),
    })
  }
}
