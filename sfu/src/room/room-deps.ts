/** What a room needs around it. */
import type { Incarnation, ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'
import type { TokenMinter } from './base/claims.ts'
import type { RoomCloseReason } from './base/close-reasons.ts'
import type { TurnSettings } from './base/ice-servers.ts'
import type { RoomLimits } from './base/limits.ts'
import type { Log } from './base/log.ts'
import type { NodeMedia, PipeSignals } from './base/node-media.ts'
import type { MediaNode } from './base/ports.ts'
import type { OwnRecordsListener } from './copies/own-records.ts'
import type { RemoteMember } from './copies/remote-member.ts'
import type { RemoteMembers } from './copies/remote-members.ts'
import type { DataWord } from './data/data-word.ts'
import type { RemoteData } from './data/remote-data.ts'
import type { DataTrackShare } from './data/remote-data-tracks.ts'
import type { RoomView } from './member/room-view.ts'
import type { RoomEventSink } from './room-api.ts'
import type { RoomNodes } from './room-nodes.ts'
import type { QualityFacts } from './telling/connection-quality.ts'
import type { Audible, RoomSpeakers } from './telling/room-speakers.ts'

/** A room as the other nodes that hold members of it are told of it, and tell of theirs. */
export interface SharedRoom {
  readonly id: RoomId
  readonly name: string
  /** Where what they say is applied. */
  readonly remote: RemoteMembers
  /** What this node says of all it has here, what another one says so, and what becomes of the room when one is gone. */
  readonly nodes: RoomNodes
  /** What they say of the media; undefined where there are none. */
  readonly nodeMedia: NodeMedia | undefined
  /** Where their data goes. */
  readonly data: { readonly remote: RemoteData }
  /** Where who is heard of them goes. */
  readonly speakers: RoomSpeakers
  /** Takes how well their media goes; of members that are not here (yet) it is dropped. */
  qualities(changes: QualityFacts[]): void
}

/** What a room needs of the other nodes that hold members of it. */
export interface RoomPeers extends OwnRecordsListener, DataTrackShare {
  /** What the media of this room and of theirs say to each other. */
  readonly pipes: PipeSignals
  /**
   * A packet of a member or of the API here (`encodeDataWord`), for `RemoteData.take` on these nodes; undefined: on all other nodes of the
   * room, also those of which no member is known yet. Lossy ones may be dropped, reliable ones come in the order of the calls.
   */
  data(word: DataWord, nodes: ReadonlySet<Incarnation> | undefined): void
  /**
   * A packet of a data track published here, for `RoomNodes.takeDataTrack` on these nodes, where somebody is to get it. May be dropped,
   * repeated, or come in another order.
   */
  dataTrack: DataTrackShare['dataTrack']
  /**
   * Whether somebody here is to get a data track that `node` publishes, for `RoomNodes.takeDataTrackWant` there: plain JSON, checked there.
   * A later one of the same `trackSid` stands for all before it; `RoomNodes.full` says them again.
   */
  wantDataTrack: DataTrackShare['wantDataTrack']
  /**
   * Asks `node` for a data blob of one of its members: a call, answered by `RoomNodes.answerBlob` there. Rejects with that one's AppError,
   * or with another one when no answer came.
   */
  fetchBlob(node: Incarnation, request: Uint8Array): Promise<Uint8Array>
  /**
   * How many recorders this node has in the room, for `RoomNodes.takeRecorders` at all other nodes of the room; only the newest counts.
   * Tracks are carried to a node with a recorder whomever their publisher allows them.
   */
  recorders(count: number): void
  /** Who of this node is heard, loudest first, for `RoomSpeakers.hearNode` at all other nodes of the room; only the newest counts. */
  speakers(audible: Audible[]): void
  /**
   * How well the media of some members of this node goes, for `SharedRoom.qualities` at all other nodes of the room. A later word of the same
   * participant stands for all before it, and only for those.
   */
  qualities(changes: QualityFacts[]): void
  /** Nobody has a connection here (any more); a room of one node would wait for its end now. */
  emptied(): void
  /**
   * Somebody here subscribed to a track for the first time: `RoomNodes.subscribedElsewhere` on `member.node`, by a call. May be repeated.
   * Rejects when no answer came: it is told again with the next one who subscribes.
   */
  subscribed(member: RemoteMember, trackId: TrackId): Promise<unknown>
}

/** A room that other nodes know, too. */
export interface SharedRoomFacts {
  id: RoomId
  createdAtMs: number
}

/** The place of a connection in a room that other nodes know, too: its claim to the identity. */
export interface Seat {
  participantId: ParticipantId
  epoch: number
}

export interface RoomDeps {
  media: MediaNode
  events: RoomEventSink
  limits: RoomLimits
  log: Log
  /** Whole milliseconds since the epoch, for dates: it may be set. */
  now(): number
  /** Whole milliseconds of a clock that only goes on, for how long something lasts. */
  elapsed(): number
  nodeId: string
  turn: TurnSettings | undefined
  mint: TokenMinter
  /** Of other nodes, for who has to leave this one; absent: there are none. */
  otherUrls?: (() => string[]) | undefined
  /** The other nodes; absent: there are none. */
  peers?: ((room: SharedRoom) => RoomPeers) | undefined
  /** The room has closed; the owner removes it. */
  onClosed(room: RoomView, reason: RoomCloseReason): void
}
