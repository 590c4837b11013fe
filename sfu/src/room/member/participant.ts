/**
 * One connection of one person or device. Owns its signal link (which may be lost and come back), its media, its
 * publications and its subscriptions, and closes them. What concerns others goes to the room through ParticipantListener.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import {
  type ParticipantInfo,
  type ParticipantInfo_Kind,
  ParticipantInfo_State,
  type ParticipantPermission,
  type SessionDescription,
  type SignalResponse,
  StreamState,
  StreamStateInfo,
  StreamStateUpdate,
  SubscriptionError,
  SubscriptionResponse,
} from '@livekit/protocol'
import { ChangeBudget } from '../base/change-budget.ts'
import type { JoinQuery, TokenMinter, VerifiedClaims } from '../base/claims.ts'
import { canShareStreams, hearsTracksByMedia } from '../base/client-quirks.ts'
import {
  isSilent,
  isToldToComeBack,
  leaveRequestOf,
  mediaReasonOf,
  type ParticipantCloseReason,
  wireReasonOf,
} from '../base/close-reasons.ts'
import type { RoomLimits } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import { isServant } from '../base/permissions.ts'
import type { CandidateProtocol, DataKind, PeerMedia, RoomMedia } from '../base/ports.ts'
import type { SignalLink } from '../base/signal-link.ts'
import { encodeSignal } from '../base/wire.ts'
import { DataInlet } from './data-inlet.ts'
import { DataOutlet } from './data-outlet.ts'
import { ParticipantFacts } from './participant-facts.ts'
import { ParticipantMedia } from './participant-media.ts'
import { ParticipantToken } from './participant-token.ts'
import type { Publication } from './publication.ts'
import { Publications, type UnpublishReason } from './publications.ts'
import { type KnownInfo, repeatOf, SignalBacklog } from './signal-backlog.ts'
import { Subscriptions } from './subscriptions.ts'

export interface ParticipantListener {
  /** Media connected for the first time. */
  participantActive(participant: Participant): void
  trackPublished(participant: Participant, publication: Publication): void
  trackUnpublished(participant: Participant, publication: Publication, reason: UnpublishReason): void
  trackChanged(participant: Participant, publication: Publication, what: 'muted' | 'info'): void
  /** This participant receives a track now. */
  trackSubscribed(participant: Participant, trackId: TrackId): void
  /** This participant wants a track that its publisher does not allow it. */
  trackForbidden(participant: Participant, trackId: TrackId): void
  dataReceived(participant: Participant, kind: DataKind, payload: Uint8Array): void
  /** Sid of the participant that publishes the track, '' when nobody does. */
  publisherOf(trackId: TrackId): string
  /** The participant wants to be closed by its owner for this reason. */
  participantEnded(participant: Participant, reason: ParticipantCloseReason): void
}

export interface ParticipantDeps {
  /** Default: a new one. */
  id?: ParticipantId | undefined
  claims: VerifiedClaims
  query: JoinQuery
  limits: RoomLimits
  log: Log
  /** Both as RoomDeps has them. */
  now(): number
  elapsed(): number
  mint: TokenMinter
  candidateProtocol: CandidateProtocol | undefined
  /** Of other nodes it may come back to; absent: there are none. */
  otherUrls?: (() => string[]) | undefined
  listener: ParticipantListener
}

const RETRY_DELAYS_MS = [200, 1_000, 3_000] as const

