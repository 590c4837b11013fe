/**
 * Data tracks of a room (livekit_rtc.proto, PublishDataTrackRequest and what follows): who here publishes which, who receives
 * them, and their packets from one to the others. A track has one handle towards all its subscribers, so that a packet
 * is rewritten once. Lossy by nature: a subscriber that does not keep up misses packets.
 */
import { newId } from '@diemcau/core/ids.ts'
import {
  DataTrackInfo,
  type PublishDataTrackRequest,
  PublishDataTrackResponse,
  RequestResponse,
  RequestResponse_Reason,
  SubscriptionError,
  SubscriptionResponse,
  type SyncState,
  type UnpublishDataTrackRequest,
  UnpublishDataTrackResponse,
  type UpdateDataSubscription,
} from '@livekit/protocol'
import type { RoomLimits } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type { Participant } from '../member/participant.ts'
import type { RoomView } from '../member/room-view.ts'
import { parseDataTrackHeader } from './data-track-packet.ts'
import { refusalOfDataTrack } from './data-track-rules.ts'
import { type DataTrack, DataTrackTable } from './data-track-table.ts'
import { DataTrackViewers } from './data-track-viewers.ts'
import { type DataTrackShare, RemoteDataTracks } from './remote-data-tracks.ts'

export interface DataTracksDeps {
  room: RoomView
  limits: RoomLimits
  log: Log
  now(): number
  /** The others must hear of the participant's changed data tracks. */
  announce(participant: Participant): void
  /** To the other nodes; undefined: there are none. */
  shareTracks: DataTrackShare | undefined
}

/** No message names more tracks than this; what is over is not looked at. */
const UPDATES_PER_MESSAGE = 2_000

export class DataTracks {
  /** Those of other nodes, and who on other nodes wants those of this one. */
  readonly remote: RemoteDataTracks
  readonly #deps: DataTracksDeps
  readonly #table = new DataTrackTable()
  readonly #viewers: DataTrackViewers
  /** Of those with a connection here, by their own handle. */
  readonly #byPublisher = new Map<Participant, Map<number, DataTrack>>()

