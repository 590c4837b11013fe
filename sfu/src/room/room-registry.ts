/**
 * All rooms of this node. Getting or creating a room is one synchronous step, so two joins can never make two rooms of
 * one name. Implements RoomDirectory for the API and the capture edge; signalling joins and resumes through it.
 */
import type { CaptureCloseReason, CaptureCommand, CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newId, type RoomId } from '@diemcau/core/ids.ts'
import {
  DataPacket,
  type ParticipantInfo,
  ParticipantPermission,
  type Room as RoomMessage,
  type TrackInfo,
} from '@livekit/protocol'
import type { JoinQuery, TokenMinter, VerifiedClaims } from './base/claims.ts'
import type { TurnSettings } from './base/ice-servers.ts'
import { defaultLimits, type RoomLimits } from './base/limits.ts'
import type { Log } from './base/log.ts'
import type { MediaNode } from './base/ports.ts'
import { RevokedTokens } from './base/revoked-tokens.ts'
import type { SignalLink } from './base/signal-link.ts'
import { assertForwardable } from './copies/forwarded-participants.ts'
import type { RpcCall } from './data/api-rpc.ts'
import type { Participant } from './member/participant.ts'
import { isCounted, type RoomOptions } from './member/room-view.ts'
import { ownedClaims } from './member/second-connections.ts'
import { assertMovable, moveParticipant } from './move-participant.ts'
import { Room } from './room.ts'
import type { RoomDirectory, RoomEventSink } from './room-api.ts'
import type { RoomDeps, Seat, SharedRoomFacts } from './room-deps.ts'
import { newRoomOptions, optionsOf } from './room-options.ts'

/** The monotonic clock, as `RoomRegistryOptions.elapsed`. */
export const wholeMs = (): number => Math.floor(performance.now())

export interface RoomRegistryOptions {
  media: MediaNode
  events: RoomEventSink
  log: Log
  /** Signs the tokens participants are given to come back with. */
  mint: TokenMinter
  /** Joining makes a room that is not there (default); else only CreateRoom does. */
  autoCreate?: boolean
  /** Default: a new one. */
  nodeId?: string
  /** TURN servers told to clients; absent: none. */
  turn?: TurnSettings | undefined
  /** URLs of other nodes, for who has to leave this one. */
  otherUrls?: RoomDeps['otherUrls']
  /** Where other nodes share the rooms: claims the identity of somebody who is to be shown in a room as well. */
  seatForForwarded?: ((source: Participant, to: Room) => Promise<Seat & { giveBack(): void }>) | undefined
  /** Where other nodes share the rooms: keeps a seat for somebody who is told to come to another room. */
  seatForMoved?: ((source: Participant, to: Room) => Promise<{ giveBack(): void }>) | undefined
  /** The other nodes that share rooms with this one; absent: there are none. */
  peers?: RoomDeps['peers']
  limits?: Partial<RoomLimits>
  /** Milliseconds since the epoch; Date.now in production. */
  now?: () => number
  /** Whole milliseconds of a clock that only goes on, by which it is counted how long something lasts. Default: `now`, or the monotonic one. */
  elapsed?: () => number
}

const isShown = (participant: Participant) => !participant.isHidden && isCounted(participant)

/** A room at this node. */
export interface RoomFigures {
  id: RoomId
  name: string
  people: number
  /** With those that are not shown. */
  connections: number
  /** Of those, who send something. */
  publishers: number
  recorders: number
  signalBytes: number
  dataBytes: number
}

export class RoomRegistry implements RoomDirectory {
  readonly limits: RoomLimits
  readonly log: Log
  readonly #rooms = new Map<string, Room>()
  readonly #closing = new Set<Promise<void>>()
  readonly #roomDeps: RoomDeps
  readonly #autoCreate: boolean
  readonly #revoked: RevokedTokens
  readonly #seatForForwarded: RoomRegistryOptions['seatForForwarded']
  readonly #seatForMoved: RoomRegistryOptions['seatForMoved']
  #isClosed = false

