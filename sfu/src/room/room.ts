/**
 * One room of live media. Everything that orders a room happens in synchronous steps of this class: join, leave,
 * tracks, permissions, metadata. No step awaits between reading and changing the room's state, so the event loop is the
 * room's queue; media work, which does await, is queued participant by participant behind it.
 */
import type { CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newRoomId, type RoomId } from '@diemcau/core/ids.ts'
import type {
  DataPacket,
  ParticipantInfo_Kind,
  ParticipantPermission,
  Room as RoomMessage,
  SubscriptionPermission,
} from '@livekit/protocol'
import { ApiRpc } from './api-rpc.ts'
import type { CaptureSession } from './capture-session.ts'
import type { JoinQuery, TokenMinter, VerifiedClaims } from './claims.ts'
import {
  type ParticipantCloseReason,
  participantReasonOf,
  type RoomCloseReason,
  roomEndReasonOf,
} from './close-reasons.ts'
import { DataPlane } from './data-plane.ts'
import { ForwardedParticipants } from './forwarded-participants.ts'
import type { TurnSettings } from './ice-servers.ts'
import { byteLength, type RoomLimits } from './limits.ts'
import type { Log } from './log.ts'
import { assertProfile, changedProfile, type Profile } from './metadata.ts'
import { Participant, type ParticipantListener } from './participant.ts'
import { isServant, kindOf, permissionOf } from './permissions.ts'
import type { CandidateProtocol, MediaNode, RoomMedia } from './ports.ts'
import { RecentNonces } from './recent-nonces.ts'
import { isRevoked } from './revoked-tokens.ts'
import type { RoomEventSink } from './room-api.ts'
import { RoomBroadcast } from './room-broadcast.ts'
import { RoomCaptures } from './room-captures.ts'
import { RoomEvents } from './room-events.ts'
import { encodeJoinReply, encodeReconnectReply, roomMessageOf } from './room-messages.ts'
import { RoomTracks } from './room-tracks.ts'
import type { Member, RoomOptions, RoomView } from './room-view.ts'
import type { SignalLink } from './signal-link.ts'

/** More than anybody tests at once; what is over starts afresh. */
const REMEMBERED_PROTOCOLS = 1_000

export interface RoomDeps {
  media: MediaNode
  events: RoomEventSink
  limits: RoomLimits
  log: Log
  now(): number
  nodeId: string
  turn: TurnSettings | undefined
  mint: TokenMinter
  /** The room has closed; the owner removes it. */
  onClosed(room: Room, reason: RoomCloseReason): void
}

