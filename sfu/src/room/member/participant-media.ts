/**
 * The media of one participant from opening to closing: whether it connected in time, whether it is lost now, the
 * subscriber's offers and answers. Owned by the participant, which closes it; its end is told as a reason to go.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import { SessionDescription, type TrickleRequest } from '@livekit/protocol'
import type { ParticipantCloseReason } from '../base/close-reasons.ts'
import type { RoomLimits } from '../base/limits.ts'
import type { Log } from '../base/log.ts'
import type {
  CandidateProtocol,
  DataKind,
  MediaCloseReason,
  PeerMedia,
  PeerMediaListener,
  RoomMedia,
} from '../base/ports.ts'
import { trickleOf } from '../base/trickle.ts'
import { encodeUserPacket } from '../base/wire.ts'

export interface ParticipantMediaListener {
  /** A subscriber offer to be sent now; of no use later, because a resume makes a new one. */
  offer(offer: SessionDescription): void
  /** A candidate of the first offer, for clients that want to name it. */
  candidate(candidate: TrickleRequest): void
  /** A side connected: for the first time, or again. */
  connected(): void
  data(kind: DataKind, payload: Uint8Array): void
  subscriptionLost(trackId: TrackId, error: Error): void
  streamState(trackId: TrackId, state: 'active' | 'paused'): void
  /** As PeerMediaListener.onDataLost. */
  dataLost(why: string): void
  /** Media cannot go on: the participant has to leave for this reason. */
  ended(reason: ParticipantCloseReason): void
}

export interface ParticipantMediaDeps {
  participantId: ParticipantId
  /** As in PeerMediaOptions. */
  canShareStreams: boolean
  /** As in PeerMediaOptions. */
  hearsTracksByMedia: boolean
  /** As in PeerMediaOptions. */
  hearsAll: boolean
  /** As in JoinQuery. */
  clientAddress: string
  /** As in PeerMediaOptions. */
  mayPublish: boolean
  /** Only candidates of this protocol are offered to the client; undefined: all. */
  candidateProtocol: CandidateProtocol | undefined
  limits: RoomLimits
  log: Log
  /** True while the client is still receiving the reply to its join, before which it cannot connect. */
  isReceivingReply(): boolean
  listener: ParticipantMediaListener
}

export class ParticipantMedia {
  readonly #deps: ParticipantMediaDeps
  readonly #opened = Promise.withResolvers<PeerMedia>()
  readonly #started = Promise.withResolvers<PeerMedia>()
  readonly #lostSides = new Set<'publisher' | 'subscriber'>()
  #peer: PeerMedia | undefined
  #isStarted = false
  #isClosed = false
  #offerId = 0
  #midToTrackId: Record<string, string> = {}
  #connectTimer: NodeJS.Timeout | undefined
  #lossTimer: NodeJS.Timeout | undefined

  constructor(deps: ParticipantMediaDeps) {
    this.#deps = deps
    // Nobody may be waiting when the participant closes early.
    this.#opened.promise.catch(() => {})
    this.#started.promise.catch(() => {})
  }

  /** Opened media, undefined before that and after closing. */
  get peer(): PeerMedia | undefined {
    return this.#peer
  }
  /** True while one of the connections is lost. */
  get isLost(): boolean {
    return this.#lostSides.size > 0
  }
  /** Resolves when there is a peer; rejects when the participant closed. */
  get opened(): Promise<PeerMedia> {
    return this.#opened.promise
  }
  /** Resolves when the subscriber connection has been started; rejects when the participant closed. */
  get started(): Promise<PeerMedia> {
    return this.#started.promise
  }

  /** Which section of the last offer carries which track. */
  get midToTrackId(): Record<string, string> {
    return this.#midToTrackId
  }

