/**
 * One connection of one person or device. Owns its signal link (which may be lost and come back), its media, its
 * publications and its subscriptions, and closes them. What concerns others goes to the room through ParticipantListener.
 */
import { AppError } from '@diemcau/core/errors.ts'
import { newParticipantId, type ParticipantId, type TrackId } from '@diemcau/core/ids.ts'
import {
  type DisconnectReason,
  ParticipantInfo,
  ParticipantInfo_State,
  type ParticipantPermission,
  SessionDescription,
  type SignalResponse,
  StreamState,
  StreamStateInfo,
  StreamStateUpdate,
  SubscriptionError,
  SubscriptionResponse,
} from '@livekit/protocol'
import type { JoinQuery, VerifiedClaims } from './claims.ts'
import { leaveRequestOf, mediaReasonOf, type ParticipantCloseReason, wireReasonOf } from './close-reasons.ts'
import { DataOutlet } from './data-outlet.ts'
import { type RoomLimits, TokenBucket } from './limits.ts'
import type { Log } from './log.ts'
import { Outbox } from './outbox.ts'
import { kindOf, permissionOf } from './permissions.ts'
import type { DataKind, PeerMedia, PeerMediaListener, RoomMedia } from './ports.ts'
import type { Publication } from './publication.ts'
import { Publications, type UnpublishReason } from './publications.ts'
import type { SignalLink } from './signal-link.ts'
import { Subscriptions } from './subscriptions.ts'
import { encodeInfo, encodeSignal } from './wire.ts'

export interface ParticipantListener {
  /** Media connected for the first time. */
  participantActive(participant: Participant): void
  trackPublished(participant: Participant, publication: Publication): void
  trackUnpublished(participant: Participant, publication: Publication, reason: UnpublishReason): void
  trackChanged(participant: Participant, publication: Publication, what: 'muted' | 'info'): void
  /** This participant receives a track now. */
  trackSubscribed(participant: Participant, trackId: TrackId): void
  dataReceived(participant: Participant, kind: DataKind, payload: Uint8Array): void
  /** Sid of the participant that publishes the track, '' when nobody does. */
  publisherOf(trackId: TrackId): string
  /** The participant wants to be closed by its owner for this reason. */
  participantEnded(participant: Participant, reason: ParticipantCloseReason): void
}

export interface ParticipantDeps {
  claims: VerifiedClaims
  query: JoinQuery
  limits: RoomLimits
  log: Log
  now(): number
  listener: ParticipantListener
}

const RETRY_DELAYS_MS = [200, 1_000, 3_000] as const