export class Participant {
  /** What others may know of it, written here. */
  readonly facts: ParticipantFacts
  readonly query: JoinQuery
  /** When it joined, on the clock of `RoomDeps.elapsed`. */
  readonly bornMs: number
  readonly publications: Publications
  readonly subscriptions: Subscriptions
  readonly budget: ChangeBudget
  readonly backlog: SignalBacklog
  readonly token: ParticipantToken
  readonly data: DataOutlet
  /** Last `sequence` of a reliable packet received, for ReconnectResponse.lastMessageSeq and to drop repeats. */
  lastReliableSequence = 0
  hasBeenActive = false
  /** Observers have been told of it, so they must be told of its end. */
  isKnownToObservers = false
  /** It has been told of all observers, so it is told of each change and end of theirs, also when it is one itself by then. */
  hasHeardOfObservers = false
  /** What is told outside once it has joined: until its media connects it has not. */
  readonly heldEvents: (() => void)[] = []
  /** Round trip of signalling as the client last measured it (Ping.rtt), 0 before that. */
  rttMs = 0
  /** SimulateScenario: its next resume is cut off, before or after the reply to it. */
  dropsSignalOnResume: 'before_reply' | 'after_reply' | undefined

  readonly #deps: ParticipantDeps
  readonly #log: Log
  readonly #media: ParticipantMedia
  readonly #inlet: DataInlet
  #resumeTimer: NodeJS.Timeout | undefined

