/**
 * What this node does when the API asks something of rooms and members that are here, whoever took the call. Its own registry does it; what has to
 * hold for the next connection too is kept in the record before it is answered.
 */
import type { RoomId } from '@diemcau/core/ids.ts'
import type { DataPacket, ParticipantInfo, Room as RoomMessage, TrackInfo } from '@livekit/protocol'
import type { RpcCall } from '../../room/data/api-rpc.ts'
import type { Participant } from '../../room/member/participant.ts'
import type { Member } from '../../room/member/room-view.ts'
import type { Room } from '../../room/room.ts'
import type { RoomDirectory } from '../../room/room-api.ts'
import type { RoomRegistry } from '../../room/room-registry.ts'
import type { Incarnation } from '../links/node-links.ts'
import type { Claim } from '../record/record-types.ts'
import type { HeldWord } from './held-words.ts'
import type { KeptBook } from './kept-book.ts'

/** What a node knows of another one: how long ago a beat was asked that counted it, ms; and whether the record is reached. */
export interface Vouched {
  vouchedMs: number | null
  reachesRecord: boolean
}

/** Whether a word is held here for the record, and whether this node reaches it. */
export interface Held {
  isHeld: boolean
  reachesRecord: boolean
}

export interface OwnNodeOptions {
  local: RoomRegistry
  kept: KeptBook
  /** Whether all members of a room that is here are known here. */
  isWhole(sid: RoomId): boolean
  /** The other nodes that are in it. */
  nodesOf(sid: RoomId): readonly Incarnation[]
  /** What this node did is done by the one whose members they are (`Acting.confirm`). @throws AppError('unavailable') */
  confirm(nodes: readonly Incarnation[]): Promise<'sure' | 'away'>
  /** As Acting.unlessAway */
  unlessAway<T>(nodes: readonly Incarnation[], asked: Promise<T>): Promise<T | 'away'>
  /** As Acting.hold: the word, and the other nodes of the room. @throws AppError('unavailable') */
  holdEverywhere(word: HeldWord, nodes: readonly Incarnation[]): Promise<void>
  /** Holds it here for the record. */
  hold(word: HeldWord): Held
  /** Who has the claim, by the record; undefined when it does not say so just now. */
  claimNow(sid: RoomId, identity: string): Promise<Claim | null | undefined>
  vouch(inst: Incarnation): Vouched
  /** As PresentElsewhere.of */
  elsewhere(room: Room): Promise<ReadonlyMap<Incarnation, ReadonlySet<string>>>
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
  /** All there are at this moment: those on other nodes by their word. */
  async listParticipants(room: string): Promise<ParticipantInfo[]> {
    const { local, elsewhere } = this.#options
    const asked = local.find(room)
    const held = asked && (await elsewhere(asked))
    const found = local.find(room)
    const isGone = (member: Member) => {
      const copy = found?.remote.get(member.identity)
      return copy === member && held?.get(copy.node)?.has(copy.id) === false
    }
    return (found?.members() ?? []).filter(member => !isGone(member)).map(member => member.info())
  }
  /** Of that room, and no other of its name; undefined: this node is not in it. */
  membersHeld(name: string, sid: string): string[] | undefined {
    const room = this.#options.local.find(name)
    if (room?.id !== sid) return undefined
    return room
      .members()
      .filter(member => room.remote.get(member.identity) !== member)
      .map(({ id }) => id)
  }
  getParticipant(room: string, identity: string): ParticipantInfo {
    return this.#options.local.getParticipant(room, identity)
  }

  revoke(room: string, identity: string, beforeS: number): void {
    this.#options.local.revoke(room, identity, beforeS)
  }

  vouch(inst: Incarnation): Vouched {
    return this.#options.vouch(inst)
  }

  hold(word: HeldWord): Held {
    const { revocation } = word.type === 'revoked' ? word : {}
    if (revocation) this.revoke(revocation.roomName, revocation.identity, revocation.beforeS)
    return this.#options.hold(word)
  }

