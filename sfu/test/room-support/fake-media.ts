/**
 * The media ports in memory: records what the room asked, lets a test play what media does by itself. A publisher offer
 * is JSON `{publish: [cid], stop: [trackId], bad?: true}`, so that tests say in words what an SDP would.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, RoomId, TrackId } from '@diemcau/core/ids.ts'
import type { NodeMedia, PipeSignals, RemoteTrack, RemoteTrackFacts } from '../../src/room/base/node-media.ts'
import type {
  CaptureMedia,
  CaptureMediaListener,
  DataKind,
  MediaCloseReason,
  MediaNode,
  PeerMedia,
  PeerMediaListener,
  PeerMediaOptions,
  RoomMedia,
  RoomMediaListener,
  TrackClaim,
} from '../../src/room/base/ports.ts'

export interface FakeOffer {
  publish?: string[]
  stop?: string[]
  /** Tracks of which one of several codecs stops. */
  reduced?: TrackId[]
  bad?: boolean
}

export class FakeMediaNode implements MediaNode {
  readonly rooms: FakeRoomMedia[] = []
  openRoom(roomId: RoomId, listener: RoomMediaListener): RoomMedia {
    const room = new FakeRoomMedia(roomId, listener)
    this.rooms.push(room)
    return room
  }
  workers() {
    return [{ index: 0, pid: 1, peers: this.peers().length }]
  }
  use() {
    return { workerLoads: [0], portsTaken: 0, people: 0, estimate: 0.005 }
  }
  resources() {
    return {
      routers: this.rooms.filter(room => room.closedWith === undefined).length,
      webRtcTransports: 0,
      pipeTransports: 0,
      directTransports: 0,
      plainTransports: 0,
      producers: 0,
      consumers: 0,
      dataProducers: 0,
      dataConsumers: 0,
      rtpObservers: 0,
    }
  }
  async figures() {
    const workers = this.workers().map(worker => ({ ...worker, load: 0, cpuMs: null, peakMemoryBytes: null }))
    const voices = { microphones: 0, heard: 0, running: 0, held: 0, changes: 0 }
    return {
      wantedWorkers: 1,
      workers,
      placements: {},
      pipes: [],
      pipePorts: null,
      roomPipes: new Map(),
      voices,
    }
  }
  async close() {}
  peers(): FakePeer[] {
    return this.rooms.flatMap(room => room.peers)
  }
  peer(participantId: string): FakePeer {
    const peer = this.peers().find(candidate => candidate.options.participantId === participantId)
    if (!peer) throw new Error(`no media for ${participantId}`)
    return peer
  }
}

export class FakeRoomMedia implements RoomMedia {
  readonly roomId: RoomId
  readonly listener: RoomMediaListener
  readonly peers: FakePeer[] = []
  readonly captures: FakeCapture[] = []
  readonly tracks = new Set<TrackId>()
  closedWith: MediaCloseReason | undefined
  /** While set, openPeer waits for it. */
  openGate: Promise<void> | undefined
  failOpen = false
  constructor(roomId: RoomId, listener: RoomMediaListener) {
    this.roomId = roomId
    this.listener = listener
  }
  async openPeer(options: PeerMediaOptions, listener: PeerMediaListener): Promise<PeerMedia> {
    await this.openGate
    if (this.failOpen) throw new Error('no worker')
    const peer = new FakePeer(this, options, listener)
    this.peers.push(peer)
    return peer
  }
  readonly forwarded = new Map<TrackId, ParticipantId>()
  forward(source: RoomMedia, trackId: TrackId, participantId: ParticipantId) {
    if (!(source as FakeRoomMedia).tracks.has(trackId)) throw new AppError('track_not_found', trackId)
    this.tracks.add(trackId)
    this.forwarded.set(trackId, participantId)
    return () => {
      this.tracks.delete(trackId)
      this.forwarded.delete(trackId)
    }
  }
  /** How often the room asked to look who has the floor. */
  floorChecks = 0
  checkFloor() {
    this.floorChecks += 1
  }
  nodes: FakeNodeMedia | undefined
  connectNodes(signals: PipeSignals, mayHave: FakeNodeMedia['mayHave']): NodeMedia {
    this.nodes = new FakeNodeMedia(this, signals, mayHave)
    return this.nodes
  }
  openCapture(listener: CaptureMediaListener): CaptureMedia {
    const capture = new FakeCapture(this, listener)
    this.captures.push(capture)
    return capture
  }
  async close(reason: MediaCloseReason) {
    this.closedWith ??= reason
    for (const peer of this.peers) await peer.close(reason)
  }
}

