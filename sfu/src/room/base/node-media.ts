/**
 * Ports of the room to the media of its other nodes. A track is carried from the node where it is published (home) to
 * another (landing) once, however many people watch it there. `sfu/media` implements `NodeMedia`; who links the nodes
 * implements `PipeSignals` for each room.
 */
import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'

/**
 * Carries what two nodes say to each other about the media of one room. The messages are plain JSON and are checked where they
 * arrive. `node` is an incarnation: a restarted node is another one.
 */
export interface PipeSignals {
  /** Asks the home of a track for it; resolves with what `handleOpen` answered there. Rejects when no answer came. */
  open(node: string, request: object): Promise<unknown>
  /** To `handleWant` there, in the order of the calls. A later one of the same `trackId` stands for all before it. */
  want(node: string, message: object): void
  /** To `handleState` there, in the order of the calls. A later one of the same `serial` stands for all before it. */
  state(node: string, message: object): void
}

/** What the other nodes have to know of a published track to show it as their own. */
export interface RemoteTrackFacts {
  trackId: TrackId
  participantId: ParticipantId
  kind: 'audio' | 'video'
  /** As in TrackClaim. */
  stream: string
  isScreen: boolean
  isVoice: boolean
  layers: { quality: number; width: number; height: number }[]
  muted: boolean
  /** Announced MIME types, preferred first; those in `codecs` are published by now. */
  announced: string[]
  codecs: {
    mimeType: string
    spatialLayers: number
    simulcast: boolean
    layers: { quality: number; width: number; height: number }[]
  }[]
  /** The backup codec that everybody who can shall take now; decided at home. */
  regressedTo: string | null
  /** The router it is published on: tracks with the same one travel together. */
  homeRouter: string
}

/** The media of one room as far as other nodes have to do with it. */
export interface NodeMedia {
  /**
   * Facts of a track that is published on this node, to be told to the other ones whenever an offer was answered or the track
   * was muted. Throws AppError('track_not_found').
   */
  factsOf(trackId: TrackId): RemoteTrackFacts
  /**
   * Makes a track that is published on `node` one of this room here: it is subscribed, forwarded and captured under its own id,
   * and comes over when it is first wanted. The caller removes it when its publication ends. Throws
   * AppError('invalid_argument') for facts that cannot be, AppError('already_exists') for a track that is here.
   */
  addRemote(node: string, facts: RemoteTrackFacts): RemoteTrack
  /**
   * Answers what another node's `open` asks; a refusal is an answer too. This and the next two reject or throw
   * AppError('invalid_argument') for what cannot be read.
   */
  handleOpen(node: string, request: unknown): Promise<object>
  handleWant(node: string, message: unknown): void
  handleState(node: string, message: unknown): void
  /** The node was buried, or has nobody in the room any more: what was carried to it and from it ends. */
  handleNodeGone(node: string): void
}

export interface RemoteTrack {
  /** The newest facts. Throws AppError('invalid_argument'). */
  update(facts: RemoteTrackFacts): void
  /** The publication ended: whoever takes the track is told. Idempotent. */
  remove(): void
}
