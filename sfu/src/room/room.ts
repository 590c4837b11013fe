/**
 * One room of live media. Everything that orders a room happens in synchronous steps of this class: join, leave,
 * tracks, permissions, metadata. No step awaits between reading and changing the room's state, so the event loop is the
 * room's queue; media work, which does await, is queued participant by participant behind it.
 */
import type { CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { type Incarnation, newRoomId, type RoomId } from '@diemcau/core/ids.ts'
import type { DataPacket, Room as RoomMessage, SubscriptionPermission } from '@livekit/protocol'
import type { JoinQuery, VerifiedClaims } from './base/claims.ts'
import {
  type ParticipantCloseReason,
  participantReasonOf,
  type RoomCloseReason,
  roomEndReasonOf,
  wireReasonOf,
} from './base/close-reasons.ts'
import type { Log } from './base/log.ts'
import { assertPlain, assertProfile } from './base/metadata.ts'
import type { NodeMedia } from './base/node-media.ts'
import { kindOf, permissionOf } from './base/permissions.ts'
import type { CandidateProtocol, RoomMedia } from './base/ports.ts'
import type { SignalLink } from './base/signal-link.ts'
import type { RecorderView } from './capture/recorder-view.ts'
import type { RoomCaptures } from './capture/room-captures.ts'
import type { ForwardedParticipants } from './copies/forwarded-participants.ts'
import type { OwnRecords } from './copies/own-records.ts'
import type { RemoteMembers } from './copies/remote-members.ts'
import { ApiRpc } from './data/api-rpc.ts'
import type { DataPlane } from './data/data-plane.ts'
import { Participant, type ParticipantListener } from './member/participant.ts'
import { assertSpace } from './member/room-space.ts'
import type { Member, RoomOptions, RoomView } from './member/room-view.ts'
import { ownedClaims, ownedReason, secondsOf } from './member/second-connections.ts'
import type { RoomDeps, RoomPeers, Seat, SharedRoom, SharedRoomFacts } from './room-deps.ts'
import { RoomEvents } from './room-events.ts'
import type { RoomNodes } from './room-nodes.ts'
import { assertRoomMetadata } from './room-options.ts'
import { makeRoomParts } from './room-parts.ts'
import type { QualityFacts } from './telling/connection-quality.ts'
import type { ParticipantChanges } from './telling/participant-changes.ts'
import type { RoomBroadcast } from './telling/room-broadcast.ts'
import { encodeJoinReply, encodeReconnectReply, roomMessageOf } from './telling/room-messages.ts'
import type { RoomSpeakers } from './telling/room-speakers.ts'
import type { RoomTracks } from './telling/room-tracks.ts'
import { hasFloor } from './voices/floor.ts'

/** More than anybody tests at once; what is over starts afresh. */
const REMEMBERED_PROTOCOLS = 1_000

/** What `setTimeout` can wait for: 2³¹ - 1 ms, some 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export class Room implements RoomView, SharedRoom {
  readonly id: RoomId
  readonly name: string
  readonly createdAtMs: number
  readonly options: RoomOptions
  readonly participants = new Map<string, Participant>()
  /** Shown here, and connected to another room. They do not keep this one open. */
  readonly forwarded: ForwardedParticipants
  /** In this room, and connected to other nodes. */
  readonly remote: RemoteMembers
  readonly captures: RoomCaptures
  readonly rpc = new ApiRpc()
  readonly #deps: RoomDeps
  readonly #log: Log
  readonly #media: RoomMedia
  readonly nodeMedia: NodeMedia | undefined
  readonly #events: RoomEvents
  readonly #broadcast: RoomBroadcast
  readonly #peers: RoomPeers | undefined
  readonly #own: OwnRecords | undefined
  readonly nodes: RoomNodes
  /** Packets, data tracks and blobs. */
  readonly data: DataPlane
  readonly #tracks: RoomTracks
  readonly speakers: RoomSpeakers
  /** Of profile and permissions. */
  readonly changes: ParticipantChanges
  /** For UpdateSubscription.participantTracks and old clients' destinationSids. */
  readonly #bySid = new Map<string, Participant>()
  /** SimulateScenario.switchCandidateProtocol: holds for the next connections of that identity. */
  readonly #protocols = new Map<string, CandidateProtocol>()
  /** The highest epoch that was given to a claim here. */
  #epoch = 0
  #idleTimer: NodeJS.Timeout | undefined
  #isClosed = false

  /** `shared`: what it is at the other nodes; absent: it is new, and this node's alone. */
  constructor(options: RoomOptions, deps: RoomDeps, shared?: SharedRoomFacts) {
    this.id = shared?.id ?? newRoomId()
    this.options = options
    this.name = options.name
    this.#deps = deps
    this.createdAtMs = shared?.createdAtMs ?? deps.now()
    this.#log = deps.log.child({ roomId: this.id, room: this.name })
    this.#events = new RoomEvents(deps.events, deps.now, () => this.message())
    const peers = deps.peers?.(this)
    this.#peers = peers
    const parts = makeRoomParts({
      ...{ room: this, deps, log: this.#log, events: this.#events, peers },
      media: () => this.#media,
      nodeMedia: () => this.nodeMedia,
      superseded: identity => this.#giveUp(identity),
      ownerLeft: second => this.leave(second, 'owner_left'),
    })
    this.#broadcast = parts.broadcast
    this.#tracks = parts.tracks
    this.#own = parts.own
    this.captures = parts.captures
    this.remote = parts.remote
    this.forwarded = parts.forwarded
    this.data = parts.data
    this.speakers = parts.speakers
    this.changes = parts.changes
    this.nodes = parts.nodes
    this.#media = deps.media.openRoom(this.id, {
      onSpeakers: audible => {
        if (!this.#isClosed) this.speakers.hear(audible)
      },
      onDemandChanged: (publisher, trackId, demand) => {
        const participant = this.#bySid.get(publisher)
        if (participant && !this.#isClosed) this.#broadcast.announceDemand(participant, trackId, demand)
      },
      hasFloor: sid => hasFloor(this.memberBySid(sid)),
    })
    if (peers)
      this.nodeMedia = this.#media.connectNodes(peers.pipes, (node, trackId) =>
        this.nodes.mayHave(node as Incarnation, trackId),
      )
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
  memberBySid(sid: string): Member | undefined {
    return (
      this.#bySid.get(sid) ?? this.remote.bySid(sid) ?? this.forwarded.list().find(({ id }) => id === sid)
    )
  }
  get size(): number {
    return this.participants.size + this.remote.size
  }
  qualities(changes: QualityFacts[]): void {
    this.#broadcast.qualities(changes)
  }
  members(): Member[] {
    return [...this.participants.values(), ...this.remote.list(), ...this.forwarded.list()]
  }
  /** Those others know of. */
  visible(): Member[] {
    return this.members().filter(member => !member.isHidden)
  }
  message(): RoomMessage {
    return roomMessageOf(this)
  }

  /**
   * `seat`: its claim, where other nodes share the room; they have counted it.
   * Throws AppError('resource_exhausted') when the room is full or the token's profile is over a limit.
   */
  join(granted: VerifiedClaims, query: JoinQuery, link: SignalLink, seat?: Seat): Participant {
    this.#assertOpen()
    const { limits, log, now, elapsed, mint } = this.#deps
    const claims = ownedClaims(this, granted, limits.secondConnections)
    assertPlain('identity', claims.identity)
    assertProfile(claims, limits)
    const previous = this.participants.get(claims.identity)
    const remote = this.remote.get(claims.identity)
    if (!seat && !previous && !remote && !this.forwarded.get(claims.identity)) {
      const { owner } = claims
      assertSpace(this, limits, { owner, permission: permissionOf(claims.video), kind: kindOf(claims.kind) })
    }
    clearTimeout(this.#idleTimer)
    if (previous) this.#remove(previous, 'duplicate_identity')
    this.forwarded.end(claims.identity, 'duplicate_identity')
    this.#epoch = seat?.epoch ?? Math.max(this.#epoch, this.remote.epochOf(claims.identity), now()) + 1
    const epoch = this.#epoch
    this.remote.yield(claims.identity, epoch)
    const listener = this.#participantListener()
    const participant = new Participant({
      id: seat?.participantId,
      claims,
      query,
      limits,
      log,
      now,
      elapsed,
      mint,
      candidateProtocol: this.#protocols.get(claims.identity),
      otherUrls: this.#deps.otherUrls,
      listener,
    })
    try {
      const others = this.#broadcast.othersFor(participant)
      participant.attachLink(link, encodeJoinReply(this, participant, others, this.#deps))
    } catch (error) {
      // Half a participant must not stay, nor keep the room open.
      participant.close('join_failed')
      if (this.participants.size === 0) this.#closeWhenIdle(this.options.emptyTimeoutS)
      throw error
    }
    this.#broadcast.noteTold(participant)
    this.participants.set(participant.identity, participant)
    this.#bySid.set(participant.id, participant)
    this.#own?.add(participant.facts, participant.publications, epoch)
    this.#log.info({ participantId: participant.id, identity: participant.identity }, 'participant joined')
    // Others know the old connection and its tracks; the new one must take its place in their lists at once, unless nobody may know of it.
    const replaced = previous ?? remote
    if (replaced) participant.isKnownToObservers = replaced.isKnownToObservers
    if (replaced && participant.isHidden) this.#broadcast.participant(replaced, { isPrompt: true })
    this.#broadcast.participant(participant, { isPrompt: previous?.hasBeenActive || remote !== undefined })
    this.#broadcast.welcome(participant)
    this.#tracks.offerTo(participant)
    this.data.tracks.offerTo(participant)
    void participant.openMedia(this.#media)
    participant.token.refresh()
    this.#broadcast.counts()
    return participant
  }

  /**
   * Shows a participant of the room `from` here too. `seat`: its claim in this room and its sid, where other nodes share the room; they have
   * counted it, and are told of it as of any member of this node. Throws AppError('already_exists'), ('resource_exhausted').
   */
  forward(source: Participant, from: Room, seat?: Seat): void {
    this.#assertOpen()
    this.assertForwardable(source)
    if (!seat) assertSpace(this, this.#deps.limits, source)
    this.#epoch =
      seat?.epoch ?? Math.max(this.#epoch, this.remote.epochOf(source.identity), this.#deps.now()) + 1
    this.remote.yield(source.identity, this.#epoch)
    const member = this.forwarded.add(source, from.#media, seat?.participantId)
    this.#own?.add(member, member.publications, this.#epoch)
  }

  /** Throws AppError('already_exists') */
  assertForwardable(source: Participant): void {
    if (this.members().some(({ identity }) => identity === source.identity))
      throw new AppError('already_exists', 'the other room has a participant of that identity')
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
    // Who is connected anew at another node is still the owner of those here.
    if (reason !== 'duplicate_identity')
      for (const second of secondsOf(this, participant.identity)) this.#remove(second, ownedReason(reason))
    if (participant.permission.recorder) this.#broadcast.room()
    else this.#broadcast.counts()
    if (this.participants.size === 0) this.#closeWhenIdle(this.options.departureTimeoutS)
  }

  /** The identity was claimed on another node with a higher epoch than any seen of it: a claim of it here is lost. */
  #giveUp(identity: string): Participant | undefined {
    this.forwarded.end(identity, 'duplicate_identity')
    const participant = this.participants.get(identity)
    if (participant) this.leave(participant, 'duplicate_identity')
    return participant
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
    assertRoomMetadata(metadata, this.#deps.limits)
    this.options.metadata = metadata
    this.#broadcast.room()
  }

  /** What another node changed of the room. */
  applyOptions({ emptyTimeoutS, departureTimeoutS, maxParticipants, metadata }: RoomOptions): void {
    Object.assign(this.options, { emptyTimeoutS, departureTimeoutS, maxParticipants, metadata })
    this.#broadcast.room()
  }

  /** Data from the API: no sender. */
  sendData(packet: DataPacket): void {
    this.data.fromApi(packet)
  }

  openCapture(send: (event: CaptureEvent) => void): RecorderView {
    this.#assertOpen()
    return this.captures.open(listener => this.#media.openCapture(listener), send)
  }

  #closeWhenIdle(timeoutS: number): void {
    clearTimeout(this.#idleTimer)
    // Where others share it, nobody ends it alone.
    if (this.#peers) {
      this.#peers.emptied()
      return
    }
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
    this.speakers.close()
    this.data.close()
    for (const participant of [...this.participants.values()]) {
      participant.close(participantReasonOf(reason))
      this.rpc.forget(participant.id)
      this.#events.left(participant)
    }
    this.forwarded.close(participantReasonOf(reason))
    this.remote.close(wireReasonOf(participantReasonOf(reason)))
    this.#own?.close()
    this.participants.clear()
    this.#bySid.clear()
    const mediaReason = reason === 'node_stopping' ? 'node_stopping' : 'room_closed'
    const captures = this.captures.close(reason === 'vacated' ? 'node_stopping' : reason, mediaReason)
    this.#events.emit('room_finished', { roomEndReason: roomEndReasonOf(reason) })
    this.#log.info({ reason }, 'room finished')
    this.#deps.onClosed(this, reason)
    await Promise.allSettled([captures, this.#media.close(mediaReason)])
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new AppError('unavailable', 'the room is closing')
  }
}