/** Shows tracks of other nodes and tells of its own; nothing is carried. */
class FakeNodeMedia implements NodeMedia {
  readonly room: FakeRoomMedia
  readonly signals: PipeSignals
  readonly remote = new Map<TrackId, { node: string; facts: RemoteTrackFacts }>()
  readonly gone: string[] = []
  readonly mayHave: (node: string, trackId: TrackId) => boolean
  constructor(room: FakeRoomMedia, signals: PipeSignals, mayHave: FakeNodeMedia['mayHave']) {
    this.room = room
    this.signals = signals
    this.mayHave = mayHave
  }
  factsOf(trackId: TrackId): RemoteTrackFacts {
    const peer = this.room.peers.find(({ published }) => published.has(trackId))
    const participantId = this.room.forwarded.get(trackId) ?? peer?.options.participantId
    if (!participantId) throw new AppError('track_not_found', trackId)
    return {
      trackId,
      participantId,
      kind: 'video',
      stream: 'camera',
      isScreen: false,
      isVoice: false,
      layers: [],
      muted: peer?.muted.get(trackId) ?? false,
      announced: [],
      codecs: [{ mimeType: 'video/VP8', spatialLayers: 1, simulcast: false, layers: [] }],
      regressedTo: null,
      homeRouter: 'router',
    }
  }
  addRemote(node: string, facts: RemoteTrackFacts): RemoteTrack {
    if (this.room.tracks.has(facts.trackId)) throw new AppError('already_exists', facts.trackId)
    this.room.tracks.add(facts.trackId)
    this.remote.set(facts.trackId, { node, facts })
    return {
      update: newest => void this.remote.set(facts.trackId, { node, facts: newest }),
      remove: () => {
        this.remote.delete(facts.trackId)
        this.room.tracks.delete(facts.trackId)
      },
    }
  }
  async handleOpen() {
    return { serial: 1, refused: 'not_found' }
  }
  handleWant() {}
  handleState() {}
  handleNodeGone(node: string) {
    this.gone.push(node)
  }
}

