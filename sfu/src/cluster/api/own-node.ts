/**
 * What this node does when the API asks something of rooms and members that are here, whoever took the call. Its own registry does it; what has to
 * hold for the next connection too is kept in the record before it is answered.
 */
import type { RoomId } from '@diemcau/core/ids.ts'
import type { DataPacket, ParticipantInfo, Room as RoomMessage, TrackInfo } from '@livekit/protocol'
import type { RpcCall } from '../../room/data/api-rpc.ts'
import type { RoomDirectory } from '../../room/room-api.ts'
import type { RoomRegistry } from '../../room/room-registry.ts'
import type { KeptBook } from './kept-book.ts'

export interface OwnNodeOptions {
  local: RoomRegistry
  kept: KeptBook
  /** Whether all members of a room that is here are known here. */
  isWhole(sid: RoomId): boolean
  /** Makes this node one of the room of that name, which is made when it is not there. */
  reach(name: string): Promise<void>
}

export class OwnNode {
  readonly #options: OwnNodeOptions

  constructor(options: OwnNodeOptions) {
    this.#options = options
  }

  /** This node is in the room. */
  isIn(room: string): boolean {
    return this.#options.local.find(room) !== undefined
  }
  /** This node is in the room and knows all who are in it. */
  knows(room: string): boolean {
    const found = this.#options.local.find(room)
    return found !== undefined && this.#options.isWhole(found.id)
  }
  /** Somebody of that identity is connected here: to this room, or to another one and shown in it. */
  holds(room: string, identity: string): boolean {
    const found = this.#options.local.find(room)
    return (found?.participants.has(identity) || found?.forwarded.get(identity) !== undefined) ?? false
  }

  /** What only a room's nodes know of it, of those that this one is in. */
  listRooms(names: string[]): RoomMessage[] {
    const known = names.filter(name => this.knows(name))
    const rooms = known.length > 0 ? this.#options.local.listRooms(known) : []
    // The record has it, and many of it are more than one answer holds.
    for (const room of rooms) room.metadata = ''
    return rooms
  }
  listParticipants(room: string): ParticipantInfo[] {
    return this.#options.local.listParticipants(room)
  }
  getParticipant(room: string, identity: string): ParticipantInfo {
    return this.#options.local.getParticipant(room, identity)
  }

  revoke(room: string, identity: string, beforeS: number): void {
    this.#options.local.revoke(room, identity, beforeS)
  }

  async removeParticipant(room: string, identity: string, revokeTokensBeforeS: number): Promise<void> {
    await this.#options.local.removeParticipant(room, identity, revokeTokensBeforeS)
  }

  async mutePublishedTrack(
    room: string,
    identity: string,
    trackSid: string,
    muted: boolean,
  ): Promise<TrackInfo> {
    const { local, kept } = this.#options
    const found = this.#connected(room, identity)
    const publication = found?.participant.publications.get(trackSid)
    const track = await local.mutePublishedTrack(room, identity, trackSid, muted)
    if (found && publication) await kept.muted(found.room, found.participant, publication)
    return track
  }

  async updateParticipant(
    room: string,
    identity: string,
    changes: Parameters<RoomDirectory['updateParticipant']>[2],
  ): Promise<ParticipantInfo> {
    const { local, kept } = this.#options
    const found = this.#connected(room, identity)
    const info = await local.updateParticipant(room, identity, changes)
    if (found) await kept.changed(found.room, found.participant, changes)
    return info
  }

  async updateSubscriptions(
    room: string,
    identity: string,
    trackSids: string[],
    subscribe: boolean,
  ): Promise<void> {
    await this.#options.local.updateSubscriptions(room, identity, trackSids, subscribe)
  }

  async moveParticipant(room: string, identity: string, destination: string): Promise<void> {
    const { local, reach } = this.#options
    if (destination !== room) await reach(destination)
    await local.moveParticipant(room, identity, destination)
  }

  async forwardParticipant(room: string, identity: string, destination: string): Promise<void> {
    const { local, reach } = this.#options
    if (destination !== room) await reach(destination)
    await local.forwardParticipant(room, identity, destination)
  }

  async performRpc(room: string, identity: string, call: RpcCall): Promise<string> {
    return await this.#options.local.performRpc(room, identity, call)
  }

  async sendData(room: string, packet: DataPacket): Promise<void> {
    await this.#options.local.sendData(room, packet)
  }

  #connected(name: string, identity: string) {
    const room = this.#options.local.find(name)
    const participant = room?.participants.get(identity)
    return room && participant && { room, participant }
  }
}
