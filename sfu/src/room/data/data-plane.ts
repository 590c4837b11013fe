/**
 * Everything a room does with data: packets, data tracks, blobs; and what a participant's coming back, its permissions and
 * its leaving mean for them. Owned by the room, which closes it.
 */
import type { DataPacket, SyncState } from '@livekit/protocol'
import type { DataKind } from '../base/ports.ts'
import type { Participant } from '../member/participant.ts'
import { type BlobsElsewhere, DataBlobs } from './data-blobs.ts'
import { DataRouter, type DataShare } from './data-router.ts'
import { DataTracks, type DataTracksDeps } from './data-tracks.ts'
import { RemoteData } from './remote-data.ts'
import type { RemotePublisher } from './remote-data-tracks.ts'

/** More publishers than this a client does not name. */
const RECEIVE_STATES = 2_000

export interface DataPlaneDeps extends DataTracksDeps {
  /** To the nodes that hold other members; undefined: there are none. */
  share: DataShare | undefined
  /** Members on other nodes. */
  remote: {
    get(identity: string): RemotePublisher | undefined
    bySid(sid: string): { readonly version: number } | undefined
  }
  /** `DataBlobs.answerNode` on that node. */
  fetchBlob: BlobsElsewhere['fetch'] | undefined
}

export class DataPlane {
  readonly tracks: DataTracks
  readonly blobs: DataBlobs
  /** What comes from other nodes. */
  readonly remote: RemoteData
  readonly #router: DataRouter

  constructor(deps: DataPlaneDeps) {
    const { room, limits, log, now } = deps
    this.tracks = new DataTracks(deps)
    const { remote, fetchBlob } = deps
    const elsewhere = fetchBlob && { get: (identity: string) => remote.get(identity), fetch: fetchBlob }
    this.blobs = new DataBlobs(room, limits, log, elsewhere)
    this.#router = new DataRouter(room, limits, log, now, deps.share)
    this.remote = new RemoteData(
      sid => remote.bySid(sid)?.version,
      word => this.#router.fromNode(word),
    )
  }

  fromClient(sender: Participant, kind: DataKind, payload: Uint8Array): void {
    if (kind === 'data_track') this.tracks.forward(sender, payload)
    else this.#router.fromClient(sender, kind, payload)
  }

  /** No sender. */
  fromApi(packet: DataPacket): void {
    this.#router.fromApi(packet)
  }

  /** The participant has a new link; its SyncState is to follow. */
  resumed(participant: Participant): void {
    this.#router.hold(participant)
  }

  sync(participant: Participant, state: SyncState): void {
    const states = state.datachannelReceiveStates.slice(0, RECEIVE_STATES)
    this.#router.replay(
      participant,
      new Map(states.map(({ publisherSid, lastSeq }) => [publisherSid, lastSeq])),
    )
    this.tracks.sync(participant, state)
  }

  /** Newer facts of a member on another node are here, or it is about to end: for good, or out of sight. */
  memberTold(member: RemotePublisher, end: 'ends' | 'unseen' | undefined): void {
    if (end) {
      this.remote.flush(member.id)
      this.tracks.remote.end(member, end === 'unseen')
    } else {
      this.remote.told(member.id)
      this.tracks.remote.follow(member)
    }
  }

  close(): void {
    this.#router.close()
    this.remote.close()
  }
}