  /** The media node and the event sink stay the caller's to close, after `close()`. */
  constructor(options: RoomRegistryOptions) {
    this.limits = { ...defaultLimits, ...options.limits }
    this.log = options.log
    this.#autoCreate = options.autoCreate ?? true
    this.#seatForForwarded = options.seatForForwarded
    this.#seatForMoved = options.seatForMoved
    this.#revoked = new RevokedTokens(options.now ?? Date.now)
    this.#roomDeps = {
      media: options.media,
      events: options.events,
      limits: this.limits,
      log: options.log,
      now: options.now ?? Date.now,
      elapsed: options.elapsed ?? options.now ?? wholeMs,
      nodeId: options.nodeId ?? newId('ND_'),
      turn: options.turn,
      peers: options.peers,
      otherUrls: options.otherUrls,
      mint: options.mint,
      onClosed: room => {
        if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name)
      },
    }
  }

  /** Joins the room of the token, making it when there is none. Throws AppError as Room.join, or 'unavailable'. */
  join(claims: VerifiedClaims, query: JoinQuery, link: SignalLink): { room: Room; participant: Participant } {
    const name = claims.video.room ?? ''
    this.assertJoinable(claims)
    if (this.#revoked.has(claims)) throw new AppError('permission_denied', 'the token was revoked')
    // A second connection makes no room: its owner is not in it.
    if (claims.owner !== undefined) ownedClaims(this.#room(name), claims, this.limits.secondConnections)
    const room = this.#getOrCreate(name, optionsOf(claims.roomConfig))
    return { room, participant: room.join(claims, query, link) }
  }

  /** Whether this node may let them join, before the others are asked. @throws AppError as `join` */
  assertAdmissible(claims: VerifiedClaims): void {
    if (this.#isClosed) throw new AppError('unavailable', 'the node is stopping')
    if (this.#revoked.has(claims)) throw new AppError('permission_denied', 'the token was revoked')
    if (!this.#rooms.has(claims.video.room ?? '')) this.#assertRoomLeft()
    if (claims.owner !== undefined)
      ownedClaims(this.#room(claims.video.room ?? ''), claims, this.limits.secondConnections)
  }

  /** The room that joining makes where there is none; null: it makes none. @throws AppError for what no room can be */
  draftFor({ owner, video, roomConfig }: VerifiedClaims): RoomOptions | null {
    // A second connection makes no room: its owner is not in it.
    if (owner !== undefined || !(this.#autoCreate || video.roomCreate)) return null
    return newRoomOptions(video.room ?? '', optionsOf(roomConfig), this.limits)
  }

  assertJoinable({ video }: Pick<VerifiedClaims, 'video'>): void {
    if (!this.#autoCreate && !video.roomCreate && !this.#rooms.has(video.room ?? ''))
      throw new AppError('not_found', 'requested room does not exist')
  }

  /**
   * Undefined when the participant is not kept here (any more), or kept for a newer token: sids are known to everybody, so an old token
   * must not take over whoever came back with a new one. `clientAddress` as in JoinQuery.
   */
  resume(
    claims: VerifiedClaims,
    sid: string,
    link: SignalLink,
    clientAddress = '',
  ): { room: Room; participant: Participant } | undefined {
    const room = this.#revoked.has(claims) ? undefined : this.#rooms.get(claims.video.room ?? '')
    const participant = room?.resume(claims.identity, sid, link, clientAddress)
    return room && participant ? { room, participant } : undefined
  }

  /** URLs of other nodes, for who has to leave this one. */
  otherUrls(): string[] {
    return this.#roomDeps.otherUrls?.() ?? []
  }

  /** Of all rooms, those only whose connections this node holds: what all nodes say can be added up. */
  peopleHere(): number {
    let people = 0
    for (const { participants } of this.#rooms.values())
      for (const participant of participants.values()) if (isShown(participant)) people += 1
    return people
  }

  /** What each room has at this node, for whoever runs it; the largest first. Bytes are what waits for its clients. */
  figuresHere(): RoomFigures[] {
    const rooms = [...this.#rooms.values()].map(room => {
      const all = [...room.participants.values()]
      return {
        id: room.id,
        name: room.name,
        people: all.filter(isShown).length,
        connections: all.length,
        publishers: all.filter(({ publications }) => publications.published().length > 0).length,
        recorders: room.captures.size,
        signalBytes: all.reduce((sum, { backlog }) => sum + backlog.waitingBytes, 0),
        dataBytes: all.reduce((sum, { data }) => sum + data.waitingBytes, 0),
      }
    })
    return rooms.sort((a, b) => b.people - a.people)
  }

  /** The open room of that name, if it is at this node. */
  find(name: string): Room | undefined {
    return this.#rooms.get(name)
  }

  /** Makes a room that other nodes know, too. Whoever had that name here has closed. @throws AppError('unavailable') */
  openShared(options: RoomOptions, shared: SharedRoomFacts): Room {
    if (this.#isClosed) throw new AppError('unavailable', 'the node is stopping')
    const room = new Room(options, this.#roomDeps, shared)
    this.#rooms.set(room.name, room)
    return room
  }

  #getOrCreate(name: string, options: Partial<Room['options']> = {}): Room {
    const existing = this.#rooms.get(name)
    if (existing) return existing
    if (this.#isClosed) throw new AppError('unavailable', 'the node is stopping')
    this.#assertRoomLeft()
    const room = new Room(newRoomOptions(name, options, this.limits), this.#roomDeps)
    this.#rooms.set(name, room)
    return room
  }

  #assertRoomLeft(): void {
    if (this.#rooms.size >= this.limits.rooms)
      throw new AppError('resource_exhausted', `this node has ${this.limits.rooms} rooms already`)
  }

  #room(name: string): Room {
    const room = this.#rooms.get(name)
    if (!room) throw new AppError('not_found', 'the room does not exist')
    return room
  }

  #participant(room: string, identity: string): { room: Room; participant: Participant } {
    const found = this.#room(room)
    const participant = found.participants.get(identity)
    if (!participant && found.forwarded.get(identity))
      throw new AppError('failed_precondition', 'the participant is forwarded: ask for this in its own room')
    if (!participant) throw new AppError('not_found', 'the participant does not exist')
    return { room: found, participant }
  }

  /** An existing room is returned as it is. */
  async createRoom(options: Parameters<RoomDirectory['createRoom']>[0]): Promise<RoomMessage> {
    return this.#getOrCreate(options.name, options).message()
  }

  listRooms(names?: string[]): RoomMessage[] {
    const rooms = [...this.#rooms.values()]
    const wanted = names && names.length > 0 ? rooms.filter(room => names.includes(room.name)) : rooms
    return wanted.map(room => room.message())
  }

  hasRoom(name: string): boolean {
    return this.#rooms.has(name)
  }

  async deleteRoom(name: string): Promise<void> {
    await this.#track(this.#room(name).close('deleted'))
  }

  listParticipants(room: string): ParticipantInfo[] {
    const found = this.#rooms.get(room)
    if (!found) return []
    return found.members().map(member => member.info())
  }

  getParticipant(room: string, identity: string): ParticipantInfo {
    const found = this.#rooms.get(room)
    const copy = found?.forwarded.get(identity) ?? found?.remote.get(identity)
    return (copy ?? this.#participant(room, identity).participant).info()
  }

  /** Tokens of this identity from before that second are refused from now on; an earlier second changes nothing. */
  revoke(room: string, identity: string, beforeS: number): void {
    this.#revoked.add(room, identity, beforeS)
  }

  /** All tokens that are refused here. */
  revocations(): ReturnType<RevokedTokens['list']> {
    return this.#revoked.list()
  }

  /** The tokens are revoked also of somebody who is not here just now, which is told as 'not_found'. */
  async removeParticipant(room: string, identity: string, revokeTokensBeforeS = 0): Promise<void> {
    if (revokeTokensBeforeS > 0) this.revoke(room, identity, revokeTokensBeforeS)
    const found = this.#room(room)
    const isForwarded = found.forwarded.get(identity) !== undefined
    const participant = isForwarded ? undefined : this.#participant(room, identity).participant
    if (participant) found.leave(participant, 'removed')
    else found.forwarded.end(identity, 'removed')
  }

  /** Unmuting from afar is refused, as by LiveKit's default: a microphone is opened by its owner. */
  async mutePublishedTrack(
    room: string,
    identity: string,
    trackSid: string,
    muted: boolean,
  ): Promise<TrackInfo> {
    const { participant } = this.#participant(room, identity)
    const publication = participant.publications.get(trackSid)
    if (!publication) throw new AppError('not_found', 'the track does not exist')
    // Also of a track that is open as far as is known here: its owner may have closed it in a message still under way.
    if (!muted) throw new AppError('failed_precondition', 'remote unmute is not enabled')
    participant.publications.muteByServer(publication)
    return publication.info.clone()
  }

  async updateParticipant(
    room: string,
    identity: string,
    changes: Parameters<RoomDirectory['updateParticipant']>[2],
  ): Promise<ParticipantInfo> {
    const found = this.#participant(room, identity)
    const { permission, ...profile } = changes
    found.room.changes.profile(found.participant, profile)
    if (permission) found.room.changes.permission(found.participant, new ParticipantPermission(permission))
    return found.participant.info()
  }

  async updateSubscriptions(
    room: string,
    identity: string,
    trackSids: string[],
    subscribe: boolean,
  ): Promise<void> {
    const unknown = this.#participant(room, identity).participant.subscriptions.setWanted(
      trackSids,
      subscribe,
      true,
    )
    if (subscribe && unknown.length > 0)
      throw new AppError('not_found', `no such track: ${unknown.slice(0, 5).join(', ')}`)
  }

  async moveParticipant(room: string, identity: string, destination: string): Promise<void> {
    const found = this.#participant(room, identity)
    if (destination === room)
      throw new AppError('invalid_argument', 'the destination room is the room the participant is in')
    const to = this.#getOrCreate(destination)
    assertMovable(found.participant, to)
    const seat = await this.#seatForMoved?.(found.participant, to)
    try {
      await moveParticipant(found.room, found.participant, to)
    } catch (error) {
      seat?.giveBack()
      throw error
    }
  }

  async forwardParticipant(room: string, identity: string, destination: string): Promise<void> {
    const found = this.#participant(room, identity)
    if (destination === room)
      throw new AppError('invalid_argument', 'the destination room is the room the participant is in')
    assertForwardable(found.participant)
    const to = this.#getOrCreate(destination)
    to.assertForwardable(found.participant)
    const seat = await this.#seatForForwarded?.(found.participant, to)
    try {
      to.forward(found.participant, found.room, seat)
    } catch (error) {
      seat?.giveBack()
      throw error
    }
  }

  async performRpc(room: string, identity: string, call: RpcCall): Promise<string> {
    const found = this.#participant(room, identity)
    return await found.room.rpc.perform(found.participant, call)
  }

  async sendData(room: string, packet: DataPacket): Promise<void> {
    const target = this.#room(room)
    if (packet.toBinary().length > this.limits.dataPacketBytes)
      throw new AppError('invalid_argument', 'the data packet is too large')
    target.sendData(new DataPacket(packet))
  }

  async updateRoomMetadata(room: string, metadata: string): Promise<RoomMessage> {
    const target = this.#room(room)
    target.changeMetadata(metadata)
    return target.message()
  }

  async openCapture(
    room: string,
    send: (event: CaptureEvent) => void,
  ): Promise<{
    handle(command: CaptureCommand): Promise<void>
    close(reason: CaptureCloseReason): Promise<void>
  }> {
    return this.#room(room).openCapture(send)
  }

  /** Closes every room; participants are told to come back (LeaveRequest RECONNECT). New joins are refused. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const room of [...this.#rooms.values()]) this.#track(room.close('node_stopping'))
    await Promise.allSettled(this.#closing)
  }

  #track(closing: Promise<void>): Promise<void> {
    this.#closing.add(closing)
    return closing.finally(() => this.#closing.delete(closing))
  }
}
