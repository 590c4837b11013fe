/**
 * Ports of the room: what it needs from the media side. `sfu/media` implements them on mediasoup; tests may
 * implement them in memory. The owner holds its children and learns of their end through its listener; children never
 * reach up. Every `close(reason)` is idempotent and cascades.
 */
import type { ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'
import type { NodeMedia, PipeSignals } from './node-media.ts'

export type MediaCloseReason =
  | 'left'
  | 'room_closed'
  | 'node_stopping'
  | 'worker_died'
  | 'replaced'
  | 'transport_failed'

/** All workers of this node. */
export interface MediaNode {
  /** Synchronous and cheap: routers are made when the first peer needs them. The caller closes the room's media. */
  openRoom(roomId: RoomId, listener: RoomMediaListener): RoomMedia
  /** Index, pid and load of each worker, for health and metrics. */
  workers(): { index: number; pid: number; peers: number }[]
  /** What newcomers are let in by: what each living worker uses of a core, the part of the ports between nodes that is taken, connections, what one more is expected to use. */
  use(): { workerLoads: number[]; portsTaken: number; people: number; estimate: number }
  /** What is open in all workers together; all zero when no room is open. */
  resources(): MediaResources
  /** What only the workers know: they are asked, and one that does not answer within a second is left out. */
  figures(): Promise<MediaFigures>
  close(reason: MediaCloseReason): Promise<void>
}

export interface MediaFigures {
  /** Those that should be there. */
  wantedWorkers: number
  workers: {
    index: number
    pid: number
    peers: number
    /** What it uses of a core, smoothed, with an estimate for those who have just come. */
    load: number
    /** Processor time since its start, ms; null: it did not answer. */
    cpuMs: number | null
    peakMemoryBytes: number | null
  }[]
  /** How many peers were placed why since the start. */
  placements: Record<string, number>
  /** Media between this node and others, by incarnation. Bytes of pairs that are open, as far as they were asked since they opened. */
  pipes: { node: string; open: number; sentBytes: number; receivedBytes: number }[]
  /** Of those pairs; null: the node is alone. */
  pipePorts: { all: number; used: number } | null
  /** By room: tracks carried between workers, and those landed from other nodes. */
  roomPipes: ReadonlyMap<RoomId, number>
  voices: VoiceFigures
}

/** Of all rooms of the node. */
export interface VoiceFigures {
  /** Published in the rooms, on whichever node. */
  microphones: number
  /** Those that are heard at this node. */
  heard: number
  /** Of sound to people: media goes out. */
  running: number
  /** Of microphones that are not heard. */
  held: number
  /** How often a microphone began to be heard or ended, since the start. */
  changes: number
}

/** How many of each kind the media side has open. */
export interface MediaResources {
  routers: number
  webRtcTransports: number
  pipeTransports: number
  directTransports: number
  plainTransports: number
  producers: number
  consumers: number
  dataProducers: number
  dataConsumers: number
  rtpObservers: number
}

export interface RoomMediaListener {
  /** Audible tracks now, loudest first, `level` 0..1; fires on every observer interval (400 ms) with a change, also with [] at silence. */
  onSpeakers(speakers: { participantId: ParticipantId; trackId: TrackId; level: number }[]): void
  /**
   * Highest layer any subscriber wants of a published video track (dynacast), per codec. -1: nobody wants it.
   * `spatialLayers` 0: announced but not published, and somebody can take no other (backup codec).
   */
  onDemandChanged(
    publisher: ParticipantId,
    trackId: TrackId,
    demand: { mimeType: string; maxSpatialLayer: number; spatialLayers: number }[],
  ): void
  /** Whether the microphone of whoever has this sid in the room is heard, however many there are. */
  hasFloor(participantId: ParticipantId): boolean
}

export interface RoomMedia {
  /** Places the peer with others of the room while their worker is under its budget (decision 0033). */
  openPeer(options: PeerMediaOptions, listener: PeerMediaListener): Promise<PeerMedia>
  /**
   * Makes a track published in `source`, another room of the same node, one of this room too, as `participantId`'s: it is
   * subscribed and captured here under its own id, and its publisher is asked for what either room wants. The caller calls
   * the returned function when the track is not to be had here any more. Throws AppError('track_not_found').
   */
  forward(source: RoomMedia, trackId: TrackId, participantId: ParticipantId): () => void
  /** `RoomMediaListener.hasFloor` may answer differently from now on. Cheap. */
  checkFloor(): void
  /** Plain RTP of published tracks for a recorder. The caller closes it. */
  openCapture(listener: CaptureMediaListener): CaptureMedia
  /**
   * The room may be on other nodes too from now on; call once. Throws AppError('failed_precondition') when this node was given
   * no address for media between nodes.
   */
  connectNodes(signals: PipeSignals, mayHave: (node: string, trackId: TrackId) => boolean): NodeMedia
  /** Resolves when connections are gone that peers of it have left open for a while, too. */
  close(reason: MediaCloseReason): Promise<void>
}

export interface PeerMediaOptions {
  participantId: ParticipantId
  /** Sound and picture of a source may be in one stream, to be played in step (decision 0009); else each is in its own. */
  canShareStreams: boolean
  /** The client hears of a track by its first packet, so that a muted one is given silence or a black picture to begin with. */
  hearsTracksByMedia?: boolean
  /** Takes every microphone of the room, however many there are: a recorder or an agent. */
  hearsAll?: boolean
  /** Where the client's signalling came from; the candidates it gets are those of that network. Absent: unknown. */
  clientAddress?: string
  /** Publishers are placed near each other. Default true. */
  mayPublish?: boolean
  /** Tell the client only candidates of this protocol. */
  candidateProtocol?: CandidateProtocol
  /** How much may wait for a client that receives reliable data slowly; default 16 MiB. */
  reliableQueueBytes?: number
}

export type CandidateProtocol = 'udp' | 'tcp'

/** What happens to a peer by itself. Nothing here is called after `close` has been called. */
export interface PeerMediaListener {
  /** The subscriber connection needs (re)negotiation: at most one offer is outstanding at a time. */
  onSubscriberOffer(offer: { sdp: string; midToTrackId: Record<string, string> }): void
  onConnected(side: 'publisher' | 'subscriber'): void
  /** ICE lost for good or DTLS failed. The peer is still open; the client may restart ICE. */
  onDisconnected(side: 'publisher' | 'subscriber'): void
  /** A user message from the client on the channel of that label, whole. `other`: on one that clients of LiveKit do not have. */
  onData(kind: DataKind | 'other', payload: Uint8Array): void
  /** A subscription ended although its track is still published; it is not subscribed any more. 'codec_unsupported': the client refuses it. */
  onSubscriptionLost(trackId: TrackId, error: Error): void
  /** A subscribed track's flow was paused for lack of bandwidth, or came back. */
  onStreamState(trackId: TrackId, state: 'active' | 'paused'): void
  /**
   * A reliable message to this client is lost for good: too much waits for it, or its SCTP association failed. Nothing
   * after it will be sent; the room must tell the client to reconnect (full) and close the peer.
   */
  onDataLost(why: string): void
  /** The worker under this peer died: the room must tell the client to reconnect (full) and close the peer. */
  onLost(reason: 'worker_died'): void
}

export type DataKind = 'reliable' | 'lossy' | 'data_track'

/** What the signalling side knows of tracks announced by AddTrackRequest, used to give meaning to an offer's sections. */
export interface TrackClaim {
  trackId: TrackId
  /** AddTrackRequest.cid: equals the msid track id in the offer. */
  cid: string
  /**
   * simulcastCodecs[]: codec ('vp8', 'h264', 'vp9', 'av1', 'opus' ... lower case, may be '') and its own cid, which is ''
   * while a backup codec is only announced; sizes of its layers, low first, when they differ from the track's.
   */
  codecs: { codec: string; cid: string; layers?: { quality: number; width: number; height: number }[] }[]
  /** Once a backup codec is sent, all subscribers take it (BackupCodecPolicy). */
  isRegressing?: boolean
  kind: 'audio' | 'video'
  /** Number of AddTrackRequest.layers, 0 when none was given. */
  layerCount: number
  /** Sizes by quality, low first, for adaptive stream: [{width,height}] of AddTrackRequest.layers, else the track's size. */
  layers: { quality: number; width: number; height: number }[]
  muted: boolean
  /** Tracks of a participant with the same name belong together in time; any text without spaces that is no track id. */
  stream: string
  /** A shared screen: served before cameras where the link is narrow. */
  isScreen?: boolean
  /** A microphone: of many in a room only some are heard at once (decision 0032). */
  isVoice?: boolean
  disableDtx: boolean
  stereo: boolean
}

export interface PublishedMedia {
  trackId: TrackId
  mid: string
  mimeType: string
  /** Codecs actually published with the layers mediasoup knows (spatial layer 0 = lowest). */
  spatialLayers: number
  simulcast: boolean
  /** RTP streams as offered, low layer first: one for SVC. Simulcast has rids, single streams ssrcs. */
  streams: { rid?: string; ssrc?: number; repairSsrc?: number }[]
}

export interface PeerMedia {
  readonly workerIndex: number
  /** Creates the subscriber connection and sends its first offer (only the data section) through the listener. */
  start(): Promise<void>

  /**
   * Answers a publisher offer: opens producers for newly sending sections, closes those of sections that stopped,
   * restarts ICE when the ufrag changed. Serialised inside. Always answers or throws AppError('bad_sdp', ...): a section
   * that cannot be used is answered inactive and named in `refused`.
   */
  handlePublisherOffer(
    sdp: string,
    claims: TrackClaim[],
  ): Promise<{
    answer: string
    published: PublishedMedia[]
    unpublished: TrackId[]
    /** Tracks that go on in fewer codecs than before. */
    reduced: TrackId[]
    refused: { trackId: TrackId | null; mid: string; reason: string }[]
  }>
  setTrackMuted(trackId: TrackId, muted: boolean): Promise<void>
  /** Closes the producers of a track although the client still offers it (server-side unpublish). */
  unpublish(trackId: TrackId): Promise<void>

  /** Tracks are looked up in the same RoomMedia by id, piped from their worker when needed. Throws AppError('track_not_found'). Idempotent. */
  subscribe(trackId: TrackId): Promise<void>
  unsubscribe(trackId: TrackId): Promise<void>
  /** Adaptive stream: `disabled` pauses; when width > 0 the smallest layer covering width×height is chosen, else `quality` 0..2 (LOW, MEDIUM, HIGH). fps 0 = any. */
  updateTrackSettings(
    trackId: TrackId,
    settings: {
      disabled: boolean
      quality: number
      width: number
      height: number
      fps: number
      priority: number
    },
  ): Promise<void>

  handleSubscriberAnswer(sdp: string): Promise<void>
  /** The client resumed from this address: what is described from now on has candidates of that network. */
  handleClientMoved(clientAddress: string): void
  /** New ICE credentials and an offer with them; an outstanding offer becomes void. For resume. */
  restartSubscriberIce(): Promise<void>

  /** Bound of what the subscriber connection sends, bits a second; 0: none but the link's own. */
  limitSubscriberBitrate(bps: number): Promise<void>

  /**
   * Sends on the subscriber connection's channel; false when it is not open yet or its buffer is over the bound: lossy is
   * then dropped, reliable has been queued up to `reliableQueueBytes` before that and onDataLost follows.
   */
  sendData(kind: DataKind, payload: Uint8Array): boolean

  /** Worst of both directions over the last interval, for ConnectionQualityUpdate. Score 0..5 as LiveKit's, null when nothing flows. */
  quality(): Promise<{ score: number | null; lossPercent: number; rttMs: number | null }>
  /**
   * Everything ends at once but, for `graceMs` at most, the two connections that carried it: they are left for the client to close, which was
   * told to come back. Nothing that comes by them counts. Default 0: they end at once, too.
   */
  close(reason: MediaCloseReason, graceMs?: number): Promise<void>
}

/** Nothing here is called after `close` has been called. */
export interface CaptureMediaListener {
  /**
   * Nothing of a track comes any more although it is still published: the worker where it is, or where it had landed from another
   * node, died, or the way from there was lost. It is not captured any more, and may be consumed again.
   */
  onLost(trackId: TrackId, reason: CaptureLossReason): void
}
export type CaptureLossReason = 'worker_died' | 'way_lost'

export interface CaptureMedia {
  /** Sends the track's highest layer to address:port as plain RTP with RTCP muxed; starts paused. Throws AppError('track_not_found'). */
  consume(
    trackId: TrackId,
    address: string,
    port: number,
  ): Promise<{
    payloadType: number
    ssrc: number
    mimeType: string
    clockRate: number
    channels: number | undefined
    fmtp: string
    /** Id of the header extension that tells how a picture is turned; undefined: it does not come. */
    videoOrientationId: number | undefined
  }>
  /** Starts the flow and asks the publisher for a key frame. */
  resume(trackId: TrackId): Promise<void>
  release(trackId: TrackId): Promise<void>
  close(reason: MediaCloseReason): Promise<void>
}
