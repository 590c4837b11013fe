/**
 * The tracks of one participant: AddTrackRequest → pending, publisher offer → published, and the ways back. Publisher
 * offers are answered in the order they came (the media side serialises them).
 */
import type { TrackId } from '@diemcau/core/ids.ts'
import { isPlain } from '@diemcau/core/text/storable.ts'
import {
  type AddTrackRequest,
  AudioTrackFeature,
  MuteTrackRequest,
  type ParticipantPermission,
  RequestResponse,
  RequestResponse_Reason,
  SessionDescription,
  type SignalResponse,
  type TrackInfo,
  TrackPublishedResponse,
  TrackSubscribed,
  TrackType,
  TrackUnpublishedResponse,
  type VideoLayer,
} from '@livekit/protocol'
import { byteLength, type RoomLimits } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { mayPublishSource } from '../base/permissions.ts'
import type { PeerMedia, TrackClaim } from '../base/ports.ts'
import { Publication } from './publication.ts'

export type UnpublishReason = 'unpublished' | 'permission_revoked' | 'participant_left'

/** What the owner of the publications does with what happens to them. */
export interface PublicationsListener {
  trackPublished(publication: Publication): void
  trackUnpublished(publication: Publication, reason: UnpublishReason): void
  /** Muted state, size or features of a track changed. */
  trackChanged(publication: Publication, what: 'muted' | 'info'): void
  /** A track goes on in fewer codecs: nothing for the others here, but for other nodes. */
  mediaChanged(): void
  /** The offer cannot be answered at all; the participant has to go. */
  offerUnusable(error: unknown): void
}

export interface PublicationsDeps {
  limits: RoomLimits
  log: Log
  now(): number
  permission(): ParticipantPermission
  /** Whether it may begin one more track now. */
  mayPublish(): boolean
  /** The level of a log line that a client can cause as often as it likes. */
  refusalLevel(): 'info' | 'debug'
  /** Rejects when the participant closed. */
  media(): Promise<PeerMedia>
  /** Which section of the last subscriber offer carries which track. */
  midToTrackId(): Record<string, string>
  send(message: SignalResponse['message']): void
}

const TEXT_LIMIT_BYTES = 1024

export class Publications {
  readonly #deps: PublicationsDeps
  readonly #listener: PublicationsListener
  readonly #byId = new Map<string, Publication>()

  constructor(deps: PublicationsDeps, listener: PublicationsListener) {
    this.#deps = deps
    this.#listener = listener
  }

  get(trackSid: string): Publication | undefined {
    return this.#byId.get(trackSid)
  }

  published(): Publication[] {
    return [...this.#byId.values()].filter(publication => publication.isPublished)
  }

  /** AddTrackRequest: answered with trackPublished, or refused with a RequestResponse. */
  addTrack(request: AddTrackRequest): void {
    const known = request.sid ? this.#byId.get(request.sid) : undefined
    if (known && request.toBinary().length <= this.#deps.limits.trackRequestBytes) {
      if (known.claim.codecs.length + request.simulcastCodecs.length <= 4) known.addCodecs(request)
      this.#confirm(request.cid, known)
      return
    }
    const refusal = this.#refusalOf(request)
    if (refusal) {
      const [reason, message] = refusal
      this.#deps.log[this.#deps.refusalLevel()]({ reason: message }, 'track refused')
      this.#deps.send({
        case: 'requestResponse',
        value: new RequestResponse({ reason, message, request: { case: 'addTrack', value: request } }),
      })
      return
    }
    const publication = new Publication(request, this.#deps.now())
    this.#byId.set(publication.trackId, publication)
    this.#confirm(request.cid, publication)
  }

