import { AppError } from '@diemcau/core/errors.ts'
import type { TrackId } from '@diemcau/core/ids.ts'
import type { RtpCapabilities, WebRtcTransport } from 'mediasoup/types'
import type { Logger } from 'pino'
import type { DataKind } from '../../room/base/ports.ts'
import { DEFAULT_SETTINGS, type TrackSettings } from '../track/layer-choice.ts'
import type { Carrier, PublishedTrack, TrackCodec, TrackViewer } from '../track/published-track.ts'
import type { FlowReport } from '../track/quality-score.ts'
import type { TrackDirectory } from '../track/track-directory.ts'
import type { Voices } from '../voices/room-voices.ts'
import type { ClientNetwork } from '../worker/announced-addresses.ts'
import { closeNow } from '../worker/parting-transports.ts'
import type { RoomRouter } from '../worker/room-router.ts'
import { watchTransport } from '../worker/transport-events.ts'
import { within } from '../worker/within.ts'
import { CodecChoice } from './codec-choice.ts'
import { CodecWaits } from './codec-waits.ts'
import { CongestionControl } from './congestion-control.ts'
import { countSound, reportFlows } from './flow-reports.ts'
import { SubscriberData } from './subscriber-data.ts'
import { SubscriberNegotiation } from './subscriber-negotiation.ts'
import { type Blank, Subscription } from './subscription.ts'

/** A consumer that is not there by then counts as failed: one that never comes would hold back every offer, ms. */
const CONSUME_TIMEOUT_MS = 10_000

/** Refused tracks of one client that are logged as warnings; each is refused several times before it is given up. */
const LOGGED_REFUSALS = 3

export interface SubscriberListener {
  onOffer(offer: { sdp: string; midToTrackId: Record<string, string> }): void
  onConnected(): void
  onDisconnected(): void
  /** As PeerMediaListener.onSubscriptionLost. */
  onSubscriptionLost(trackId: TrackId, error: Error): void
  onStreamState(trackId: TrackId, state: 'active' | 'paused'): void
  /** As PeerMediaListener.onDataLost. */
  onDataLost(why: string): void
}

