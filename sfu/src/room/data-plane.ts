/**
 * Everything a room does with data: packets, data tracks, blobs; and what a participant's coming back, its permissions and
 * its leaving mean for them. Owned by the room, which closes it.
 */
import type { DataPacket, SyncState } from '@livekit/protocol'
import { DataBlobs } from './data-blobs.ts'
import { DataRouter } from './data-router.ts'
import { DataTracks, type DataTracksDeps } from './data-tracks.ts'
import type { Participant } from './participant.ts'
import type { DataKind } from './ports.ts'

/** More publishers than this a client does not name. */
const RECEIVE_STATES = 2_000

export class DataPlane {
  readonly tracks: DataTracks
  readonly blobs: DataBlobs
  readonly #router: DataRouter

  constructor(deps: DataTracksDeps) {
    const { room, limits, log, now } = deps
    this.tracks = new DataTracks(deps)
    this.blobs = new DataBlobs(room, limits)
    this.#router = new DataRouter(room, limits, log, now)
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

  close(): void {
    this.#router.close()
  }
}
