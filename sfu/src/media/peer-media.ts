import { AppError } from '@diemcau/core/errors.ts'
import type { TrackId } from '@diemcau/core/ids.ts'
import type { WebRtcTransport } from 'mediasoup/types'
import type { Logger } from 'pino'
import type {
  DataKind,
  MediaCloseReason,
  PeerMedia,
  PeerMediaListener,
  PeerMediaOptions,
  TrackClaim,
} from '../room/base/ports.ts'
import type { Pipes } from './link/pipes.ts'
import { PublisherConnection } from './publisher/publisher-connection.ts'
import { SubscriberConnection } from './subscriber/subscriber-connection.ts'
import type { TrackSettings } from './track/layer-choice.ts'
import type { Demand } from './track/published-track.ts'
import { rateQuality } from './track/quality-score.ts'
import type { TrackDirectory } from './track/track-directory.ts'
import type { Voices } from './voices/room-voices.ts'
import type { ClientNetwork } from './worker/announced-addresses.ts'
import type { RoomRouter } from './worker/room-router.ts'

/** What mediasoup takes as a limit of the outgoing bitrate. */
const MIN_BITRATE_BPS = 30_000
const MAX_BITRATE_BPS = 1_000_000_000

export interface PeerOwner {
  onDemand(trackId: TrackId, demand: Demand): void
  /** Closes the transport when its client has, after so long at the latest. */
  part(transport: WebRtcTransport, graceMs: number): void
  onClosed(peer: Peer): void
}

/** One participant's media: the connection it publishes on and the one it receives on. */
export class Peer implements PeerMedia {
  readonly options: PeerMediaOptions
  readonly home: RoomRouter
  readonly #network: ClientNetwork
  readonly #directory: TrackDirectory
  readonly #pipes: Pipes
  readonly #voices: Voices
  readonly #logger: Logger
  readonly #listener: PeerMediaListener
  readonly #owner: PeerOwner
  readonly #publisher: PublisherConnection
  #subscriber: SubscriberConnection | undefined
  #isStarting = false
  #isClosed = false

  constructor(
    options: PeerMediaOptions,
    home: RoomRouter,
    directory: TrackDirectory,
    pipes: Pipes,
    voices: Voices,
    logger: Logger,
    listener: PeerMediaListener,
    owner: PeerOwner,
  ) {
    this.options = options
    const { clientAddress = '', candidateProtocol } = options
    this.#network = { address: clientAddress, ...(candidateProtocol ? { protocol: candidateProtocol } : {}) }
    this.home = home
    this.#directory = directory
    this.#pipes = pipes
    this.#voices = voices
    this.#logger = logger
    this.#listener = listener
    this.#owner = owner
    this.#publisher = new PublisherConnection(
      options.participantId,
      home,
      directory,
      logger,
      {
        onConnected: () => this.#tell(l => l.onConnected('publisher')),
        onDisconnected: () => this.#tell(l => l.onDisconnected('publisher')),
        onData: (kind, payload) => this.#tell(l => l.onData(kind, payload)),
        onDemand: (trackId, demand) => {
          if (!this.#isClosed) owner.onDemand(trackId, demand)
        },
      },
      this.#network,
    )
  }

  get workerIndex(): number {
    return this.home.worker.index
  }

  async start(): Promise<void> {
    this.#assertOpen()
    if (this.#subscriber || this.#isStarting) return
    this.#isStarting = true
    const subscriber = await SubscriberConnection.create(
      this.home,
      this.#directory,
      this.#pipes,
      this.#logger,
      {
        canShareStreams: this.options.canShareStreams,
        hearsTracksByMedia: this.options.hearsTracksByMedia ?? false,
        voices: this.options.hearsAll ? undefined : this.#voices,
        network: this.#network,
        reliableQueueBytes: this.options.reliableQueueBytes,
      },
      {
        onOffer: offer => this.#tell(l => l.onSubscriberOffer(offer)),
        onConnected: () => this.#tell(l => l.onConnected('subscriber')),
        onDisconnected: () => this.#tell(l => l.onDisconnected('subscriber')),
        onSubscriptionLost: (trackId, error) => this.#tell(l => l.onSubscriptionLost(trackId, error)),
        onStreamState: (trackId, state) => this.#tell(l => l.onStreamState(trackId, state)),
        onDataLost: why => this.#tell(l => l.onDataLost(why)),
      },
    )
    if (this.#isClosed) {
      subscriber.close()
      this.#assertOpen()
    }
    this.#subscriber = subscriber
    subscriber.start()
  }

  async handlePublisherOffer(sdp: string, claims: TrackClaim[]) {
    this.#assertOpen()
    return await this.#publisher.handleOffer(sdp, claims)
  }

  async setTrackMuted(trackId: TrackId, muted: boolean): Promise<void> {
    await this.#publisher.setTrackMuted(trackId, muted)
  }

  async unpublish(trackId: TrackId): Promise<void> {
    await this.#publisher.unpublish(trackId)
  }

  async subscribe(trackId: TrackId): Promise<void> {
    await this.#started().subscribe(trackId)
  }

  async unsubscribe(trackId: TrackId): Promise<void> {
    this.#subscriber?.unsubscribe(trackId)
  }

  async updateTrackSettings(trackId: TrackId, settings: TrackSettings): Promise<void> {
    await this.#started().updateSettings(trackId, settings)
  }

  async handleSubscriberAnswer(sdp: string): Promise<void> {
    await this.#started().handleAnswer(sdp)
  }

  handleClientMoved(clientAddress: string): void {
    this.#network.address = clientAddress
  }

  async restartSubscriberIce(): Promise<void> {
    await this.#started().restartIce()
  }

  async limitSubscriberBitrate(bps: number): Promise<void> {
    await this.#started().limitBitrate(
      bps > 0 ? Math.min(MAX_BITRATE_BPS, Math.max(MIN_BITRATE_BPS, bps)) : 0,
    )
  }

  sendData(kind: DataKind, payload: Uint8Array): boolean {
    return this.#subscriber?.sendData(kind, payload) ?? false
  }

  /** As SubscriberConnection. */
  voicesChanged(changed: ReadonlyMap<TrackId, boolean>): void {
    this.#subscriber?.voicesChanged(changed)
  }

  countSound(): { running: number; held: number } {
    return this.#subscriber?.countSound() ?? { running: 0, held: 0 }
  }

  async quality() {
    const [up, down] = await Promise.all([this.#publisher.reports(), this.#subscriber?.reports() ?? []])
    return rateQuality([...up, ...down])
  }

  /** The worker is gone, and with it every transport: tell the room, then let go of what is left. */
  lose(): void {
    if (this.#isClosed) return
    const listener = this.#listener
    void this.close('worker_died')
    listener.onLost('worker_died')
  }

  async close(reason: MediaCloseReason, graceMs = 0): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#logger.debug({ reason, graceMs }, 'peer media closed')
    const part = (transport: WebRtcTransport) => this.#owner.part(transport, graceMs)
    this.#publisher.close(part)
    this.#subscriber?.close(part)
    this.#owner.onClosed(this)
  }

  #started(): SubscriberConnection {
    this.#assertOpen()
    if (!this.#subscriber) throw new AppError('not_started', 'the subscriber connection is not started')
    return this.#subscriber
  }

  #tell(call: (listener: PeerMediaListener) => void): void {
    if (!this.#isClosed) call(this.#listener)
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new AppError('closed', 'the peer is closed')
  }
}
