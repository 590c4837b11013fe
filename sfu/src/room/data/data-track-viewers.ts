/** Who with a connection here asked for which data tracks, what they are told of it, and the packets to them. */
import {
  DataTrackSubscriberHandles,
  DataTrackSubscriberHandles_PublishedDataTrack,
  SubscriptionPermissionUpdate,
} from '@livekit/protocol'
import type { Participant } from '../member/participant.ts'
import { type DataTrackHeader, FramePace, withHandle } from './data-track-packet.ts'
import type { DataTrack } from './data-track-table.ts'

export class DataTrackViewers {
  readonly #most: number
  readonly #changed: (track: DataTrack) => void
  /** The same relation as DataTrack.viewers, from the other side. */
  readonly #viewedBy = new Map<Participant, Set<DataTrack>>()

  /** `most`: data tracks one participant may ask for. `changed`: who is to get the track is not the same any more. */
  constructor(most: number, changed: (track: DataTrack) => void) {
    this.#most = most
    this.#changed = changed
  }

  /** False when the participant has as many as the limit allows. One that is not allowed the track yet is remembered, and receives it as soon as it is allowed. */
  add(track: DataTrack, participant: Participant, targetFps: number | undefined): boolean {
    const viewed = this.#viewedBy.get(participant) ?? new Set()
    if (!viewed.has(track) && viewed.size >= this.#most) return false
    this.#viewedBy.set(participant, viewed.add(track))
    const isAllowed = mayView(participant, track)
    track.viewers.set(participant, { isAllowed, targetFps, pace: new FramePace(targetFps) })
    this.#changed(track)
    if (!isAllowed) this.#tellPermission(participant, track, false)
    return true
  }

  /** False when the participant had not asked for it. */
  drop(track: DataTrack, participant: Participant): boolean {
    const wasViewed = track.viewers.delete(participant)
    const viewed = this.#viewedBy.get(participant)
    viewed?.delete(track)
    if (viewed?.size === 0) this.#viewedBy.delete(participant)
    if (wasViewed) this.#changed(track)
    return wasViewed
  }

  of(participant: Participant): DataTrack[] {
    return [...(this.#viewedBy.get(participant) ?? [])]
  }

  /** The track has ended. Returns those who do not know yet that its handle counts no more. */
  clear(track: DataTrack): Participant[] {
    const concerned: Participant[] = []
    for (const [participant, { isAllowed }] of [...track.viewers]) {
      if (isAllowed) concerned.push(participant)
      this.drop(track, participant)
    }
    return concerned
  }

  /** Everybody who wants all tracks gets this new one, and is told. */
  offer(track: DataTrack, participants: Iterable<Participant>): void {
    if (track.publisher.isHidden) return
    for (const other of participants)
      if (
        other !== track.publisher &&
        other.query.autoSubscribeDataTrack &&
        this.add(track, other, undefined)
      )
        this.tellHandles(other)
  }

  /** All handles that count now; also those told before. */
  tellHandles(participant: Participant): void {
    const value = new DataTrackSubscriberHandles()
    for (const { handle, info, publisher, viewers } of this.of(participant)) {
      if (!viewers.get(participant)?.isAllowed) continue
      value.subHandles[handle] = new DataTrackSubscriberHandles_PublishedDataTrack({
        publisherIdentity: publisher.identity,
        publisherSid: publisher.id,
        trackSid: info.sid,
      })
    }
    participant.send({ case: 'dataTrackSubscriberHandles', value })
  }

  /** Whom the publishers of these tracks let have them, or what the viewers may have, has changed. */
  reevaluate(tracks: Iterable<DataTrack>, only?: Participant): void {
    const concerned = new Set<Participant>()
    for (const track of tracks)
      for (const participant of only ? [only] : track.viewers.keys())
        if (this.#reevaluate(track, participant)) concerned.add(participant)
    for (const participant of concerned) this.tellHandles(participant)
  }

  /** A packet of the track, with any handle, to all who are to get it. */
  deliver(track: DataTrack, header: DataTrackHeader, packet: Uint8Array, nowMs: number): void {
    if (track.viewers.size === 0) return
    const forwarded = withHandle(packet, track.handle)
    for (const [participant, { isAllowed, pace }] of track.viewers)
      if (isAllowed && pace.passes(header, nowMs)) participant.data.send('data_track', forwarded)
  }

  #reevaluate(track: DataTrack, participant: Participant): boolean {
    const viewer = track.viewers.get(participant)
    const isAllowed = mayView(participant, track)
    if (!viewer || viewer.isAllowed === isAllowed) return false
    viewer.isAllowed = isAllowed
    this.#changed(track)
    this.#tellPermission(participant, track, isAllowed)
    return true
  }

  #tellPermission(participant: Participant, track: DataTrack, allowed: boolean): void {
    const value = new SubscriptionPermissionUpdate({
      participantSid: track.publisher.id,
      trackSid: track.info.sid,
      allowed,
    })
    participant.send({ case: 'subscriptionPermissionUpdate', value })
  }
}

const mayView = (participant: Participant, { publisher, info }: DataTrack): boolean =>
  participant.permission.canSubscribe &&
  publisher.allowsSubscriber(participant, info.sid as Parameters<Participant['allowsSubscriber']>[1])
