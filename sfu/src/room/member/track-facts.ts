import type { TrackId } from '@diemcau/core/ids.ts'
import type { TrackInfo } from '@livekit/protocol'

/** A track as others know it. */
export interface TrackFacts {
  readonly trackId: TrackId
  readonly kind: 'audio' | 'video'
  /** Its version is another object after each change. */
  readonly info: TrackInfo
}