  constructor(deps: ParticipantDeps) {
    const { claims, limits } = deps
    this.#deps = deps
    this.facts = new ParticipantFacts(
      claims,
      deps.query,
      deps.now(),
      () => this.publications.published(),
      deps.id,
    )
    this.#log = deps.log.child({ participantId: this.id, identity: claims.identity })
    this.query = deps.query
    this.bornMs = deps.elapsed()
    this.budget = new ChangeBudget(limits, deps.now)
    this.data = new DataOutlet({
      media: () => this.#media.peer,
      queueBytes: limits.dataQueueBytes,
      holdMs: limits.dataSyncWaitMs,
      graceMs: limits.dataLossGraceMs,
      isReachable: () => this.backlog.isLinked,
      onLost: why => this.#endData('data_lost', why),
    })
    this.#inlet = new DataInlet({
      limits,
      now: deps.now,
      onPacket: (kind, payload) => deps.listener.dataReceived(this, kind, payload),
      onDropped: (kind, why) => this.#log.debug({ kind, why }, 'data packets dropped'),
      onFlood: () => this.#endData('data_flood', 'more reliable data waits than is allowed'),
    })
    this.backlog = new SignalBacklog(limits)
    this.token = new ParticipantToken({
      mint: deps.mint,
      limits,
      log: this.#log,
      now: deps.now,
      expiresAtS: claims.expiresAtS,
      contents: () => this.facts.tokenContents(),
      send: value => this.send({ case: 'refreshToken', value }),
    })
    this.#media = new ParticipantMedia({
      participantId: this.id,
      canShareStreams: canShareStreams(deps.query),
      hearsTracksByMedia: hearsTracksByMedia(deps.query),
      // What it writes or says is for everybody: it may not depend on who is loud.
      hearsAll: isServant(this.permission, this.kind),
      clientAddress: deps.query.clientAddress,
      mayPublish: this.permission.canPublish,
      candidateProtocol: deps.candidateProtocol,
      limits,
      log: this.#log,
      isReceivingReply: () => this.backlog.isReceivingFirst,
      listener: {
        // Not kept for a lost socket: the resume restarts ICE, which makes a new offer.
        offer: value => this.backlog.sendTransient(encodeSignal({ case: 'offer', value })),
        candidate: value => this.backlog.sendTransient(encodeSignal({ case: 'trickle', value })),
        connected: () => this.#handleConnected(),
        data: (kind, payload) => this.#inlet.take(kind, payload),
        dataLost: why => this.data.lose(why),
        subscriptionLost: (trackId, error) => this.subscriptions.handleLost(trackId, error),
        streamState: (trackId, state) => this.#tellStreamState(trackId, state),
        ended: reason => this.#end(reason),
      },
    })
    this.publications = new Publications(
      {
        limits,
        log: this.#log,
        now: deps.now,
        permission: () => this.permission,
        mayPublish: () => this.budget.mayPublish(),
        refusalLevel: () => this.budget.refusalLevel(),
        media: () => this.#media.opened,
        midToTrackId: () => this.#media.midToTrackId,
        send: message => this.send(message),
      },
      {
        trackPublished: publication => {
          this.facts.touch()
          deps.listener.trackPublished(this, publication)
        },
        trackUnpublished: (publication, reason) => {
          this.facts.touch()
          deps.listener.trackUnpublished(this, publication, reason)
        },
        trackChanged: (publication, what) => {
          this.facts.touch()
          deps.listener.trackChanged(this, publication, what)
        },
        mediaChanged: () => this.facts.touch(),
        offerUnusable: error => this.#media.handleError(error, 'publisher offer'),
      },
    )
    this.subscriptions = new Subscriptions(
      {
        log: this.#log,
        autoSubscribe: deps.query.autoSubscribe,
        maySubscribe: () => this.permission.canSubscribe,
        media: () => this.#media.started,
        retryDelaysMs: RETRY_DELAYS_MS,
      },
      {
        subscribed: trackId => deps.listener.trackSubscribed(this, trackId),
        forbidden: trackId => deps.listener.trackForbidden(this, trackId),
        subscriptionFailed: (trackSid, error) => {
          const isCodec = error instanceof AppError && error.code === 'codec_unsupported'
          const err = isCodec ? SubscriptionError.SE_CODEC_UNSUPPORTED : SubscriptionError.SE_UNKNOWN
          this.send({ case: 'subscriptionResponse', value: new SubscriptionResponse({ trackSid, err }) })
        },
      },
    )
  }

  get id(): ParticipantId {
    return this.facts.id
  }
  get identity(): string {
    return this.facts.identity
  }
  get owner(): string | undefined {
    return this.facts.owner
  }
  get name(): string {
    return this.facts.name
  }
  get metadata(): string {
    return this.facts.metadata
  }
  get attributes(): Record<string, string> {
    return this.facts.attributes
  }
  get permission(): ParticipantPermission {
    return this.facts.permission
  }
  get kind(): ParticipantInfo_Kind {
    return this.facts.kind
  }
  get isClosed(): boolean {
    return this.facts.isClosed
  }
  get isHidden(): boolean {
    return this.facts.isHidden
  }
  get isObserver(): boolean {
    return this.facts.isObserver
  }
  /** It is told of everybody, however large the audience. */
  get seesAudience(): boolean {
    return !this.facts.isObserver || this.facts.mayList
  }
  /** Opened media, undefined before that and after closing. Data goes through `data`. */
  get media(): PeerMedia | undefined {
    return this.#media.peer
  }
  /** True while one of its media connections is lost. */
  get isMediaLost(): boolean {
    return this.#media.isLost
  }

  info(): ParticipantInfo {
    return this.facts.info()
  }
  encodedInfo(): Uint8Array {
    return this.facts.encodedInfo()
  }

  /** Whether this publisher lets `subscriber` have the track (SubscriptionPermission). */
  allowsSubscriber(subscriber: Pick<Participant, 'id' | 'identity'>, trackId: TrackId): boolean {
    return this.facts.trackPermissions?.allows(subscriber, trackId) ?? true
  }

  /** Opens the media; on failure the participant ends. */
  async openMedia(room: RoomMedia): Promise<void> {
    await this.#media.open(room)
  }

  #handleConnected(): void {
    if (this.facts.state === ParticipantInfo_State.ACTIVE) return
    this.facts.setActive()
    this.hasBeenActive = true
    this.#log.info({ afterMs: this.#deps.now() - this.facts.joinedAtMs }, 'participant active')
    this.#deps.listener.participantActive(this)
  }

  #tellStreamState(trackId: TrackId, state: 'active' | 'paused'): void {
    const participantSid = this.#deps.listener.publisherOf(trackId)
    if (!participantSid) return
    const streamState = new StreamStateInfo({
      participantSid,
      trackSid: trackId,
      state: state === 'active' ? StreamState.ACTIVE : StreamState.PAUSED,
    })
    this.send({ case: 'streamStateUpdate', value: new StreamStateUpdate({ streamStates: [streamState] }) })
  }

  send(message: SignalResponse['message']): void {
    if (!this.isClosed) this.backlog.send(encodeSignal(message), repeatOf(message))
  }

  /** First link: `firstMessage` (the join reply) goes before anything else. */
  attachLink(link: SignalLink, firstMessage: Uint8Array, infos: KnownInfo[] = []): void {
    clearTimeout(this.#resumeTimer)
    this.backlog.attach(link, firstMessage, infos)?.close(1000, 'replaced by a newer connection')
  }

  /** A resumed link: `firstMessage` is the reconnect reply. What was missed follows, then a fresh subscriber offer. */
  async resumeLink(
    link: SignalLink,
    firstMessage: Uint8Array,
    infos: KnownInfo[],
    clientAddress: string,
  ): Promise<void> {
    const drop = this.dropsSignalOnResume
    this.dropsSignalOnResume = undefined
    if (drop !== 'before_reply') this.attachLink(link, firstMessage, infos)
    if (drop) {
      link.close(1001, 'simulated loss of the signal connection')
      return
    }
    this.token.refresh()
    await this.#media.restartSubscriberIce(clientAddress)
  }

  /** The socket of `link` is gone: the participant waits for a resume. A link that was replaced is ignored. */
  handleLinkLost(link: SignalLink): void {
    if (this.isClosed || !this.backlog.detach(link)) return
    this.#log.info({}, 'signal connection lost, waiting for a resume')
    clearTimeout(this.#resumeTimer)
    const { resumeWindowMs, unconnectedResumeMs } = this.#deps.limits
    // It may connect meanwhile: media needs no signalling any more once it is described.
    this.#resumeTimer = setTimeout(() => {
      if (!this.hasBeenActive) return this.#end('signal_lost')
      this.#resumeTimer = setTimeout(() => this.#end('signal_lost'), resumeWindowMs - unconnectedResumeMs)
    }, unconnectedResumeMs)
  }

  /** At most so many bits a second from now on over the subscriber connection; 0: as much as the link carries. */
  limitBitrate(bps: number): void {
    this.#media.limitSubscriberBitrate(bps)
  }

  async handleSubscriberAnswer(answer: SessionDescription): Promise<void> {
    await this.#media.handleSubscriberAnswer(answer)
  }

  #endData(reason: 'data_lost' | 'data_flood', why: string): void {
    if (this.isClosed) return
    this.#log.warn({ reason, why }, 'a participant has to reconnect for its data')
    this.#end(reason)
  }

  #end(reason: ParticipantCloseReason): void {
    if (!this.isClosed) this.#deps.listener.participantEnded(this, reason)
  }

  /**
   * Called by the room, which has removed this participant. Tells the client why (unless it said goodbye itself), closes
   * socket and media. Tracks are reported as unpublished. Who is told to come back has a moment to close its connections itself.
   */
  close(reason: ParticipantCloseReason): void {
    if (this.isClosed) return
    const graceMs = isToldToComeBack(reason) && this.backlog.isLinked ? this.#deps.limits.partingMs : 0
    this.publications.close()
    if (!isSilent(reason))
      this.backlog.send(
        encodeSignal({ case: 'leave', value: leaveRequestOf(reason, this.#deps.otherUrls?.()) }),
      )
    this.facts.setEnded(wireReasonOf(reason))
    clearTimeout(this.#resumeTimer)
    this.token.close()
    this.backlog.close(1000, reason)
    this.subscriptions.close()
    this.data.close()
    this.#inlet.close()
    this.#media.close(mediaReasonOf(reason), graceMs)
    this.#log.info({ reason }, 'participant closed')
  }
}