/** What `setTimeout` can wait for: 2³¹ - 1 ms, some 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export class Room implements RoomView {
  readonly id: RoomId = newRoomId()
  readonly name: string
  readonly createdAtMs: number
  readonly options: RoomOptions
  readonly participants = new Map<string, Participant>()
  /** Shown here, and connected to another room. They do not keep this one open. */
  readonly forwarded: ForwardedParticipants
  readonly captures: RoomCaptures
  readonly rpc = new ApiRpc()
  /** By identity: tokens from before that second are refused. Forgotten with the room. */
  readonly revokedTokens = new Map<string, number>()
  readonly #deps: RoomDeps
  readonly #log: Log
  readonly #media: RoomMedia
  readonly #events: RoomEvents
  readonly #broadcast: RoomBroadcast
  readonly #nonces = new RecentNonces()
  /** Packets, data tracks and blobs. */
  readonly data: DataPlane
  readonly #tracks: RoomTracks
  /** For UpdateSubscription.participantTracks and old clients' destinationSids. */
  readonly #bySid = new Map<string, Participant>()
  /** SimulateScenario.switchCandidateProtocol: holds for the next connections of that identity. */
  readonly #protocols = new Map<string, CandidateProtocol>()
  #idleTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: RoomOptions, deps: RoomDeps) {
    this.options = options
    this.name = options.name
    this.#deps = deps
    this.createdAtMs = deps.now()
    this.#log = deps.log.child({ roomId: this.id, room: this.name })
    this.#events = new RoomEvents(deps.events, deps.now, () => this.message())
    this.#broadcast = new RoomBroadcast(this, deps.limits, this.#log)
    this.captures = new RoomCaptures(this, this.#log, deps.now, () => {
      if (!this.#isClosed) this.#broadcast.room()
    })
    this.#tracks = new RoomTracks({
      room: this,
      broadcast: this.#broadcast,
      captures: this.captures,
      log: this.#log,
      now: deps.now,
      emit: (event, publisher, { info }) => this.#events.track(event, publisher, info),
    })
    this.forwarded = new ForwardedParticipants({
      tracks: this.#tracks,
      broadcast: this.#broadcast,
      captures: this.captures,
      limits: deps.limits,
      log: this.#log,
      now: deps.now,
      media: () => this.#media,
      emit: (event, member) => this.#events.emit(event, { participant: member.info() }),
    })
    this.data = new DataPlane({
      room: this,
      limits: deps.limits,
      log: this.#log,
      now: deps.now,
      announce: participant => this.#broadcast.participant(participant, { isPrompt: true }),
    })
    this.#media = deps.media.openRoom(this.id, {
      onSpeakers: audible => {
        if (this.#isClosed) return
        this.#tracks.handleSpeakers(audible.filter(speaker => this.#isVisible(speaker.participantId)))
      },
      onDemandChanged: (publisher, trackId, demand) => {
        const participant = this.#bySid.get(publisher)
        if (participant && !this.#isClosed) this.#broadcast.announceDemand(participant, trackId, demand)
      },
    })
    this.#closeWhenIdle(options.emptyTimeoutS)
    this.#events.emit('room_started')
    this.#log.info({}, 'room started')
  }

  get isClosed(): boolean {
    return this.#isClosed
  }
  bySid(sid: string): Participant | undefined {
    return this.#bySid.get(sid)
  }
  publisherOf(trackSid: string): Member | undefined {
    return this.#tracks.publisherOf(trackSid)
  }
  /** Those others know of. */
  visible(): Member[] {
    return [...this.participants.values(), ...this.forwarded.list()].filter(member => !member.isHidden)
  }
  #isVisible(sid: string): boolean {
    const member = this.#bySid.get(sid) ?? this.forwarded.list().find(({ id }) => id === sid)
    return member !== undefined && !member.isHidden
  }
  message(): RoomMessage {
    return roomMessageOf(this)
  }

  /** Throws AppError('resource_exhausted') when the room is full or the token's profile is over a limit. */
  join(claims: VerifiedClaims, query: JoinQuery, link: SignalLink): Participant {
    this.#assertOpen()
    const { limits, log, now, mint } = this.#deps
    assertProfile(claims, limits)
    if (isRevoked(this.revokedTokens, claims))
      throw new AppError('permission_denied', 'the token was revoked')
    const previous = this.participants.get(claims.identity)
    if (!previous && !this.forwarded.get(claims.identity))
      this.assertSpaceFor(permissionOf(claims.video), kindOf(claims.kind))
    clearTimeout(this.#idleTimer)
    if (previous) this.#remove(previous, 'duplicate_identity')
    this.forwarded.end(claims.identity, 'duplicate_identity')
    const listener = this.#participantListener()
    const participant = new Participant({
      claims,
      query,
      limits,
      log,
      now,
      mint,
      candidateProtocol: this.#protocols.get(claims.identity),
      listener,
    })
    try {
      participant.attachLink(link, encodeJoinReply(this, participant, this.#deps))
    } catch (error) {
      // Half a participant must not stay, nor keep the room open.
      participant.close('join_failed')
      if (this.participants.size === 0) this.#closeWhenIdle(this.options.emptyTimeoutS)
      throw error
    }
    this.#broadcast.noteTold(participant)
    this.participants.set(participant.identity, participant)
    this.#bySid.set(participant.id, participant)
    this.#log.info({ participantId: participant.id, identity: participant.identity }, 'participant joined')
    // Others know the old connection and its tracks; the new one must take its place in their lists at once, unless nobody may know of it.
    if (previous) participant.isKnownToObservers = previous.isKnownToObservers
    if (previous && participant.isHidden) this.#broadcast.participant(previous, { isPrompt: true })
    if (previous?.hasBeenActive) this.#broadcast.participant(participant, { isPrompt: true })
    this.#broadcast.welcome(participant)
    this.#tracks.offerTo(participant)
    this.data.tracks.offerTo(participant)
    void participant.openMedia(this.#media)
    participant.token.refresh()
    this.#broadcast.counts()
    return participant
  }

  /**
   * Recorders, egress and agents serve the others: for the room's own maximum they are neither counted nor kept out.
   * Throws AppError('resource_exhausted') when the room is full.
   */
  assertSpaceFor(permission: ParticipantPermission, kind: ParticipantInfo_Kind): void {
    const { participantsPerRoom } = this.#deps.limits
    if (this.participants.size + this.forwarded.size >= participantsPerRoom)
      throw new AppError('resource_exhausted', `the room is full (${participantsPerRoom} on this server)`)
    const { maxParticipants } = this.options
    if (maxParticipants === 0 || isServant(permission, kind)) return
    const others = [...this.participants.values(), ...this.forwarded.list()]
    const counted = others.filter(other => !isServant(other.permission, other.kind))
    if (counted.length >= maxParticipants)
      throw new AppError('resource_exhausted', `the room is full (${maxParticipants} participants)`)
  }

  /** Shows a participant of the room `from` here too. Throws AppError('already_exists'), ('resource_exhausted'). */
  forward(source: Participant, from: Room): void {
    this.#assertOpen()
    if (this.participants.has(source.identity) || this.forwarded.get(source.identity))
      throw new AppError('already_exists', 'the other room has a participant of that identity')
    this.assertSpaceFor(source.permission, source.kind)
    this.forwarded.add(source, from.#media)
  }

  /** Gives the participant with this sid its new link. False when it is not here (any more). */
  resume(identity: string, sid: string, link: SignalLink, clientAddress: string): Participant | undefined {
    const participant = this.#bySid.get(sid)
    if (!participant || participant.identity !== identity || participant.isClosed) return undefined
    this.#log.info({ participantId: sid, identity }, 'participant resumed')
    this.data.resumed(participant)
    void participant.resumeLink(
      link,
      encodeReconnectReply(participant, this.#deps),
      this.#broadcast.infosFor(participant),
      clientAddress,
    )
    this.#broadcast.welcome(participant)
    return participant
  }

  /** Takes a participant out of the room and closes it, telling it and the others. Unknown ones are ignored. */
  leave(participant: Participant, reason: ParticipantCloseReason): void {
    if (this.participants.get(participant.identity) !== participant) return
    this.#remove(participant, reason)
    if (participant.permission.recorder) this.#broadcast.room()
    else this.#broadcast.counts()
    if (this.participants.size === 0) this.#closeWhenIdle(this.options.departureTimeoutS)
  }

  #remove(participant: Participant, reason: ParticipantCloseReason): void {
    this.participants.delete(participant.identity)
    this.#bySid.delete(participant.id)
    participant.close(reason)
    this.data.tracks.remove(participant)
    this.#broadcast.forget(participant)
    this.rpc.forget(participant.id)
    // A new connection of the same identity follows at once and replaces this one in everybody's list.
    if (reason !== 'duplicate_identity') this.#broadcast.participant(participant, { isPrompt: false })
    this.#events.left(participant)
  }

  #participantListener(): ParticipantListener {
    return {
      participantActive: participant => {
        this.#broadcast.participant(participant, { isPrompt: false })
        this.#events.joined(participant)
        if (participant.permission.recorder) this.#broadcast.room()
      },
      trackPublished: (participant, publication) => this.#tracks.handlePublished(participant, publication),
      trackUnpublished: (participant, publication, reason) =>
        this.#tracks.handleUnpublished(participant, publication, reason),
      trackChanged: (participant, publication, what) =>
        this.#tracks.handleChanged(participant, publication, what),
      trackSubscribed: (_participant, trackId) => this.#tracks.handleSubscribed(trackId),
      trackForbidden: (participant, trackId) => this.#tracks.handleForbidden(participant, trackId),
      dataReceived: (participant, kind, payload) => {
        if (kind === 'reliable') this.rpc.listen(participant.id, payload)
        this.data.fromClient(participant, kind, payload)
      },
      publisherOf: trackId => this.#tracks.publisherOf(trackId)?.id ?? '',
      participantEnded: (participant, reason) => this.leave(participant, reason),
    }
  }

  /** Name, metadata, attributes. Throws AppError('resource_exhausted'). */
  changeProfile(participant: Participant, changes: Partial<Profile>): void {
    const next = changedProfile(participant, changes, this.#deps.limits)
    if (!next) return
    Object.assign(participant, next)
    participant.touch()
    participant.token.refresh()
    this.#broadcast.participant(participant, { isPrompt: true, isToSelf: true })
    const { id: participantId, identity, name, attributes } = participant
    const at = this.#deps.now()
    this.captures.notify({ type: 'participant_updated', at, participantId, identity, name, attributes })
  }

  /** A whole new permission set: takes down what it no longer allows. */
  changePermission(participant: Participant, permission: ParticipantPermission): void {
    const wasObserver = participant.isObserver
    const wasRecorder = participant.permission.recorder
    // Hiding cannot be taken back from those who know the participant, nor can it be shown half-way.
    permission.hidden = participant.isHidden
    participant.permission = permission
    participant.touch()
    participant.token.refresh()
    participant.publications.dropDisallowed()
    participant.subscriptions.reevaluate()
    this.data.tracks.permissionChanged(participant)
    if (wasObserver && !participant.isObserver) this.#broadcast.introduceObservers(participant)
    this.#broadcast.participant(participant, { isPrompt: true, isToSelf: true })
    if (permission.recorder !== wasRecorder) this.#broadcast.room()
  }

  /** The publisher's word on who may have its tracks. */
  changeSubscriptionPermission(publisher: Participant, permission: SubscriptionPermission): void {
    this.#tracks.changePermission(publisher, permission)
    this.data.tracks.subscribersChanged(publisher)
  }

  /** The next connections of this identity are told candidates of this protocol only. */
  preferProtocol(identity: string, protocol: CandidateProtocol): void {
    if (this.#protocols.size >= REMEMBERED_PROTOCOLS) this.#protocols.clear()
    this.#protocols.set(identity, protocol)
  }

  changeMetadata(metadata: string): void {
    if (byteLength(metadata) > this.#deps.limits.metadataBytes)
      throw new AppError('over_limit', 'room metadata is over the limit')
    this.options.metadata = metadata
    this.#broadcast.room()
  }

  /** Data from the API: no sender. */
  sendData(packet: DataPacket): void {
    const nonce = packet.value.case === 'user' ? packet.value.value.nonce : new Uint8Array()
    if (this.#nonces.isRepeat(nonce, this.#deps.now())) return
    this.data.fromApi(packet)
  }

  openCapture(send: (event: CaptureEvent) => void): CaptureSession {
    this.#assertOpen()
    return this.captures.open(this.#media.openCapture(), send)
  }

  #closeWhenIdle(timeoutS: number): void {
    clearTimeout(this.#idleTimer)
    // A longer timer than this would fire at once.
    const delayMs = Math.min(timeoutS * 1000, LONGEST_TIMER_MS)
    this.#idleTimer = setTimeout(() => void this.close('idle'), delayMs)
  }

  /** Resolves when the media has gone too; the room is out of the way at once. */
  async close(reason: RoomCloseReason): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#idleTimer)
    this.#broadcast.close()
    this.#tracks.close()
    this.data.close()
    for (const participant of [...this.participants.values()]) {
      participant.close(participantReasonOf(reason))
      this.rpc.forget(participant.id)
      this.#events.left(participant)
    }
    this.forwarded.close(participantReasonOf(reason))
    this.participants.clear()
    this.#bySid.clear()
    const mediaReason = reason === 'node_stopping' ? 'node_stopping' : 'room_closed'
    const captures = this.captures.close(reason, mediaReason)
    this.#events.emit('room_finished', { roomEndReason: roomEndReasonOf(reason) })
    this.#log.info({ reason }, 'room finished')
    this.#deps.onClosed(this, reason)
    await Promise.allSettled([captures, this.#media.close(mediaReason)])
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new AppError('unavailable', 'the room is closing')
  }
}