  constructor(deps: DataTracksDeps) {
    this.#deps = deps
    const { room, limits, log, now, shareTracks: share } = deps
    this.#viewers = new DataTrackViewers(limits.dataTrackSubscriptions, track =>
      this.remote.viewersChanged(track),
    )
    this.remote = new RemoteDataTracks({ room, log, now, share, table: this.#table, viewers: this.#viewers })
  }

  /** Answered by publishDataTrackResponse, or requestResponse with the reason. */
  publish(participant: Participant, request: PublishDataTrackRequest): void {
    const own = this.#of(participant)
    const refusal =
      refusalOfDataTrack(request, participant.permission, [...own.values()], this.#deps.limits) ??
      (this.#table.isFull
        ? { reason: RequestResponse_Reason.LIMIT_EXCEEDED, message: 'the room has no handle left' }
        : undefined) ??
      (participant.budget.mayPublish()
        ? undefined
        : {
            reason: RequestResponse_Reason.LIMIT_EXCEEDED,
            message: 'too many new tracks in a short time',
          })
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
    const track = this.#table.add(info, participant)
    own.set(pubHandle, track)
    this.#byPublisher.set(participant, own)
    this.#deps.log.info({ participantId: participant.id, trackId: info.sid, name }, 'data track published')
    participant.send({ case: 'publishDataTrackResponse', value: new PublishDataTrackResponse({ info }) })
    this.#announce(participant)
    // The list of participants goes first, because clients drop handles of a track they have not heard of.
    this.#viewers.offer(track, this.#deps.room.participants.values())
  }

  /** A new participant that wants all tracks gets those that are there. */
  offerTo(participant: Participant): void {
    if (!participant.query.autoSubscribeDataTrack) return
    for (const track of this.#table.all())
      if (!track.publisher.isHidden) this.#viewers.add(track, participant, undefined)
    if (this.#viewers.of(participant).length > 0) this.#viewers.tellHandles(participant)
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
    this.#end([track], participant)
  }

  /** Tracks that are not there are answered with subscriptionResponse; all others, and those given up, with the handles. */
  updateSubscription(participant: Participant, request: UpdateDataSubscription): void {
    let isChanged = false
    let refused = 0
    const refuse = (trackSid: string, err: SubscriptionError) => {
      refused += 1
      if (refused <= this.#deps.limits.unknownTracksTold) this.#refuse(participant, trackSid, err)
    }
    for (const { trackSid, subscribe, options } of request.updates.slice(0, UPDATES_PER_MESSAGE)) {
      const track = this.#table.get(trackSid)
      if (!subscribe) {
        if (track && this.#viewers.drop(track, participant)) isChanged = true
        continue
      }
      // Nobody may learn of a hidden participant, and no participant receives its own tracks.
      if (!track || track.publisher.isHidden || track.publisher === participant) {
        refuse(trackSid, SubscriptionError.SE_TRACK_NOTFOUND)
      } else if (!this.#viewers.add(track, participant, options?.targetFps)) {
        refuse(trackSid, SubscriptionError.SE_UNKNOWN)
      } else isChanged = true
    }
    if (isChanged) this.#viewers.tellHandles(participant)
  }

  #refuse(participant: Participant, trackSid: string, err: SubscriptionError): void {
    participant.send({ case: 'subscriptionResponse', value: new SubscriptionResponse({ trackSid, err }) })
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
    this.remote.shareFrame(track, packet)
    this.#viewers.deliver(track, header, packet, this.#deps.now())
  }

  /** Permissions of the participant have changed: its tracks may have to go, and others' may come or go. */
  permissionChanged(participant: Participant): void {
    if (!participant.permission.canPublishData && this.#of(participant).size > 0)
      this.#end([...this.#of(participant).values()], participant)
    this.#viewers.reevaluate(this.#viewers.of(participant), participant)
  }

  /** The publisher has said anew who may have its tracks. */
  subscribersChanged(publisher: Participant): void {
    this.#viewers.reevaluate(this.#of(publisher).values())
  }

  /** After a resume: what the client believes to publish and to receive (SyncState). */
  sync(participant: Participant, state: SyncState): void {
    for (const { info } of state.publishDataTracks.slice(0, this.#deps.limits.unknownTracksTold)) {
      if (!info || this.#table.get(info.sid)?.publisher === participant) continue
      participant.send({
        case: 'unpublishDataTrackResponse',
        value: new UnpublishDataTrackResponse({ info }),
      })
    }
    if (state.dataSubscription) this.updateSubscription(participant, state.dataSubscription)
    else if (this.#viewers.of(participant).length > 0) this.#viewers.tellHandles(participant)
  }

  /** The participant has left the room. The others learn of its tracks' end with its own; their handles are told anew here. */
  remove(participant: Participant): void {
    const concerned = this.#forget([...this.#of(participant).values()], participant)
    participant.facts.setDataTracks([])
    for (const track of this.#viewers.of(participant)) this.#viewers.drop(track, participant)
    for (const viewer of concerned) this.#viewers.tellHandles(viewer)
  }

  /** The list of participants goes first, because clients take a track whose handle they hold for one that goes on. */
  #end(tracks: DataTrack[], publisher: Participant): void {
    const concerned = this.#forget(tracks, publisher)
    this.#announce(publisher)
    for (const viewer of concerned) this.#viewers.tellHandles(viewer)
  }

  /** Returns those who had asked for one of the tracks and do not know yet that its handle counts no more. */
  #forget(tracks: DataTrack[], publisher: Participant): Set<Participant> {
    const concerned = new Set(tracks.flatMap(track => this.#viewers.clear(track)))
    for (const track of tracks) {
      const { info } = track
      this.#table.remove(track)
      this.remote.forgetOwn(track)
      const own = this.#of(publisher)
      own.delete(info.pubHandle)
      if (own.size === 0) this.#byPublisher.delete(publisher)
      this.#deps.log.info({ participantId: publisher.id, trackId: info.sid }, 'data track unpublished')
      publisher.send({ case: 'unpublishDataTrackResponse', value: new UnpublishDataTrackResponse({ info }) })
    }
    return concerned
  }

  #announce(participant: Participant): void {
    participant.facts.setDataTracks([...this.#of(participant).values()].map(track => track.info))
    this.#deps.announce(participant)
  }

  #of(participant: Participant): Map<number, DataTrack> {
    return this.#byPublisher.get(participant) ?? new Map()
  }
}