export class FakePeer implements PeerMedia {
  readonly workerIndex = 0
  readonly room: FakeRoomMedia
  readonly options: PeerMediaOptions
  readonly listener: PeerMediaListener
  readonly subscribed = new Set<TrackId>()
  readonly settings = new Map<TrackId, Parameters<PeerMedia['updateTrackSettings']>[1]>()
  readonly muted = new Map<TrackId, boolean>()
  readonly published = new Set<TrackId>()
  readonly sent: { kind: DataKind; payload: Uint8Array }[] = []
  readonly calls: string[] = []
  readonly answers: string[] = []
  score: number | null = null
  iceRestarts = 0
  closedWith: MediaCloseReason | undefined
  /** How long its connections are left to the client. */
  graceMs = 0
  /** While set, subscribe waits for it. */
  subscribeGate: Promise<void> | undefined
  subscribeFailures = 0
  constructor(room: FakeRoomMedia, options: PeerMediaOptions, listener: PeerMediaListener) {
    this.room = room
    this.options = options
    this.listener = listener
  }
  async start() {
    this.calls.push('start')
    this.listener.onSubscriberOffer({ sdp: 'offer with data only', midToTrackId: {} })
  }
  async handlePublisherOffer(sdp: string, claims: TrackClaim[]) {
    const offer = parse(sdp)
    if (offer.bad) throw new AppError('bad_sdp', 'absurd')
    const refused: { trackId: TrackId | null; mid: string; reason: string }[] = []
    const published = []
    for (const cid of offer.publish ?? []) {
      const claim = claims.find(candidate => candidate.cid === cid && !this.published.has(candidate.trackId))
      if (!claim || cid === 'refuse-me') {
        refused.push({ trackId: claim?.trackId ?? null, mid: '9', reason: 'unsupported' })
        continue
      }
      this.published.add(claim.trackId)
      this.room.tracks.add(claim.trackId)
      const mimeType = claim.kind === 'audio' ? 'audio/opus' : 'video/VP8'
      const spatialLayers = Math.max(1, claim.layerCount)
      const { trackId } = claim
      published.push({
        trackId,
        mid: `${this.published.size}`,
        mimeType,
        spatialLayers,
        simulcast: spatialLayers > 1,
        streams: [{ ssrc: this.published.size }],
      })
    }
    const unpublished = [...this.published].filter(trackId => offer.stop?.includes(trackId))
    for (const trackId of unpublished) this.#drop(trackId)
    const { reduced = [] } = offer
    return { answer: `answer to ${sdp}`, published, unpublished, reduced, refused }
  }
  #drop(trackId: TrackId) {
    this.published.delete(trackId)
    this.room.tracks.delete(trackId)
  }
  handleClientMoved(clientAddress: string) {
    this.calls.push(`moved to ${clientAddress}`)
  }
  async setTrackMuted(trackId: TrackId, muted: boolean) {
    this.muted.set(trackId, muted)
  }
  async unpublish(trackId: TrackId) {
    this.calls.push(`unpublish ${trackId}`)
    this.#drop(trackId)
  }
  async subscribe(trackId: TrackId) {
    this.calls.push(`subscribe ${trackId}`)
    await this.subscribeGate
    if (this.subscribeFailures > 0) {
      this.subscribeFailures--
      throw new Error('transient')
    }
    if (!this.room.tracks.has(trackId)) throw new AppError('track_not_found', trackId)
    this.subscribed.add(trackId)
  }
  async unsubscribe(trackId: TrackId) {
    this.calls.push(`unsubscribe ${trackId}`)
    this.subscribed.delete(trackId)
  }
  async updateTrackSettings(trackId: TrackId, settings: Parameters<PeerMedia['updateTrackSettings']>[1]) {
    this.settings.set(trackId, settings)
  }
  async handleSubscriberAnswer(sdp: string) {
    if (sdp === 'bad') throw new AppError('bad_sdp', 'absurd')
    this.answers.push(sdp)
  }
  async restartSubscriberIce() {
    this.iceRestarts++
    this.listener.onSubscriberOffer({ sdp: 'offer with new credentials', midToTrackId: {} })
  }
  bitrateLimit = 0
  async limitSubscriberBitrate(bps: number) {
    this.bitrateLimit = bps
  }
  areChannelsOpen = true
  sendData(kind: DataKind, payload: Uint8Array) {
    if (!this.areChannelsOpen) return false
    this.sent.push({ kind, payload })
    return true
  }
  async quality() {
    return { score: this.score, lossPercent: 0, rttMs: null }
  }
  async close(reason: MediaCloseReason, graceMs = 0) {
    if (this.closedWith) return
    this.closedWith = reason
    this.graceMs = graceMs
    for (const trackId of [...this.published]) this.#drop(trackId)
  }
}

export class FakeCapture implements CaptureMedia {
  readonly room: FakeRoomMedia
  readonly listener: CaptureMediaListener
  readonly calls: string[] = []
  closedWith: MediaCloseReason | undefined
  constructor(room: FakeRoomMedia, listener: CaptureMediaListener) {
    this.room = room
    this.listener = listener
  }
  async consume(trackId: TrackId, address: string, port: number) {
    if (!this.room.tracks.has(trackId)) throw new AppError('track_not_found', trackId)
    this.calls.push(`consume ${trackId} ${address}:${port}`)
    return {
      payloadType: 96,
      ssrc: 7,
      mimeType: 'video/VP8',
      clockRate: 90000,
      channels: undefined,
      fmtp: '',
      videoOrientationId: undefined,
    }
  }
  async resume(trackId: TrackId) {
    this.calls.push(`resume ${trackId}`)
  }
  async release(trackId: TrackId) {
    this.calls.push(`release ${trackId}`)
  }
  async close(reason: MediaCloseReason) {
    this.closedWith ??= reason
  }
}

function parse(sdp: string): FakeOffer {
  try {
    return JSON.parse(sdp)
  } catch {
    return { bad: true }
  }
}
