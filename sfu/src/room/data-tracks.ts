/**
 * Data tracks of a room (livekit_rtc.proto, PublishDataTrackRequest and what follows): who publishes which, who receives
 * them, and their packets from one to the others. A track has one handle towards all its subscribers, so that a packet
 * is rewritten once. Lossy by nature: a subscriber that does not keep up misses packets.
 */
import { newId } from '@diemcau/core/ids.ts'
import {
  DataTrackInfo,
  DataTrackSubscriberHandles,
  DataTrackSubscriberHandles_PublishedDataTrack,
  type PublishDataTrackRequest,
  PublishDataTrackResponse,
  RequestResponse,
  RequestResponse_Reason,
  SubscriptionError,
  SubscriptionPermissionUpdate,
  SubscriptionResponse,
  type SyncState,
  type UnpublishDataTrackRequest,
  UnpublishDataTrackResponse,
  type UpdateDataSubscription,
} from '@livekit/protocol'
import { FramePace, MAX_HANDLE, parseDataTrackHeader, withHandle } from './data-track-packet.ts'
import { refusalOfDataTrack } from './data-track-rules.ts'
import type { RoomLimits } from './limits.ts'
import type { Log } from './log.ts'
import type { Participant } from './participant.ts'
import type { RoomView } from './room-view.ts'

interface Viewer {
  isAllowed: boolean
  pace: FramePace
}

interface DataTrack {
  info: DataTrackInfo
  publisher: Participant
  /** Names the track in packets to subscribers. */
  handle: number
  /** Those who asked for it. */
  viewers: Map<Participant, Viewer>
}

export interface DataTracksDeps {
  room: RoomView
  limits: RoomLimits
  log: Log
  now(): number
  /** The others must hear of the participant's changed data tracks. */
  announce(participant: Participant): void
}

/** No message names more tracks than this; what is over is not looked at. */
const UPDATES_PER_MESSAGE = 2_000

export class DataTracks {
  readonly #deps: DataTracksDeps
  readonly #bySid = new Map<string, DataTrack>()
  readonly #byPublisher = new Map<Participant, Map<number, DataTrack>>()
  /** The same relation as DataTrack.viewers, from the other side. */
  readonly #viewedBy = new Map<Participant, Set<DataTrack>>()
  readonly #handles = new Set<number>()
  #lastHandle = 0

  constructor(deps: DataTracksDeps) {
    this.#deps = deps
  }

