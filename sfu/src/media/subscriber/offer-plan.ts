import type { TrackId } from '@diemcau/core/ids.ts'
import type { OfferedSection } from '../../sdp/subscriber-offer.ts'
import type { PublishedTrack } from '../track/published-track.ts'
import type { Section } from './section-table.ts'
import type { Subscription } from './subscription.ts'

const DATA_MID = '0'

/** One offer to a subscriber, and what its answer will be held against. */
export interface OfferPlan {
  /** Every media section of the offer with the subscription it carries, undefined for a rejected one. */
  offered: Map<Section<Subscription>, Subscription | undefined>
  sections: OfferedSection[]
  /** SessionDescription.mid_to_track_id. */
  midToTrackId: Record<string, string>
}

/** `canShareStreams`: the client can have several tracks in one stream (decision 0009). `room` knows whose track it is there. */
export function planOffer(
  listed: readonly Section<Subscription>[],
  canShareStreams: boolean,
  room: { publisherOf(track: PublishedTrack): string },
): OfferPlan {
  const offered: OfferPlan['offered'] = new Map()
  const midToTrackId: Record<string, TrackId> = {}
  const sections: OfferedSection[] = [{ state: 'data', mid: DATA_MID }]
  for (const section of listed) {
    const { mid, kind, user } = section
    const rtpParameters = section.rtpParameters!
    const active = section.state === 'active' && user?.consumer ? user : undefined
    offered.set(section, active)
    section.wasOffered = true
    if (!active) {
      sections.push({ state: 'rejected', mid, kind, rtpParameters })
      continue
    }
    const { trackId, stream } = active.track
    midToTrackId[mid] = trackId
    sections.push({
      state: 'active',
      mid,
      kind,
      rtpParameters,
      participantId: room.publisherOf(active.track),
      trackId,
      stream: canShareStreams ? stream : trackId,
    })
  }
  return { offered, sections, midToTrackId }
}