  #confirm(cid: string, publication: Publication): void {
    this.#deps.send({
      case: 'trackPublished',
      value: new TrackPublishedResponse({ cid, track: publication.info }),
    })
  }

  #refusalOf(request: AddTrackRequest): [RequestResponse_Reason, string] | undefined {
    // A further codec of a track that ended meanwhile must not become a track of its own.
    if (request.sid !== '' && !this.#byId.has(request.sid))
      return [RequestResponse_Reason.NOT_FOUND, 'no such track of yours']
    if (!mayPublishSource(this.#deps.permission(), request.source))
      return [RequestResponse_Reason.NOT_ALLOWED, 'the token does not allow publishing this source']
    if (request.type !== TrackType.AUDIO && request.type !== TrackType.VIDEO)
      return [RequestResponse_Reason.UNSUPPORTED_TYPE, 'only audio and video tracks can be published']
    if (request.cid === '' && request.simulcastCodecs.every(codec => codec.cid === ''))
      return [RequestResponse_Reason.INVALID_REQUEST, 'cid is empty']
    if (this.#byId.size >= this.#deps.limits.tracksPerParticipant)
      return [RequestResponse_Reason.LIMIT_EXCEEDED, 'too many tracks']
    if (request.toBinary().length > this.#deps.limits.trackRequestBytes)
      return [RequestResponse_Reason.LIMIT_EXCEEDED, 'the request is too long']
    const texts = [
      request.cid,
      request.name,
      request.stream,
      ...request.simulcastCodecs.map(codec => codec.cid),
    ]
    if (!texts.every(isPlain))
      return [RequestResponse_Reason.INVALID_REQUEST, 'a name or id holds control characters']
    if (texts.some(text => byteLength(text) > TEXT_LIMIT_BYTES))
      return [RequestResponse_Reason.LIMIT_EXCEEDED, 'a name or id is too long']
    if (request.layers.length > 8 || request.simulcastCodecs.length > 4 || request.audioFeatures.length > 16)
      return [RequestResponse_Reason.LIMIT_EXCEEDED, 'too many layers or codecs']
    if (!this.#deps.mayPublish())
      return [RequestResponse_Reason.LIMIT_EXCEEDED, 'too many new tracks in a short time']
    return undefined
  }

  /**
   * Answers a publisher offer. The answer goes out before anybody hears of new tracks, so the publisher sends by the
   * time its subscribers ask. Never throws.
   */
  async handleOffer(offer: SessionDescription): Promise<void> {
    try {
      const media = await this.#deps.media()
      const claims = this.#claims()
      const wasMuted = new Map(claims.map(({ trackId, muted }) => [trackId, muted]))
      const result = await media.handlePublisherOffer(offer.sdp, claims)
      this.#deps.send({
        case: 'answer',
        value: new SessionDescription({
          type: 'answer',
          sdp: result.answer,
          id: offer.id,
          // livekit-client 2.15.11 to 2.21 (perhaps up to 2.23) forgets the table of the last offer when an answer carries none.
          midToTrackId: this.#deps.midToTrackId(),
        }),
      })
      for (const trackId of result.unpublished) this.#remove(trackId, 'unpublished')
      if (result.reduced.length > 0) this.#listener.mediaChanged()
      for (const { trackId, mid, reason } of result.refused) this.#refuse(trackId, mid, reason)
      for (const published of result.published) {
        const publication = this.#byId.get(published.trackId)
        if (!publication) {
          // Its permission went away while the offer was being answered.
          await media.unpublish(published.trackId)
          continue
        }
        const isNew = !publication.isPublished
        publication.setPublished(published, this.#deps.now())
        // The others are told at once, because a participant that leaves meanwhile must not come back as the publisher of a track.
        if (isNew) this.#listener.trackPublished(publication)
        else this.#listener.trackChanged(publication, 'info')
        if (publication.info.muted !== wasMuted.get(publication.trackId))
          this.#withMedia('mute', m => m.setTrackMuted(publication.trackId, publication.info.muted))
      }
    } catch (error) {
      this.#listener.offerUnusable(error)
    }
  }

  /** The claims of all tracks, pending ones first: a track published again under its old cid must not be taken for the one that was just stopped. */
  #claims(): TrackClaim[] {
    return [...this.#byId.values()]
      .sort((a, b) => Number(a.isPublished) - Number(b.isPublished) || b.requestedAtMs - a.requestedAtMs)
      .map(publication => publication.claim)
  }

  #refuse(trackId: TrackId | null, mid: string, reason: string): void {
    this.#deps.log[this.#deps.refusalLevel()]({ trackId, mid, reason }, 'section of an offer refused')
    const publication = trackId === null ? undefined : this.#byId.get(trackId)
    // A refused backup codec leaves the track as it is.
    if (!publication || publication.isPublished) return
    this.#byId.delete(publication.trackId)
    this.#sendUnpublished(publication.trackId)
  }

  /** MuteTrackRequest of the client, for its own track. False for a track that is not there. */
  setMutedByClient(trackSid: string, muted: boolean): boolean {
    const publication = this.#byId.get(trackSid)
    if (publication) this.#setMuted(publication, muted)
    return publication !== undefined
  }

  /** A moderator's mute. The client is told before the update, because on an update alone it would insist on its own state. */
  muteByServer(publication: Publication): void {
    this.#deps.send({ case: 'mute', value: new MuteTrackRequest({ sid: publication.trackId, muted: true }) })
    this.#setMuted(publication, true)
  }

  #setMuted(publication: Publication, muted: boolean): void {
    if (publication.info.muted === muted) return
    publication.info.muted = muted
    publication.claim.muted = muted
    publication.touch(this.#deps.now())
    if (!publication.isPublished) return
    this.#withMedia('mute', media => media.setTrackMuted(publication.trackId, publication.info.muted))
    this.#listener.trackChanged(publication, 'muted')
  }

  /** False when there is no such video track, as for the next two. */
  setVideoSize(trackSid: string, width: number, height: number): boolean {
    return this.#change(trackSid, 'video', info => Object.assign(info, { width, height }))
  }

  /** UpdateVideoLayers (deprecated in the protocol): sizes and bitrates as they are shown to the others. */
  setLayers(trackSid: string, layers: VideoLayer[]): boolean {
    return this.#change(trackSid, 'video', info => {
      info.layers = layers.slice(0, 8).filter(layer => layer.rid.length <= 32)
    })
  }

  /** Stereo and DTX follow the features, as in LiveKit. */
  setAudioFeatures(trackSid: string, features: AudioTrackFeature[]): boolean {
    return this.#change(trackSid, 'audio', info => {
      info.audioFeatures = [...new Set(features.slice(0, 16))]
      info.stereo = info.audioFeatures.includes(AudioTrackFeature.TF_STEREO)
      info.disableDtx = info.audioFeatures.includes(AudioTrackFeature.TF_NO_DTX)
    })
  }

  #change(trackSid: string, kind: 'audio' | 'video', act: (info: TrackInfo) => void): boolean {
    const publication = this.#byId.get(trackSid)
    if (publication?.claim.kind !== kind) return false
    act(publication.info)
    this.#changed(publication)
    return true
  }

  #changed(publication: Publication): void {
    publication.touch(this.#deps.now())
    if (publication.isPublished) this.#listener.trackChanged(publication, 'info')
  }

  /** TrackSubscribed goes to the publisher once a track. */
  markSubscribed(trackSid: TrackId): void {
    const publication = this.get(trackSid)
    if (!publication || publication.wasSubscribed) return
    publication.wasSubscribed = true
    this.#deps.send({ case: 'trackSubscribed', value: new TrackSubscribed({ trackSid }) })
  }

  /** After a change of permissions: takes down what is not allowed any more and tells the client. */
  dropDisallowed(): void {
    for (const publication of [...this.#byId.values()]) {
      if (mayPublishSource(this.#deps.permission(), publication.info.source)) continue
      this.#sendUnpublished(publication.trackId)
      if (publication.isPublished) {
        this.#withMedia('unpublish', media => media.unpublish(publication.trackId))
        this.#remove(publication.trackId, 'permission_revoked')
      } else {
        this.#byId.delete(publication.trackId)
      }
    }
  }

  /** Tracks the client still thinks it publishes (SyncState) but that are gone here. */
  syncClient(trackSids: string[]): void {
    for (const sid of trackSids) if (!this.#byId.has(sid)) this.#sendUnpublished(sid)
  }

  /** Forgets all tracks; the media side closes them with the peer. */
  close(): void {
    for (const publication of this.published()) this.#remove(publication.trackId, 'participant_left')
    this.#byId.clear()
  }

  #remove(trackId: TrackId, reason: UnpublishReason): void {
    const publication = this.#byId.get(trackId)
    if (!publication) return
    this.#byId.delete(trackId)
    if (!publication.isPublished) return
    publication.isPublished = false
    this.#listener.trackUnpublished(publication, reason)
  }

  #sendUnpublished(trackSid: string): void {
    this.#deps.send({ case: 'trackUnpublished', value: new TrackUnpublishedResponse({ trackSid }) })
  }

  #withMedia(what: string, act: (media: PeerMedia) => Promise<void>): void {
    this.#deps
      .media()
      .then(act)
      .catch(error => this.#deps.log.debug({ err: error, what }, 'media operation failed'))
  }
}
