/**
 * A room and its other nodes: what this one says of itself to one that has come in, what such a one said, and what becomes of the room when
 * one of them is gone. Owned by the room.
 */
import type { Incarnation, TrackId } from '@diemcau/core/ids.ts'
import { DisconnectReason } from '@livekit/protocol'
import type { NodeMedia } from './base/node-media.ts'
import type { RoomCaptures } from './capture/room-captures.ts'
import type { OwnRecords } from './copies/own-records.ts'
import type { RemoteMembers } from './copies/remote-members.ts'
import { decodeFullPart, encodeFull } from './copies/room-full.ts'
import type { DataPlane } from './data/data-plane.ts'
import type { RoomBroadcast } from './telling/room-broadcast.ts'
import type { RoomSpeakers } from './telling/room-speakers.ts'
import type { RoomTracks } from './telling/room-tracks.ts'

export interface RoomNodesDeps {
  /** Undefined: there are no other nodes. */
  own: OwnRecords | undefined
  tracks: RoomTracks
  remote: RemoteMembers
  broadcast: RoomBroadcast
  speakers: RoomSpeakers
  captures: RoomCaptures
  data: DataPlane
  media(): NodeMedia | undefined
}

/** `buried`: for good. `left`: nobody there is in the room any more. `unheard`: out of sight until it is heard again. */
export type NodeEnd = 'buried' | 'left' | 'unheard'

export class RoomNodes {
  readonly #deps: RoomNodesDeps

  constructor(deps: RoomNodesDeps) {
    this.#deps = deps
  }

  /**
   * All that another node has to know of this one in the room: the parts of a `room.full`, for `takeFull` there, one by one and in
   * this order. What changes later is told as ever, so nothing of the room may come between them.
   */
  full(): Uint8Array[] {
    const { own, broadcast, speakers, captures, data } = this.#deps
    const records = own?.all() ?? new Map()
    const qualities = broadcast.knownQualities().filter(({ participantId }) => records.has(participantId))
    const state = {
      qualities,
      audible: speakers.own,
      dataTracks: data.tracks.remote.wants(),
      recorders: captures.size,
    }
    return encodeFull(records, state)
  }

  /** A part of what `node` says in `full`. True: it was the last. @throws AppError('invalid_argument') */
  takeFull(node: Incarnation, bytes: Uint8Array): boolean {
    const { remote, broadcast, speakers, captures, data } = this.#deps
    const { all, members, state } = decodeFullPart(bytes)
    if (remote.isBuried(node)) return false
    if (all) remote.keepOnly(node, all)
    for (const record of members) remote.apply(node, record)
    if (!state) return false
    broadcast.qualities(state.qualities)
    speakers.hearNode(node, state.audible)
    data.tracks.remote.takeWants(node, state.dataTracks)
    captures.takeElsewhere(node, state.recorders)
    return true
  }

  /** A packet of a data track that `node` publishes, as `RoomPeers.dataTrack` had it there. Never throws. */
  takeDataTrack(node: Incarnation, frame: Uint8Array): void {
    this.#deps.data.tracks.remote.takeFrame(node, frame)
  }

  /** What `RoomPeers.wantDataTrack` had on `node`. @throws AppError('invalid_argument') */
  takeDataTrackWant(node: Incarnation, want: unknown): void {
    if (!this.#deps.remote.isBuried(node)) this.#deps.data.tracks.remote.takeWant(node, want)
  }

  /** What `RoomPeers.subscribed` had on another node: the publisher is told, once for each track. Of an unknown track it is nothing. */
  subscribedElsewhere(trackId: TrackId): void {
    this.#deps.tracks.handleSubscribed(trackId)
  }

  /**
   * What `RoomPeers.fetchBlob` asked on another node. @throws AppError('not_found') when the participant is not here (any more),
   * AppError('invalid_argument'); the caller is to get their codes
   */
  answerBlob(request: Uint8Array): Uint8Array {
    return this.#deps.data.blobs.answerNode(request)
  }

  /** How many recorders `node` has in the room, as `RoomPeers.recorders` had it there. */
  takeRecorders(node: Incarnation, count: number): void {
    if (!this.#deps.remote.isBuried(node)) this.#deps.captures.takeElsewhere(node, count)
  }

  /** Whether anybody on `node` may have a track that is published here: its media goes to no node for nothing. */
  mayHave(node: Incarnation, trackId: TrackId): boolean {
    const { captures, remote, tracks } = this.#deps
    const publisher = tracks.publisherOf(trackId)
    if (!publisher) return false
    if (captures.isRecordingOn(node)) return true
    return remote
      .list()
      .some(
        member =>
          member.node === node &&
          member.permission.canSubscribe &&
          publisher.allowsSubscriber(member, trackId),
      )
  }

  /** Idempotent. After `buried` nothing that node says is taken any more; after the others it may come back with a full. */
  gone(node: Incarnation, how: NodeEnd): void {
    const { remote, speakers, captures, data, media } = this.#deps
    if (how === 'buried') remote.nodeBuried(node, DisconnectReason.SERVER_SHUTDOWN)
    else if (how === 'left') remote.keepOnly(node, new Set())
    else remote.nodeUnheard(node, DisconnectReason.CONNECTION_TIMEOUT)
    speakers.hearNode(node, [])
    captures.takeElsewhere(node, 0)
    // A link that breaks takes nothing away: wishes and pipes live on, as nobody knows for how long it is broken.
    if (how === 'unheard') return
    media()?.handleNodeGone(node)
    data.tracks.remote.dropNode(node)
  }
}