  /** Answered by publishDataTrackResponse, or requestResponse with the reason. */
  publish(participant: Participant, request: PublishDataTrackRequest): void {
    const own = this.#of(participant)
    const refusal =
      refusalOfDataTrack(request, participant.permission, [...own.values()], this.#deps.limits) ??
      (this.#handles.size >= MAX_HANDLE
        ? { reason: RequestResponse_Reason.LIMIT_EXCEEDED, message: 'the room has no handle left' }
        : undefined)
    if (refusal) {
      const value = new RequestResponse({ ...refusal, request: { case: 'publishDataTrack', value: request } })
      participant.send({ case: 'requestResponse', value })
      return
    }
    const { pubHandle, name, encryption, frameEncoding, schema } = request
    const info = new DataTrackInfo({
      pubHandle,
      sid: newId('DTR_'),
      name,
      encryption,
      ...(frameEncoding ? { frameEncoding } : {}),
      ...(schema ? { schema } : {}),
    })
    const track: DataTrack = { info, publisher: participant, handle: this.#newHandle(), viewers: new Map() }
    own.set(pubHandle, track)
    this.#byPublisher.set(participant, own)
    this.#bySid.set(info.sid, track)
    this.#deps.log.info({ participantId: participant.id, trackId: info.sid, name }, 'data track published')
    participant.send({ case: 'publishDataTrackResponse', value: new PublishDataTrackResponse({ info }) })
    this.#announce(participant)
    // The list first: clients drop handles of a track they have not heard of.
    if (participant.isHidden) return
    for (const other of this.#deps.room.participants.values())
      if (
        other !== participant &&
        other.query.autoSubscribeDataTrack &&
        this.#addViewer(track, other, undefined)
      )
        this.#tellHandles(other)
  }

  /** A new participant that wants all tracks gets those that are there. */
  offerTo(participant: Participant): void {
    if (!participant.query.autoSubscribeDataTrack) return
    for (const track of this.#bySid.values())
      if (!track.publisher.isHidden) this.#addViewer(track, participant, undefined)
    if (this.#viewed(participant).length > 0) this.#tellHandles(participant)
  }

  /** Answered by unpublishDataTrackResponse, or requestResponse NOT_FOUND. */
  unpublish(participant: Participant, request: UnpublishDataTrackRequest): void {
    const track = this.#of(participant).get(request.pubHandle)
    if (!track) {
      const value = new RequestResponse({
        reason: RequestResponse_Reason.NOT_FOUND,
        message: 'there is no data track with this handle',
        request: { case: 'unpublishDataTrack', value: request },
      })
      participant.send({ case: 'requestResponse', value })
      return
    }
    this.#end(track)
    this.#announce(participant)
  }

  /** Tracks that are not there are answered with subscriptionResponse; all others with the handles. */
  updateSubscription(participant: Participant, request: UpdateDataSubscription): void {
    let isAsking = false
    for (const { trackSid, subscribe, options } of request.updates.slice(0, UPDATES_PER_MESSAGE)) {
      const track = this.#bySid.get(trackSid)
      if (!subscribe) {
        if (track) this.#dropViewer(track, participant)
        continue
      }
      // Nobody may learn of a hidden participant, and nobody receives what it sent itself.
      if (!track || track.publisher.isHidden || track.publisher === participant) {
        this.#refuse(participant, trackSid, SubscriptionError.SE_TRACK_NOTFOUND)
      } else if (!this.#addViewer(track, participant, options?.targetFps)) {
        this.#refuse(participant, trackSid, SubscriptionError.SE_UNKNOWN)
      } else isAsking = true
    }
    if (isAsking) this.#tellHandles(participant)
  }

  #refuse(participant: Participant, trackSid: string, err: SubscriptionError): void {
    participant.send({ case: 'subscriptionResponse', value: new SubscriptionResponse({ trackSid, err }) })
  }

  /** False over the limit. Somebody not allowed is kept, and receives as soon as it is. */
  #addViewer(track: DataTrack, participant: Participant, targetFps: number | undefined): boolean {
    const viewed = this.#viewedBy.get(participant) ?? new Set()
    if (!viewed.has(track) && viewed.size >= this.#deps.limits.dataTrackSubscriptions) return false
    this.#viewedBy.set(participant, viewed.add(track))
    const isAllowed = mayView(participant, track)
    track.viewers.set(participant, { isAllowed, pace: new FramePace(targetFps) })
    if (!isAllowed) this.#tellPermission(participant, track, false)
    return true
  }

  #dropViewer(track: DataTrack, participant: Participant): void {
    track.viewers.delete(participant)
    const viewed = this.#viewedBy.get(participant)
    viewed?.delete(track)
    if (viewed?.size === 0) this.#viewedBy.delete(participant)
  }

  #viewed(participant: Participant): DataTrack[] {
    return [...(this.#viewedBy.get(participant) ?? [])]
  }

  /** All handles that count now; also those told before. */
  #tellHandles(participant: Participant): void {
    const value = new DataTrackSubscriberHandles()
    for (const { handle, info, publisher, viewers } of this.#viewed(participant)) {
      if (!viewers.get(participant)?.isAllowed) continue
      value.subHandles[handle] = new DataTrackSubscriberHandles_PublishedDataTrack({
        publisherIdentity: publisher.identity,
        publisherSid: publisher.id,
        trackSid: info.sid,
      })
    }
    participant.send({ case: 'dataTrackSubscriberHandles', value })
  }

  #tellPermission(participant: Participant, track: DataTrack, allowed: boolean): void {
    const value = new SubscriptionPermissionUpdate({
      participantSid: track.publisher.id,
      trackSid: track.info.sid,
      allowed,
    })
    participant.send({ case: 'subscriptionPermissionUpdate', value })
  }

  /** A packet as it came from the publisher; dropped when it is malformed or of no track. */
  forward(publisher: Participant, packet: Uint8Array): void {
    const header = parseDataTrackHeader(packet)
    const track = header && this.#byPublisher.get(publisher)?.get(header.handle)
    if (!track) {
      this.#deps.log.debug(
        { participantId: publisher.id, handle: header?.handle },
        'data track packet dropped',
      )
      return
    }
    if (track.viewers.size === 0) return
    const forwarded = withHandle(packet, track.handle)
    const now = this.#deps.now()
    for (const [participant, { isAllowed, pace }] of track.viewers)
      if (isAllowed && pace.passes(header, now)) participant.data.send('data_track', forwarded)
  }

  /** Permissions of the participant have changed: its tracks may have to go, and others' may come or go. */
  permissionChanged(participant: Participant): void {
    if (!participant.permission.canPublishData && this.#of(participant).size > 0) {
      for (const track of [...this.#of(participant).values()]) this.#end(track)
      this.#announce(participant)
    }
    const viewed = this.#viewed(participant)
    const changes = viewed.filter(track => this.#reevaluate(track, participant))
    if (changes.length > 0) this.#tellHandles(participant)
  }

  /** The publisher has said anew who may have its tracks. */
  subscribersChanged(publisher: Participant): void {
    const concerned = new Set<Participant>()
    for (const track of this.#of(publisher).values())
      for (const participant of track.viewers.keys())
        if (this.#reevaluate(track, participant)) concerned.add(participant)
    for (const participant of concerned) this.#tellHandles(participant)
  }

  #reevaluate(track: DataTrack, participant: Participant): boolean {
    const viewer = track.viewers.get(participant)
    const isAllowed = mayView(participant, track)
    if (!viewer || viewer.isAllowed === isAllowed) return false
    viewer.isAllowed = isAllowed
    this.#tellPermission(participant, track, isAllowed)
    return true
  }

  /** After a resume: what the client believes to publish and to receive (SyncState). */
  sync(participant: Participant, state: SyncState): void {
    for (const { info } of state.publishDataTracks.slice(0, UPDATES_PER_MESSAGE)) {
      if (!info || this.#bySid.get(info.sid)?.publisher === participant) continue
      participant.send({
        case: 'unpublishDataTrackResponse',
        value: new UnpublishDataTrackResponse({ info }),
      })
    }
    if (state.dataSubscription) this.updateSubscription(participant, state.dataSubscription)
    else if (this.#viewed(participant).length > 0) this.#tellHandles(participant)
  }

  /** The participant has left the room. The others learn of its tracks' end with its own. */
  remove(participant: Participant): void {
    for (const track of [...this.#of(participant).values()]) this.#end(track)
    participant.dataTracks = []
    for (const track of this.#viewed(participant)) this.#dropViewer(track, participant)
  }

  #end(track: DataTrack): void {
    const { info, publisher } = track
    for (const participant of [...track.viewers.keys()]) this.#dropViewer(track, participant)
    this.#bySid.delete(info.sid)
    this.#handles.delete(track.handle)
    const own = this.#of(publisher)
    own.delete(info.pubHandle)
    if (own.size === 0) this.#byPublisher.delete(publisher)
    this.#deps.log.info({ participantId: publisher.id, trackId: info.sid }, 'data track unpublished')
    publisher.send({ case: 'unpublishDataTrackResponse', value: new UnpublishDataTrackResponse({ info }) })
  }

  #announce(participant: Participant): void {
    participant.dataTracks = [...this.#of(participant).values()].map(track => track.info)
    participant.touch()
    this.#deps.announce(participant)
  }

  #of(participant: Participant): Map<number, DataTrack> {
    return this.#byPublisher.get(participant) ?? new Map()
  }

  /** Counts on, so that late packets of a track that ended do not meet a new one with the same handle. */
  #newHandle(): number {
    do this.#lastHandle = (this.#lastHandle % MAX_HANDLE) + 1
    while (this.#handles.has(this.#lastHandle))
    this.#handles.add(this.#lastHandle)
    return this.#lastHandle
  }
}

const mayView = (participant: Participant, { publisher, info }: DataTrack): boolean =>
  participant.permission.canSubscribe &&
  publisher.allowsSubscriber(participant, info.sid as Parameters<Participant['allowsSubscriber']>[1])