export class Participant {
  readonly id: ParticipantId = newParticipantId()
  readonly identity: string
  readonly query: JoinQuery
  readonly joinedAtMs: number
  readonly publications: Publications
  readonly subscriptions: Subscriptions
  readonly dataBucket: TokenBucket
  readonly outbox: Outbox
  readonly data = new DataOutlet(() => this.#media)
  name: string
  metadata: string
  attributes: Record<string, string>
  permission: ParticipantPermission
  state: ParticipantInfo_State = ParticipantInfo_State.JOINED
  /** Last `sequence` of a reliable packet received, for ReconnectResponse.lastMessageSeq and to drop repeats. */
  lastReliableSequence = 0
  /** SubscriptionPermission as last sent by this publisher; undefined: everybody may subscribe. */
  trackPermissions:
    | { identity: string; sid: string; allTracks: boolean; trackSids: Set<string> }[]
    | undefined
  hasBeenActive = false
  /** Observers have been told of it, so they must be told of its end. */
  isKnownToObservers = false
  /** Set while the other half of a test of the client's is to be played at its next resume. */
  dropsSignalOnResume = false

  readonly #deps: ParticipantDeps
  readonly #log: Log
  readonly #kind: ParticipantInfo['kind']
  readonly #mediaOpened = Promise.withResolvers<PeerMedia>()
  readonly #mediaStarted = Promise.withResolvers<PeerMedia>()
  #media: PeerMedia | undefined
  #isMediaStarted = false
  #offerId = 0
  #version = 1
  #encoded: Uint8Array | undefined
  #disconnectReason: DisconnectReason | undefined
  #connectTimer: NodeJS.Timeout | undefined
  #resumeTimer: NodeJS.Timeout | undefined
  readonly #lostSides = new Set<'publisher' | 'subscriber'>()
  #mediaLossTimer: NodeJS.Timeout | undefined

  constructor(deps: ParticipantDeps) {
    const { claims, limits } = deps
    this.#deps = deps
    this.#log = deps.log.child({ participantId: this.id, identity: claims.identity })
    this.#kind = kindOf(claims.kind)
    this.identity = claims.identity
    this.name = claims.name
    this.metadata = claims.metadata
    this.attributes = { ...claims.attributes }
    this.permission = permissionOf(claims.video)
    this.query = deps.query
    this.joinedAtMs = deps.now()
    this.dataBucket = new TokenBucket(limits.dataPacketsPerS, limits.dataPacketBurst, this.joinedAtMs)
    this.outbox = new Outbox(limits.updateChunkBytes)
    // Nobody may be waiting when the participant closes early.
    this.#mediaOpened.promise.catch(() => {})
    this.#mediaStarted.promise.catch(() => {})
    this.publications = new Publications(
      {
        limits,
        log: this.#log,
        now: deps.now,
        permission: () => this.permission,
        media: () => this.#mediaOpened.promise,
        send: message => this.send(message),
      },
      {
        trackPublished: publication => {
          this.touch()
          deps.listener.trackPublished(this, publication)
        },
        trackUnpublished: (publication, reason) => {
          this.touch()
          deps.listener.trackUnpublished(this, publication, reason)
        },
        trackChanged: (publication, what) => {
          this.touch()
          deps.listener.trackChanged(this, publication, what)
        },
        offerUnusable: error => this.#handleMediaError(error, 'publisher offer'),
      },
    )
    this.subscriptions = new Subscriptions(
      {
        log: this.#log,
        autoSubscribe: deps.query.autoSubscribe,
        maySubscribe: () => this.permission.canSubscribe,
        media: () => this.#mediaStarted.promise,
        retryDelaysMs: RETRY_DELAYS_MS,
      },
      {
        subscribed: trackId => deps.listener.trackSubscribed(this, trackId),
        subscriptionFailed: (trackSid, error) => {
          const isCodec = error instanceof AppError && error.code === 'codec_unsupported'
          const err = isCodec ? SubscriptionError.SE_CODEC_UNSUPPORTED : SubscriptionError.SE_UNKNOWN
          this.send({ case: 'subscriptionResponse', value: new SubscriptionResponse({ trackSid, err }) })
        },
      },
    )
  }

  get isClosed(): boolean {
    return this.state === ParticipantInfo_State.DISCONNECTED
  }
  /** Opened media, undefined before that and after closing. Data goes through `data`. */
  get media(): PeerMedia | undefined {
    return this.#media
  }
  get isHidden(): boolean {
    return this.permission.hidden
  }
  /** May only watch; in a large room observers are not told of one another. */
  get isObserver(): boolean {
    return !this.permission.canPublish
  }
  /** True while one of its media connections is lost. */
  get isMediaLost(): boolean {
    return this.#lostSides.size > 0
  }

  /** The state others see has changed: a new version. */
  touch(): void {
    this.#version++
    this.#encoded = undefined
  }

  info(): ParticipantInfo {
    const published = this.publications.published()
    return new ParticipantInfo({
      sid: this.id,
      identity: this.identity,
      state: this.state,
      tracks: published.map(publication => publication.info),
      metadata: this.metadata,
      joinedAt: BigInt(Math.floor(this.joinedAtMs / 1000)),
      joinedAtMs: BigInt(this.joinedAtMs),
      name: this.name,
      version: this.#version,
      permission: this.permission,
      isPublisher: published.length > 0,
      kind: this.#kind,
      attributes: this.attributes,
      ...(this.#disconnectReason === undefined ? {} : { disconnectReason: this.#disconnectReason }),
    })
  }

  /** `info()` encoded, once a version. */
  encodedInfo(): Uint8Array {
    this.#encoded ??= encodeInfo(this.info())
    return this.#encoded
  }

  /** Whether this publisher lets `subscriber` have the track (SubscriptionPermission). */
  allowsSubscriber(subscriber: Participant, trackId: TrackId): boolean {
    if (!this.trackPermissions) return true
    return this.trackPermissions.some(
      permission =>
        (permission.sid === subscriber.id || permission.identity === subscriber.identity) &&
        (permission.allTracks || permission.trackSids.has(trackId)),
    )
  }

  /** Opens the media and starts the subscriber connection; on failure the participant ends. */
  async openMedia(room: RoomMedia): Promise<void> {
    const { limits } = this.#deps
    this.#connectTimer = setTimeout(() => this.#end('join_failed'), limits.connectTimeoutMs)
    try {
      const options = { participantId: this.id, sdk: this.query.sdk.toUpperCase() }
      const media = await room.openPeer(options, this.#peerListener())
      if (this.isClosed) {
        await media.close('left')
        return
      }
      this.#media = media
      this.#mediaOpened.resolve(media)
      await media.start()
      this.#isMediaStarted = true
      this.#mediaStarted.resolve(media)
    } catch (error) {
      if (this.isClosed) return
      this.#log.error({ err: error }, 'media of a participant could not be opened')
      // A worker that died meanwhile is replaced: coming back helps.
      const isPassing = error instanceof AppError && error.code === 'unavailable'
      this.#end(isPassing ? 'worker_died' : 'join_failed')
    }
  }

  #peerListener(): PeerMediaListener {
    return {
      onSubscriberOffer: ({ sdp, midToTrackId }) => {
        if (this.isClosed) return
        const value = new SessionDescription({ type: 'offer', sdp, id: ++this.#offerId, midToTrackId })
        // Not kept for a lost socket: the resume restarts ICE, which makes a new offer.
        this.outbox.sendTransient(encodeSignal({ case: 'offer', value }))
      },
      onConnected: side => this.#handleConnected(side),
      onDisconnected: side => this.#handleDisconnected(side),
      onData: (kind, payload) => {
        if (!this.isClosed) this.#deps.listener.dataReceived(this, kind, payload)
      },
      onSubscriptionLost: (trackId, error) => this.subscriptions.handleLost(trackId, error),
      onStreamState: (trackId, state) => {
        const participantSid = this.#deps.listener.publisherOf(trackId)
        if (this.isClosed || !participantSid) return
        const streamState = new StreamStateInfo({
          participantSid,
          trackSid: trackId,
          state: state === 'active' ? StreamState.ACTIVE : StreamState.PAUSED,
        })
        this.send({
          case: 'streamStateUpdate',
          value: new StreamStateUpdate({ streamStates: [streamState] }),
        })
      },
      onLost: reason => this.#end(reason),
    }
  }

  #handleConnected(side: 'publisher' | 'subscriber'): void {
    if (this.isClosed) return
    this.#lostSides.delete(side)
    if (this.#lostSides.size === 0) clearTimeout(this.#mediaLossTimer)
    clearTimeout(this.#connectTimer)
    if (this.state === ParticipantInfo_State.ACTIVE) return
    this.state = ParticipantInfo_State.ACTIVE
    this.hasBeenActive = true
    this.touch()
    this.#log.info({ afterMs: this.#deps.now() - this.joinedAtMs }, 'participant active')
    this.#deps.listener.participantActive(this)
  }

  #handleDisconnected(side: 'publisher' | 'subscriber'): void {
    if (this.isClosed || this.#lostSides.has(side)) return
    this.#log.info({ side }, 'media of a participant lost')
    this.#lostSides.add(side)
    clearTimeout(this.#mediaLossTimer)
    this.#mediaLossTimer = setTimeout(() => this.#end('media_lost'), this.#deps.limits.mediaLossMs)
  }

  send(message: SignalResponse['message']): void {
    if (!this.isClosed) this.outbox.send(encodeSignal(message))
  }

  /** First link: `firstMessage` (the join reply) goes before anything else. */
  attachLink(link: SignalLink, firstMessage: Uint8Array): void {
    clearTimeout(this.#resumeTimer)
    this.outbox.attach(link, firstMessage)?.close(1000, 'replaced by a newer connection')
  }

  /** A resumed link: `firstMessage` is the reconnect reply. What was missed follows, then a fresh subscriber offer. */
  async resumeLink(link: SignalLink, firstMessage: Uint8Array): Promise<void> {
    this.attachLink(link, firstMessage)
    if (this.dropsSignalOnResume) {
      this.dropsSignalOnResume = false
      link.close(1001, 'simulated loss of the signal connection')
      return
    }
    try {
      const wasStarted = this.#isMediaStarted
      const media = await this.#mediaStarted.promise
      if (this.isClosed) return
      // If the media was still starting, its first offer may have been lost with the old socket as well.
      await media.restartSubscriberIce()
      if (!wasStarted) this.#log.debug({}, 'resumed while media was starting')
    } catch (error) {
      this.#handleMediaError(error, 'ICE restart')
    }
  }

  /** The socket of `link` is gone: the participant waits for a resume. A link that was replaced is ignored. */
  handleLinkLost(link: SignalLink): void {
    if (this.isClosed || !this.outbox.detach(link)) return
    this.#log.info({}, 'signal connection lost, waiting for a resume')
    clearTimeout(this.#resumeTimer)
    this.#resumeTimer = setTimeout(() => this.#end('signal_lost'), this.#deps.limits.resumeWindowMs)
  }

  async handleSubscriberAnswer(answer: SessionDescription): Promise<void> {
    // Rust clients answer with id 0; others name the offer they answer, and an answer to a void offer is dropped.
    if (answer.id !== 0 && answer.id !== this.#offerId) return
    try {
      const media = await this.#mediaOpened.promise
      await media.handleSubscriberAnswer(answer.sdp)
    } catch (error) {
      this.#handleMediaError(error, 'subscriber answer')
    }
  }

  #handleMediaError(error: unknown, what: string): void {
    if (this.isClosed) return
    this.#log.warn({ err: error, what }, 'media refused a description')
    const isClientsFault = error instanceof AppError && error.code === 'bad_sdp'
    this.#end(isClientsFault ? 'bad_sdp' : 'media_lost')
  }

  #end(reason: ParticipantCloseReason): void {
    if (!this.isClosed) this.#deps.listener.participantEnded(this, reason)
  }

  /**
   * Called by the room, which has removed this participant. Tells the client why (unless it said goodbye itself), closes
   * socket and media. Tracks are reported as unpublished.
   */
  close(reason: ParticipantCloseReason): void {
    if (this.isClosed) return
    this.publications.close()
    if (reason !== 'client_left')
      this.outbox.send(encodeSignal({ case: 'leave', value: leaveRequestOf(reason) }))
    this.state = ParticipantInfo_State.DISCONNECTED
    this.#disconnectReason = wireReasonOf(reason)
    this.touch()
    for (const timer of [this.#connectTimer, this.#resumeTimer, this.#mediaLossTimer]) clearTimeout(timer)
    this.outbox.close(1000, reason)
    this.subscriptions.close()
    this.data.close()
    const closed = new AppError('participant_closed', `participant closed: ${reason}`)
    this.#mediaOpened.reject(closed)
    this.#mediaStarted.reject(closed)
    const media = this.#media
    this.#media = undefined
    media
      ?.close(mediaReasonOf(reason))
      .catch(error => this.#log.warn({ err: error }, 'media of a participant did not close cleanly'))
    this.#log.info({ reason }, 'participant closed')
  }
}