/** The connection a client receives on: its subscriptions, what it can decode, and its data. */
export class SubscriberConnection implements TrackViewer {
  readonly #home: RoomRouter
  readonly #transport: WebRtcTransport
  readonly #data: SubscriberData
  readonly #directory: TrackDirectory
  readonly #pipes: Carrier
  readonly #logger: Logger
  readonly #listener: SubscriberListener
  readonly #capabilities: RtpCapabilities
  readonly #hearsTracksByMedia: boolean
  readonly #voices: Voices | undefined
  readonly #subscriptions = new Map<TrackId, Subscription>()
  /** Settings that came before their subscription. */
  readonly #earlySettings = new Map<TrackId, TrackSettings>()
  readonly #codecs = new CodecChoice()
  readonly #waits = new CodecWaits(track => {
    track.removeViewer(this)
    this.#handleUndecodable(track)
  })
  readonly #negotiation: SubscriberNegotiation
  readonly #congestion: CongestionControl
  #refusals = 0
  #isClosed = false

  private constructor(
    home: RoomRouter,
    transport: WebRtcTransport,
    data: SubscriberData,
    directory: TrackDirectory,
    pipes: Carrier,
    logger: Logger,
    {
      canShareStreams,
      hearsTracksByMedia = false,
      voices,
    }: { canShareStreams: boolean; hearsTracksByMedia?: boolean; voices?: Voices | undefined },
    listener: SubscriberListener,
  ) {
    this.#hearsTracksByMedia = hearsTracksByMedia
    this.#voices = voices
    this.#home = home
    this.#transport = transport
    this.#data = data
    this.#directory = directory
    this.#pipes = pipes
    this.#logger = logger
    this.#listener = listener
    this.#negotiation = new SubscriberNegotiation(home, transport, logger, canShareStreams, {
      onOffer: offer => listener.onOffer(offer),
      publisherOf: track => directory.publisherOf(track),
      onSettled: (subscription, isAccepted) => this.#settle(subscription, isAccepted),
    })
    this.#capabilities = home.subscriberCapabilities()
    this.#congestion = new CongestionControl(transport, () => this.#subscriptions.values(), logger)
  }

  static async create(
    home: RoomRouter,
    directory: TrackDirectory,
    pipes: Carrier,
    logger: Logger,
    {
      network = { address: '' },
      reliableQueueBytes,
      ...client
    }: {
      /** As in PeerMediaOptions. */
      canShareStreams: boolean
      hearsTracksByMedia?: boolean
      /** Undefined: it hears all. */
      voices?: Voices | undefined
      network?: ClientNetwork
      reliableQueueBytes?: number | undefined
    },
    listener: SubscriberListener,
  ): Promise<SubscriberConnection> {
    const transport = await home.createWebRtcTransport(network)
    try {
      const onLost = (why: string) => listener.onDataLost(why)
      const data = new SubscriberData(home, transport, logger, { reliableQueueBytes, onLost })
      await data.open()
      watchTransport(transport, listener)
      return new SubscriberConnection(home, transport, data, directory, pipes, logger, client, listener)
    } catch (error) {
      transport.close()
      throw error
    }
  }

  /** The first offer: only the data section, so that the client connects before there is any track. */
  start(): void {
    this.#negotiation.want()
  }

  /** Resolves when the consumer exists; the offer follows. @throws AppError track_not_found, codec_unsupported */
  subscribe(trackId: TrackId): Promise<void> {
    this.#assertOpen()
    const existing = this.#subscriptions.get(trackId)
    if (existing) return existing.ready
    if (this.#waits.has(trackId)) return Promise.resolve()
    return this.#open(this.#directory.get(trackId))
  }

  unsubscribe(trackId: TrackId): void {
    this.#earlySettings.delete(trackId)
    const subscription = this.#subscriptions.get(trackId)
    if (subscription) this.#drop(subscription)
    else this.#endWait(trackId)
  }

  async updateSettings(trackId: TrackId, settings: TrackSettings): Promise<void> {
    const subscription = this.#subscriptions.get(trackId)
    if (subscription) {
      await subscription.update(settings)
      this.#congestion.reconsider()
    } else if (this.#waits.has(trackId)) this.#waits.update(trackId, settings)
    else this.#earlySettings.set(trackId, settings)
  }

  /** These microphones are heard now (true), or not any more. */
  voicesChanged(changed: ReadonlyMap<TrackId, boolean>): void {
    if (!this.#voices) return
    for (const [trackId, isHeard] of changed) this.#subscriptions.get(trackId)?.setHeard(isHeard)
  }

  /** Sound that goes out, and microphones that are not heard. */
  countSound(): { running: number; held: number } {
    return countSound(this.#subscriptions.values())
  }

  /** @throws AppError('bad_sdp') */
  handleAnswer(sdp: string): Promise<void> {
    return this.#negotiation.handleAnswer(sdp)
  }

  /** For a client that resumes: new credentials in an offer at once; the outstanding offer, if any, becomes void. */
  async restartIce(): Promise<void> {
    this.#assertOpen()
    await this.#negotiation.restartIce()
  }

  async limitBitrate(bps: number): Promise<void> {
    await this.#congestion.limit(bps)
  }

  sendData(kind: DataKind, payload: Uint8Array): boolean {
    return !this.#isClosed && this.#data.send(kind, payload)
  }

  reports(): Promise<FlowReport[]> {
    return reportFlows([...this.#subscriptions.values()])
  }

  codecEnded(track: PublishedTrack, codec: TrackCodec): void {
    if (track.codecs.length === 0) this.#endWait(track.trackId)
    const subscription = this.#subscriptions.get(track.trackId)
    if (subscription?.codec !== codec) return
    this.#drop(subscription)
    if (this.#isClosed || track.codecs.length === 0) return
    this.#openOther(track, subscription.settings)
  }

  /** A codec waited for is there, or one that everybody is to take now. */
  codecAdded(track: PublishedTrack): void {
    const subscription = this.#subscriptions.get(track.trackId)
    const choice = this.#codecs.choose(track)
    if (this.#isClosed || !choice || 'awaited' in choice) return
    if (subscription) {
      if (track.regressedTo === undefined || choice.codec === subscription.codec) return
      this.#drop(subscription)
      this.#openOther(track, subscription.settings)
      return
    }
    const settings = this.#waits.end(track.trackId)
    if (settings) this.#openOther(track, settings)
  }

  #endWait(trackId: TrackId): void {
    const track = this.#waits.track(trackId)
    if (!track) return
    this.#waits.end(trackId)
    track.removeViewer(this)
  }

  #openOther(track: PublishedTrack, settings: TrackSettings): void {
    this.#earlySettings.set(track.trackId, settings)
    this.#open(track).catch(error => {
      this.#logger.warn({ err: error, trackId: track.trackId }, 'no other codec could be taken')
      this.#listener.onSubscriptionLost(track.trackId, error)
    })
  }

  /** As PublisherConnection.close. */
  close(end = closeNow): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#negotiation.close()
    this.#congestion.stop()
    for (const subscription of this.#subscriptions.values()) {
      subscription.track.removeViewer(this)
      subscription.close()
    }
    this.#subscriptions.clear()
    for (const track of this.#waits.tracks()) this.#endWait(track.trackId)
    this.#data.close()
    end(this.#transport)
  }

  #open(track: PublishedTrack): Promise<void> {
    const choice = this.#codecs.choose(track)
    if (!choice) return Promise.reject(undecodable(track))
    const settings = this.#earlySettings.get(track.trackId) ?? DEFAULT_SETTINGS
    if ('awaited' in choice) {
      this.#earlySettings.delete(track.trackId)
      track.addViewer(this)
      this.#waits.start(track, choice.awaited, settings)
      return Promise.resolve()
    }
    const subscription = new Subscription({
      track,
      codec: choice.codec,
      settings,
      isHeard: this.#voices?.isHeard(track.trackId) ?? true,
      needsFirstPackets: this.#hearsTracksByMedia,
      logger: this.#logger,
      onStreamState: state => this.#listener.onStreamState(track.trackId, state),
    })
    this.#earlySettings.delete(track.trackId)
    subscription.section = this.#negotiation.sections.take(track.kind, subscription)
    this.#subscriptions.set(track.trackId, subscription)
    track.addViewer(this)
    subscription.ready = this.#consume(subscription)
    return subscription.ready
  }

  async #consume(subscription: Subscription): Promise<void> {
    const { track, codec, section } = subscription
    const releaseHold = this.#negotiation.hold()
    try {
      const blank = await this.#blankFor(subscription)
      const { producerId, release } = blank ?? (await track.reach(codec, this.#home, this.#pipes))
      subscription.releasePipe = release
      if (subscription.isClosed) {
        release()
        return
      }
      const consumer = await within(
        this.#transport.consume({
          producerId,
          rtpCapabilities: this.#capabilities,
          mid: section.mid,
          paused: true,
          // For sound, too, where mediasoup would leave out lost packets' retransmission (NACK) otherwise.
          enableRtx: true,
        }),
        CONSUME_TIMEOUT_MS,
        late => late.close(),
      )
      if (subscription.isClosed) {
        consumer.close()
        return
      }
      // What it consumes went away while it was made: nobody would tell of it any more.
      if (consumer.closed) throw new AppError('unavailable', 'the way to the track was lost')
      subscription.attach(consumer, blank)
      this.#congestion.watch(consumer)
      // Its pipe or the publisher's worker went away; a track that ended properly has left before.
      consumer.on('producerclose', () => {
        if (subscription.isClosed) return
        this.#drop(subscription)
        this.#listener.onSubscriptionLost(
          track.trackId,
          new AppError('unavailable', 'the way to the track was lost'),
        )
      })
      this.#negotiation.sections.fill(section, consumer.rtpParameters)
      this.#negotiation.want()
    } catch (error) {
      this.#drop(subscription)
      if (codec.producer.closed || subscription.track.codecs.length === 0)
        throw new AppError('track_not_found', 'the track ended while it was subscribed', { cause: error })
      throw error
    } finally {
      releaseHold()
    }
  }

  /** What the client is given in place of a muted track until it is unmuted; undefined when it is to have the track itself. */
  async #blankFor(subscription: Subscription): Promise<Blank | undefined> {
    const { producer, mimeType } = subscription.codec
    if (!this.#hearsTracksByMedia || !producer.paused) return undefined
    const producerId = await this.#home.blanks.producerId(mimeType)
    // It may have been unmuted meanwhile.
    if (producerId === undefined || !producer.paused || subscription.isClosed) return undefined
    const replace = () => {
      if (subscription.isClosed) return
      this.#drop(subscription)
      this.#openOther(subscription.track, subscription.settings)
    }
    producer.observer.once('resume', replace)
    return {
      producerId,
      release: () => producer.observer.off('resume', replace),
      send: () => this.#home.blanks.send(mimeType),
    }
  }

  #drop(subscription: Subscription): void {
    if (subscription.isClosed) return
    subscription.close()
    const { track, section } = subscription
    track.removeViewer(this)
    if (this.#subscriptions.get(track.trackId) === subscription) this.#subscriptions.delete(track.trackId)
    this.#negotiation.sections.retire(section)
    this.#negotiation.want()
  }

  #settle(subscription: Subscription, isAccepted: boolean): void {
    if (!isAccepted) {
      this.#refuse(subscription)
      return
    }
    this.#codecs.handleAccepted(subscription.codec.mimeType)
    subscription.goLive().catch(error => this.#logger.warn({ err: error }, 'subscription not resumed'))
    this.#congestion.reconsider()
  }

  /** The client will not receive this codec: another one of the track is taken or asked for, if it has any. */
  #refuse(subscription: Subscription): void {
    const { track, codec } = subscription
    this.#refusals += 1
    const level = this.#refusals > LOGGED_REFUSALS ? 'debug' : 'warn'
    this.#logger[level]({ trackId: track.trackId, mimeType: codec.mimeType }, 'client refused a track')
    this.#drop(subscription)
    this.#codecs.handleRefused(track, codec.mimeType)
    const choice = this.#codecs.choose(track)
    if (!choice) this.#handleUndecodable(track)
    // Perhaps it was not the codec: the room asks again in a while.
    else if ('codec' in choice && choice.codec === codec)
      this.#listener.onSubscriptionLost(
        track.trackId,
        new AppError('unavailable', 'the client refused the track'),
      )
    else this.#openOther(track, subscription.settings)
  }

  #handleUndecodable(track: PublishedTrack): void {
    if (!this.#isClosed) this.#listener.onSubscriptionLost(track.trackId, undecodable(track))
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new AppError('closed', 'the subscriber connection is closed')
  }
}

const undecodable = (track: PublishedTrack): AppError =>
  new AppError('codec_unsupported', `the client decodes no codec of ${track.trackId}`)