  /** Opens the media and starts the subscriber connection; on failure the participant ends. */
  async open(room: RoomMedia): Promise<void> {
    const {
      limits,
      participantId,
      canShareStreams,
      hearsTracksByMedia,
      hearsAll,
      clientAddress,
      mayPublish,
      candidateProtocol,
      log,
    } = this.#deps
    this.#awaitConnection()
    try {
      const options = {
        participantId,
        canShareStreams,
        hearsTracksByMedia,
        hearsAll,
        clientAddress,
        mayPublish,
        reliableQueueBytes: limits.dataQueueBytes,
        ...(candidateProtocol ? { candidateProtocol } : {}),
      }
      const peer = await room.openPeer(options, this.#peerListener())
      if (this.#isClosed) {
        await peer.close('left')
        return
      }
      this.#peer = peer
      this.#opened.resolve(peer)
      await peer.start()
      this.#isStarted = true
      this.#started.resolve(peer)
    } catch (error) {
      if (this.#isClosed) return
      log.error({ err: error }, 'media of a participant could not be opened')
      // A worker that died meanwhile is replaced: coming back helps.
      const isPassing = error instanceof AppError && error.code === 'unavailable'
      this.#end(isPassing ? 'worker_died' : 'join_failed')
    }
  }

  /** Ends the participant when its media does not connect in time, which begins anew while the client still receives its reply. */
  #awaitConnection(): void {
    this.#connectTimer = setTimeout(() => {
      if (this.#deps.isReceivingReply()) this.#awaitConnection()
      else this.#end('join_failed')
    }, this.#deps.limits.connectTimeoutMs)
  }

  #peerListener(): PeerMediaListener {
    const { listener } = this.#deps
    const tell = (call: () => void) => {
      if (!this.#isClosed) call()
    }
    return {
      onSubscriberOffer: ({ sdp, midToTrackId }) =>
        tell(() => {
          this.#midToTrackId = midToTrackId
          listener.offer(new SessionDescription({ type: 'offer', sdp, id: ++this.#offerId, midToTrackId }))
          if (this.#offerId === 1) for (const candidate of trickleOf(sdp)) listener.candidate(candidate)
        }),
      onConnected: side => this.#handleConnected(side),
      onDisconnected: side => this.#handleDisconnected(side),
      onData: (kind, payload) =>
        tell(() =>
          kind === 'other'
            ? listener.data('reliable', encodeUserPacket(payload))
            : listener.data(kind, payload),
        ),
      onSubscriptionLost: (trackId, error) => tell(() => listener.subscriptionLost(trackId, error)),
      onStreamState: (trackId, state) => tell(() => listener.streamState(trackId, state)),
      onDataLost: why => tell(() => listener.dataLost(why)),
      onLost: reason => this.#end(reason),
    }
  }

  #handleConnected(side: 'publisher' | 'subscriber'): void {
    if (this.#isClosed) return
    this.#lostSides.delete(side)
    if (this.#lostSides.size === 0) clearTimeout(this.#lossTimer)
    clearTimeout(this.#connectTimer)
    this.#deps.listener.connected()
  }

  #handleDisconnected(side: 'publisher' | 'subscriber'): void {
    if (this.#isClosed || this.#lostSides.has(side)) return
    this.#deps.log.info({ side }, 'media of a participant lost')
    this.#lostSides.add(side)
    clearTimeout(this.#lossTimer)
    this.#lossTimer = setTimeout(() => this.#end('media_lost'), this.#deps.limits.mediaLossMs)
  }

  /** New ICE credentials for a client that resumed from this address ('' unknown). Never throws. */
  async restartSubscriberIce(clientAddress: string): Promise<void> {
    try {
      const wasStarted = this.#isStarted
      const peer = await this.#started.promise
      if (this.#isClosed) return
      // If the media was still starting, its first offer may have been lost with the old socket as well.
      if (clientAddress !== '') peer.handleClientMoved(clientAddress)
      await peer.restartSubscriberIce()
      if (!wasStarted) this.#deps.log.debug({}, 'resumed while media was starting')
    } catch (error) {
      this.handleError(error, 'ICE restart')
    }
  }

  /** 0: no limit. Never throws. */
  limitSubscriberBitrate(bps: number): void {
    this.#started.promise
      .then(peer => peer.limitSubscriberBitrate(bps))
      .catch(error => this.#deps.log.debug({ err: error }, 'a limit of the bitrate could not be set'))
  }

  /** Never throws. */
  async handleSubscriberAnswer(answer: SessionDescription): Promise<void> {
    // Rust clients answer with id 0; others name the offer they answer, and an answer to a void offer is dropped.
    if (answer.id !== 0 && answer.id !== this.#offerId) return
    try {
      const peer = await this.#opened.promise
      await peer.handleSubscriberAnswer(answer.sdp)
    } catch (error) {
      this.handleError(error, 'subscriber answer')
    }
  }

  /** A description that could not be used ends the participant. */
  handleError(error: unknown, what: string): void {
    if (this.#isClosed) return
    this.#deps.log.warn({ err: error, what }, 'media refused a description')
    const isClientsFault = error instanceof AppError && error.code === 'bad_sdp'
    this.#end(isClientsFault ? 'bad_sdp' : 'media_lost')
  }

  #end(reason: ParticipantCloseReason): void {
    if (!this.#isClosed) this.#deps.listener.ended(reason)
  }

  /** `graceMs` as PeerMedia.close. */
  close(reason: MediaCloseReason, graceMs: number): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#connectTimer)
    clearTimeout(this.#lossTimer)
    const closed = new AppError('participant_closed', `participant closed: ${reason}`)
    this.#opened.reject(closed)
    this.#started.reject(closed)
    const peer = this.#peer
    this.#peer = undefined
    peer
      ?.close(reason, graceMs)
      .catch(error => this.#deps.log.warn({ err: error }, 'media of a participant did not close cleanly'))
  }
}
