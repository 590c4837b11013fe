/**
 * All rooms of this node. Getting or creating a room is one synchronous step, so two joins can never make two rooms of
 * one name. Implements RoomDirectory for the API and the capture edge; signalling joins and resumes through it.
 */
import type { CaptureCommand, CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import { AppError } from '@diemcau/core/errors.ts'
import { newId } from '@diemcau/core/ids.ts'
import {
  DataPacket,
  type ParticipantInfo,
  ParticipantPermission,
  type RoomConfiguration,
  type Room as RoomMessage,
  type TrackInfo,
} from '@livekit/protocol'
import type { RpcCall } from './api-rpc.ts'
import type { JoinQuery, TokenMinter, VerifiedClaims } from './claims.ts'
import { assertForwardable } from './forwarded-participants.ts'
import type { TurnSettings } from './ice-servers.ts'
import { byteLength, defaultLimits, type RoomLimits } from './limits.ts'
import type { Log } from './log.ts'
import { moveParticipant } from './move-participant.ts'
import type { Participant } from './participant.ts'
import type { MediaNode } from './ports.ts'
import { Room, type RoomDeps } from './room.ts'
import type { RoomDirectory, RoomEventSink } from './room-api.ts'
import type { RoomOptions } from './room-view.ts'
import type { SignalLink } from './signal-link.ts'

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
  limits?: Partial<RoomLimits>
  /** Milliseconds since the epoch; Date.now in production. */
  now?: () => number
}

const NAME_LIMIT_BYTES = 256

export class RoomRegistry implements RoomDirectory {
  readonly limits: RoomLimits
  readonly log: Log
  readonly #rooms = new Map<string, Room>()
  readonly #closing = new Set<Promise<void>>()
  readonly #roomDeps: RoomDeps
  readonly #autoCreate: boolean
  #isClosed = false

  /** The media node and the event sink stay the caller's to close, after `close()`. */
  constructor(options: RoomRegistryOptions) {
    this.limits = { ...defaultLimits, ...options.limits }
    this.log = options.log
    this.#autoCreate = options.autoCreate ?? true
    this.#roomDeps = {
      media: options.media,
      events: options.events,
      limits: this.limits,
      log: options.log,
      now: options.now ?? Date.now,
      nodeId: options.nodeId ?? newId('ND_'),
      turn: options.turn,
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
    const room = this.#getOrCreate(name, optionsOf(claims.roomConfig))
    return { room, participant: room.join(claims, query, link) }
  }

  assertJoinable({ video }: Pick<VerifiedClaims, 'video'>): void {
    if (!this.#autoCreate && !video.roomCreate && !this.#rooms.has(video.room ?? ''))
      throw new AppError('not_found', 'requested room does not exist')
  }

  /** Undefined when the participant is not kept here (any more). `clientAddress` as in JoinQuery. */
  resume(
    claims: VerifiedClaims,
    sid: string,
    link: SignalLink,
    clientAddress = '',
  ): { room: Room; participant: Participant } | undefined {
    const room = this.#rooms.get(claims.video.room ?? '')
    const participant = room?.resume(claims.identity, sid, link, clientAddress)
    return room && participant ? { room, participant } : undefined
  }

  #getOrCreate(name: string, options: Partial<Room['options']> = {}): Room {
    const existing = this.#rooms.get(name)
    if (existing) return existing
    if (this.#isClosed) throw new AppError('unavailable', 'the node is stopping')
    if (this.#rooms.size >= this.limits.rooms)
      throw new AppError('resource_exhausted', `this node has ${this.limits.rooms} rooms already`)
    if (name === '' || byteLength(name) > NAME_LIMIT_BYTES)
      throw new AppError('invalid_argument', `a room name has 1 to ${NAME_LIMIT_BYTES} bytes`)
    if (byteLength(options.metadata ?? '') > this.limits.metadataBytes)
      throw new AppError('over_limit', 'room metadata is over the limit')
    const room = new Room(
      {
        name,
        // 0 is "not given" in the API's messages.
        emptyTimeoutS: options.emptyTimeoutS || this.limits.emptyTimeoutS,
        departureTimeoutS: options.departureTimeoutS || this.limits.departureTimeoutS,
        maxParticipants: options.maxParticipants ?? 0,
        metadata: options.metadata ?? '',
      },
      this.#roomDeps,
    )
    this.#rooms.set(name, room)
    return room
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

  async deleteRoom(name: string): Promise<void> {
    await this.#track(this.#room(name).close('deleted'))
  }

  listParticipants(room: string): ParticipantInfo[] {
    const found = this.#rooms.get(room)
    if (!found) return []
    const { participants, forwarded } = found
    return [...participants.values(), ...forwarded.list()].map(member => member.info())
  }

  getParticipant(room: string, identity: string): ParticipantInfo {
    const forwarded = this.#rooms.get(room)?.forwarded.get(identity)
    return (forwarded ?? this.#participant(room, identity).participant).info()
  }

  async removeParticipant(room: string, identity: string, revokeTokensBeforeS = 0): Promise<void> {
    const found = this.#room(room)
    const isForwarded = found.forwarded.get(identity) !== undefined
    const participant = isForwarded ? undefined : this.#participant(room, identity).participant
    if (revokeTokensBeforeS > 0) found.revokedTokens.set(identity, revokeTokensBeforeS)
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
    found.room.changeProfile(found.participant, profile)
    if (permission) found.room.changePermission(found.participant, new ParticipantPermission(permission))
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
    await moveParticipant(found.room, found.participant, this.#getOrCreate(destination))
  }

  async forwardParticipant(room: string, identity: string, destination: string): Promise<void> {
    const found = this.#participant(room, identity)
    if (destination === room)
      throw new AppError('invalid_argument', 'the destination room is the room the participant is in')
    assertForwardable(found.participant)
    this.#getOrCreate(destination).forward(found.participant, found.room)
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
  ): Promise<{ handle(command: CaptureCommand): Promise<void>; close(reason: string): Promise<void> }> {
    return this.#room(room).openCapture(send)
  }

  /** Closes every room; participants are told to come back (LeaveRequest RECONNECT). New joins are refused. */
  async close(_reason: 'node_stopping' = 'node_stopping'): Promise<void> {
    this.#isClosed = true
    for (const room of [...this.#rooms.values()]) this.#track(room.close('node_stopping'))
    await Promise.allSettled(this.#closing)
  }

  #track(closing: Promise<void>): Promise<void> {
    this.#closing.add(closing)
    return closing.finally(() => this.#closing.delete(closing))
  }
}

/** RoomConfiguration of a token, for the room its holder makes by joining. 0 and '' mean "not given". */
function optionsOf(config: RoomConfiguration | undefined): Partial<RoomOptions> {
  if (!config) return {}
  return {
    emptyTimeoutS: config.emptyTimeout,
    departureTimeoutS: config.departureTimeout,
    maxParticipants: config.maxParticipants,
    metadata: config.metadata,
  }
}
