/**
 * Which participant publishes what in a room, and what follows from it for the others: lists, subscriptions, recorders.
 * Every step is synchronous, as all of the room.
 */
import type { TrackId } from '@diemcau/core/ids.ts'
import type { SubscriptionPermission } from '@livekit/protocol'
import type { Log } from '../base/log.ts'
import { capturedTrackOf } from '../capture/recorder-view.ts'
import type { RoomCaptures } from '../capture/room-captures.ts'
import type { Participant } from '../member/participant.ts'
import type { UnpublishReason } from '../member/publications.ts'
import type { Member, RoomView } from '../member/room-view.ts'
import type { TrackFacts } from '../member/track-facts.ts'
import { TrackPermissions } from '../member/track-permissions.ts'
import type { RoomBroadcast } from './room-broadcast.ts'

export interface RoomTracksDeps {
  room: RoomView
  broadcast: RoomBroadcast
  captures: RoomCaptures
  log: Log
  now(): number
  /** The webhook of a track that begins or ends. */
  emit(event: 'track_published' | 'track_unpublished', publisher: Member, publication: TrackFacts): void
}

export class RoomTracks {
  readonly #deps: RoomTracksDeps
  readonly #publishers = new Map<string, Member>()

  constructor(deps: RoomTracksDeps) {
    this.#deps = deps
  }

  publisherOf(trackSid: string): Member | undefined {
    return this.#publishers.get(trackSid)
  }

  /** Somebody joined: every track there is comes into question. */
  offerTo(participant: Participant): void {
    for (const [trackSid, publisher] of this.#publishers)
      participant.subscriptions.addTrack(
        trackSid as TrackId,
        publisher.allowsSubscriber(participant, trackSid as TrackId),
      )
  }

  handlePublished(publisher: Member, publication: TrackFacts): void {
    const { trackId } = publication
    const { room, broadcast, captures, log, now, emit } = this.#deps
    log.info({ participantId: publisher.id, trackId, mimeType: publication.info.mimeType }, 'track published')
    emit('track_published', publisher, publication)
    // Nobody may learn of a hidden participant, so nobody can be offered its tracks.
    if (publisher.isHidden) return
    this.#publishers.set(trackId, publisher)
    // The list first: clients drop media of a participant or track they have not heard of.
    broadcast.participant(publisher, { isPrompt: true })
    for (const participant of room.participants.values())
      if (participant !== publisher)
        participant.subscriptions.addTrack(trackId, publisher.allowsSubscriber(participant, trackId))
    const track = capturedTrackOf(publisher, publication)
    captures.notify({ type: 'track_published', at: now(), track })
    broadcast.counts()
  }

  handleUnpublished(publisher: Member, publication: TrackFacts, reason: UnpublishReason): void {
    const { trackId } = publication
    const { room, broadcast, captures, log, now, emit } = this.#deps
    log.info({ participantId: publisher.id, trackId, reason }, 'track unpublished')
    emit('track_unpublished', publisher, publication)
    broadcast.forgetTrack(trackId)
    if (!this.#publishers.delete(trackId)) return
    // Leaving is told once, as a whole, and not track by track.
    if (reason !== 'participant_left') broadcast.participant(publisher, { isPrompt: true })
    for (const participant of room.participants.values()) participant.subscriptions.removeTrack(trackId)
    captures.notify({ type: 'track_unpublished', at: now(), trackId, reason })
    broadcast.counts()
  }

  handleChanged(publisher: Member, publication: TrackFacts, what: 'muted' | 'info'): void {
    const { broadcast, captures, now } = this.#deps
    if (publisher.budget.mayAnnounceNow()) broadcast.participant(publisher, { isPrompt: true })
    else broadcast.participantLater(publisher)
    if (what !== 'muted') return
    const { muted } = publication.info
    captures.notify({ type: 'track_muted', at: now(), trackId: publication.trackId, muted })
  }

  handleSubscribed(trackId: TrackId): void {
    const publisher = this.#publishers.get(trackId)
    publisher?.publications.markSubscribed(trackId)
  }

  handleForbidden(participant: Participant, trackId: TrackId): void {
    const publisher = this.#publishers.get(trackId)
    if (publisher) this.#deps.broadcast.subscriptionPermission(participant, publisher, trackId, false)
  }

  /** The publisher's word on who may have its tracks. */
  changePermission(publisher: Participant, permission: SubscriptionPermission): void {
    publisher.facts.setTrackPermissions(
      permission.allParticipants
        ? undefined
        : TrackPermissions.from(permission, sid => this.#deps.room.memberBySid(sid)?.identity),
    )
    this.applyPermission(publisher)
  }

  /** Brings the subscriptions to the publisher's tracks in line with whom it allows them. */
  applyPermission(publisher: Member): void {
    const { room, broadcast } = this.#deps
    for (const { trackId } of publisher.publications.published())
      for (const participant of room.participants.values()) {
        if (participant === publisher) continue
        const isAllowed = publisher.allowsSubscriber(participant, trackId)
        if (participant.subscriptions.setAllowed(trackId, isAllowed))
          broadcast.subscriptionPermission(participant, publisher, trackId, isAllowed)
      }
  }

  /** Everything ends together: nobody needs to hear of the others' tracks any more. */
  close(): void {
    this.#publishers.clear()
  }
}