  /** False: the identity is connected elsewhere by now, and is to be removed there. @throws AppError('unavailable'): it may be gone */
  async removeParticipant(room: string, identity: string, revokeTokensBeforeS: number): Promise<boolean> {
    const { local } = this.#options
    const found = local.find(room)
    const psid = (found?.participants.get(identity) ?? found?.forwarded.get(identity))?.id
    await local.removeParticipant(room, identity, revokeTokensBeforeS)
    return found === undefined || (await this.#isNewest(found, psid, identity))
  }

  /** Undefined: the identity is connected elsewhere by now. So in all that follows. */
  async mutePublishedTrack(
    room: string,
    identity: string,
    trackSid: string,
    muted: boolean,
  ): Promise<TrackInfo | undefined> {
    const { local, kept } = this.#options
    const found = this.#connected(room, identity)
    const publication = found?.participant.publications.get(trackSid)
    const track = await local.mutePublishedTrack(room, identity, trackSid, muted)
    const isKept =
      found &&
      publication &&
      (await this.#kept(found, kept.muted(found.room, found.participant, publication)))
    return (await this.#holds(isKept, found?.room)) ? track : undefined
  }

  async updateParticipant(
    room: string,
    identity: string,
    changes: Parameters<RoomDirectory['updateParticipant']>[2],
  ): Promise<ParticipantInfo | undefined> {
    const { local, kept } = this.#options
    const found = this.#connected(room, identity)
    const info = await local.updateParticipant(room, identity, changes)
    const isKept = found && (await this.#kept(found, kept.changed(found.room, found.participant, changes)))
    return (await this.#holds(isKept, found?.room)) ? info : undefined
  }

  async updateSubscriptions(
    room: string,
    identity: string,
    trackSids: string[],
    subscribe: boolean,
  ): Promise<void> {
    await this.#options.local.updateSubscriptions(room, identity, trackSids, subscribe)
    const found = this.#options.local.find(room)
    if (found) await this.#confirm(found.id)
  }

  /** False as in removeParticipant. */
  async moveParticipant(room: string, identity: string, destination: string): Promise<boolean> {
    const { local, reach } = this.#options
    const found = this.#connected(room, identity)
    if (destination !== room) await reach(destination)
    await local.moveParticipant(room, identity, destination)
    return found === undefined || (await this.#isNewest(found.room, found.participant.id, identity))
  }

  async forwardParticipant(room: string, identity: string, destination: string): Promise<boolean> {
    const { local, reach } = this.#options
    const found = this.#connected(room, identity)
    if (destination !== room) await reach(destination)
    await local.forwardParticipant(room, identity, destination)
    return found === undefined || (await this.#isNewest(found.room, found.participant.id, identity))
  }

  async performRpc(room: string, identity: string, call: RpcCall): Promise<string> {
    return await this.#options.local.performRpc(room, identity, call)
  }

  async sendData(room: string, packet: DataPacket): Promise<void> {
    await this.#options.local.sendData(room, packet)
  }

  /** Whether what was done to this connection was done to the newest of its identity. News of a newer one may still be on its way here. */
  async #isNewest(room: Room, psid: string | undefined, identity: string): Promise<boolean> {
    if ((await this.#confirm(room.id)) === 'away') return true
    const claim = await this.#options.claimNow(room.id, identity)
    return !claim || claim.psid === psid
  }

  async #confirm(sid: RoomId): Promise<'sure' | 'away'> {
    const { confirm, nodesOf } = this.#options
    return await confirm(nodesOf(sid))
  }

  /** What the record says of it; while none of the room's nodes reaches that, when all of them have it. */
  async #kept(
    { room, participant }: { room: Room; participant: Participant },
    written: ReturnType<KeptBook['changed']>,
  ): ReturnType<KeptBook['changed']> {
    const { kept, nodesOf, unlessAway, holdEverywhere } = this.#options
    const said = await unlessAway(nodesOf(room.id), written)
    if (said !== 'away') return said
    await holdEverywhere(kept.wordOf(room, participant), nodesOf(room.id))
    return 'kept'
  }

  /** Whether it holds for the one who has the claim. The record has said so of what it keeps; else this node has to be sure. */
  async #holds(kept: 'kept' | 'lost' | 'nothing' | undefined, room: Room | undefined): Promise<boolean> {
    if (room && kept !== 'kept' && kept !== 'lost') await this.#confirm(room.id)
    return kept !== 'lost'
  }

  #connected(name: string, identity: string) {
    const room = this.#options.local.find(name)
    const participant = room?.participants.get(identity)
    return room && participant && { room, participant }
  }
}
