/**
 * Every call of the API at any node for any room of the cluster. What concerns one member is done by the node that holds its connection, what
 * concerns a room by the shared record; lists come from a node that is in the room.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { CaptureEvent } from '@diemcau/core/contracts/capture.ts'
import { AppError } from '@diemcau/core/errors.ts'
import type { RoomId } from '@diemcau/core/ids.ts'
import {
  type DataPacket,
  ForwardParticipantRequest,
  MoveParticipantRequest,
  MuteRoomTrackRequest,
  type ParticipantInfo,
  PerformRpcRequest,
  type Room as RoomMessage,
  RoomParticipantIdentity,
  type TrackInfo,
  UpdateParticipantRequest,
  UpdateSubscriptionsRequest,
} from '@livekit/protocol'
import type { RpcCall } from '../../room/data/api-rpc.ts'
import type { Room } from '../../room/room.ts'
import type { RoomDirectory } from '../../room/room-api.ts'
import { assertRoomMetadata, newRoomOptions } from '../../room/room-options.ts'
import type { RoomRegistry } from '../../room/room-registry.ts'
import { Acting, type ActingOptions } from '../api/acting.ts'
import type { HeldWords } from '../api/held-words.ts'
import type { KeptBook } from '../api/kept-book.ts'
import { OwnNode } from '../api/own-node.ts'
import { PeerAsking } from '../api/peer-asking.ts'
import { PresentElsewhere } from '../api/present-elsewhere.ts'
import { RecordRooms } from '../api/record-rooms.ts'
import * as calls from '../api/room-calls.ts'
import { RoomLists } from '../api/room-lists.ts'
import type { Incarnation, NodeLinks } from '../links/node-links.ts'
import type { RoomRecord } from '../record/record-types.ts'
import type { NodeBeats } from './node-beats.ts'
import type { RecordSteps } from './record-steps.ts'
import { packJson, packRoomWord } from './room-words.ts'

/** How long another node may take for a call that is done at once, ms. */
const CALL_MS = 5_000
/** How long the node of somebody who is known here is waited for to say how he is now, ms. */
const READ_MS = 500
/** The methods of participants: what they are given by default and at most, and the way there and back, ms (room/data/api-rpc.ts). */
const RPC_DEFAULT_MS = 10_000
const RPC_MOST_MS = 60_000
const RPC_WAY_MS = 2_000
/** How long somebody is looked for who is on the way from one node to another, or just joining, and how often, ms. */
const SEEK_MS = 2_000
const SEEK_EVERY_MS = 100
/** How long a removal waits for other nodes to hear of revoked tokens, ms. The record has them by then. */
const REVOKE_TELL_MS = 1_000

export interface ClusterDirectoryOptions {
  /** The rooms of this node. What is asked of its own members it does by their room's name. */
  local: RoomRegistry
  steps: RecordSteps
  links: NodeLinks
  /** What the API said of those who are here, for their next connection. It stays the caller's to close. */
  kept: KeptBook
  /** What the API said while the record is away. */
  held: HeldWords
  /** This node is one of the room's by the record: resolves with the room when those who are in it elsewhere are known here. */
  enter(record: RoomRecord): Promise<Room>
  /** The newest of a room's facts, for the room if it is here; an older one changes nothing. */
  apply(record: RoomRecord): void
  beats: ActingOptions['beats'] & Pick<NodeBeats, 'vouchedMs' | 'reachesRecord'>
  /** The other nodes that are in a room that is here, as far as is known. */
  nodesOf(sid: RoomId): readonly Incarnation[]
  /** As in ActingOptions; shorter for tests. */
  awayAfterMs?: number
  /** Whether all members of a room that is here are known here: not while it is being entered. */
  isWhole(sid: RoomId): boolean
}

/** Of one incarnation. Besides what RoomDirectory says all methods throw AppError('unavailable'): it may have happened. */
export class ClusterDirectory implements RoomDirectory {
  readonly #options: ClusterDirectoryOptions
  readonly #record: RecordRooms
  readonly #own: OwnNode
  readonly #peers: PeerAsking
  readonly #present: PresentElsewhere
  readonly #lists: RoomLists
  readonly #acting: Acting

  constructor(options: ClusterDirectoryOptions) {
    const { local, steps, links, kept, held, isWhole, beats, nodesOf, awayAfterMs } = options
    this.#options = options
    this.#record = new RecordRooms(steps, local.limits.rooms)
    this.#own = new OwnNode({
      ...{ local, kept, isWhole, nodesOf },
      elsewhere: room => this.#present.of(room),
      reach: name => this.#reach(name),
      claimNow: (sid, identity) => this.#record.claimNow(sid, identity),
      confirm: nodes => this.#acting.confirm(nodes),
      unlessAway: (nodes, asked) => this.#acting.unlessAway(nodes, asked),
      holdEverywhere: (word, nodes) => this.#acting.hold(word, nodes),
      hold: word => ({ isHeld: held.hold(word), reachesRecord: beats.reachesRecord }),
      vouch: inst => ({ vouchedMs: beats.vouchedMs(inst), reachesRecord: beats.reachesRecord }),
    })
    this.#peers = new PeerAsking({ self: steps.inst, own: this.#own, links })
    this.#acting = new Acting({ steps, beats, peers: this.#peers, own: this.#own, awayAfterMs })
    this.#present = new PresentElsewhere(steps, this.#peers)
    this.#lists = new RoomLists({
      local,
      own: this.#own,
      self: steps.inst,
      record: this.#record,
      peers: this.#peers,
      acting: this.#acting,
    })
  }

  /** Done for another node. @throws AppError, which goes back with its code; 'unimplemented' for what is no call of the API */
  async handleCall(_peer: Incarnation, method: string, payload: Uint8Array): Promise<Uint8Array> {
    return await calls.answerCall(this.#own, method, payload)
  }

  // Rooms -----------------------------------------------------------------------------------------------------------

  async assertJoinable(claims: Parameters<RoomDirectory['assertJoinable']>[0]): Promise<void> {
    try {
      this.#options.local.assertJoinable(claims)
    } catch (error) {
      if (!(await this.#record.find(claims.video.room ?? ''))) throw error
    }
  }

  async createRoom(asked: Parameters<RoomDirectory['createRoom']>[0]): Promise<RoomMessage> {
    const options = newRoomOptions(asked.name, asked, this.#options.local.limits)
    return await this.#lists.message(await this.#record.open(options))
  }

  async listRooms(names?: string[]): Promise<RoomMessage[]> {
    return await this.#lists.rooms(names ?? [])
  }

  async hasRoom(name: string): Promise<boolean> {
    return this.#options.local.hasRoom(name) || (await this.#record.find(name)) !== null
  }

  async deleteRoom(name: string): Promise<void> {
    const { local, links, steps } = this.#options
    const record = await this.#room(name)
    const { sid, nodes } = record
    await this.#record.close(sid, 'deleted')
    // Their inboxes say it, too; this is quicker.
    for (const node of nodes)
      if (node !== steps.inst) links.send(node, 'closed', packRoomWord(sid, packJson({ reason: 'deleted' })))
    if (local.find(name)?.id === sid) await local.deleteRoom(name)
  }

  async updateRoomMetadata(room: string, metadata: string): Promise<RoomMessage> {
    assertRoomMetadata(metadata, this.#options.local.limits)
    const record = await this.#record.change(room, options => ({ ...options, metadata }))
    this.#options.apply(record)
    return await this.#lists.message(record)
  }

  async openCapture(
    name: string,
    send: (event: CaptureEvent) => void,
  ): ReturnType<RoomDirectory['openCapture']> {
    const { local, isWhole, enter } = this.#options
    const here = local.find(name)
    // By those who are in it here this node is one of the room's: the record need not be asked, and may be away.
    if (here && here.participants.size > 0 && isWhole(here.id)) return here.openCapture(send)
    const record = await this.#record.enter((await this.#room(name)).sid)
    if (!record) throw new AppError('not_found', 'the room does not exist')
    const room = await enter(record)
    return room.openCapture(send)
  }

  /**
   * Once: it goes to one node of the room, which tells the others. A node that did not answer may have told them: nobody else is asked then. Whoever
   * repeats the call with the same nonce within 10 s, at whatever node, is heard once: each node of the room looks at the nonces of what it is told.
   */
  async sendData(room: string, packet: DataPacket): Promise<void> {
    const { limits } = this.#options.local
    if (packet.toBinary().length > limits.dataPacketBytes)
      throw new AppError('invalid_argument', 'the data packet is too large')
    // Nobody is in it anywhere: nobody hears it.
    await this.#lists.atRoom(room, calls.sendData, { room, packet }, CALL_MS)
  }

  // Members ---------------------------------------------------------------------------------------------------------

  async listParticipants(room: string): Promise<ParticipantInfo[]> {
    return await this.#lists.participants(room)
  }

  async getParticipant(room: string, identity: string): Promise<ParticipantInfo> {
    const { local } = this.#options
    const found = local.find(room)
    if (this.#own.holds(room, identity)) return local.getParticipant(room, identity)
    const request = new RoomParticipantIdentity({ room, identity })
    if (found?.remote.get(identity))
      return await this.#atOwner(calls.getHeldParticipant, request, READ_MS).catch((error: unknown) => {
        // Its node does not say: it was so a moment ago.
        if (error instanceof AppError && error.code === 'unavailable' && found.remote.get(identity))
          return local.getParticipant(room, identity)
        throw error
      })
    // Whoever has just joined elsewhere is known there before it is here.
    if (found) return await this.#atClaim(calls.getParticipant, request, { room, identity })
    const info = await this.#lists.atRoom(room, calls.getParticipant, request, CALL_MS)
    if (!info) throw new AppError('not_found', 'the participant does not exist')
    return info
  }

  async removeParticipant(room: string, identity: string, revokeTokensBeforeS = 0): Promise<void> {
    if (revokeTokensBeforeS > 0) await this.#revoke(room, identity, revokeTokensBeforeS)
    const revokeTokenTs = BigInt(revokeTokensBeforeS)
    await this.#atOwner(
      calls.removeParticipant,
      new RoomParticipantIdentity({ room, identity, revokeTokenTs }),
    )
  }

  async mutePublishedTrack(
    room: string,
    identity: string,
    trackSid: string,
    muted: boolean,
  ): Promise<TrackInfo> {
    const request = new MuteRoomTrackRequest({ room, identity, trackSid, muted })
    const { track } = await this.#atOwner(calls.mutePublishedTrack, request)
    if (!track) throw new AppError('internal', 'a node answered a mute without the track')
    return track
  }

  async updateParticipant(
    room: string,
    identity: string,
    changes: Parameters<RoomDirectory['updateParticipant']>[2],
  ): Promise<ParticipantInfo> {
    return await this.#atOwner(
      calls.updateParticipant,
      new UpdateParticipantRequest({ room, identity, ...changes }),
    )
  }

  async updateSubscriptions(
    room: string,
    identity: string,
    trackSids: string[],
    subscribe: boolean,
  ): Promise<void> {
    const request = new UpdateSubscriptionsRequest({ room, identity, trackSids, subscribe })
    await this.#atOwner(calls.updateSubscriptions, request)
  }

  async moveParticipant(room: string, identity: string, destinationRoom: string): Promise<void> {
    await this.#atOwner(
      calls.moveParticipant,
      new MoveParticipantRequest({ room, identity, destinationRoom }),
    )
  }

  async forwardParticipant(room: string, identity: string, destinationRoom: string): Promise<void> {
    const request = new ForwardParticipantRequest({ room, identity, destinationRoom })
    await this.#atOwner(calls.forwardParticipant, request)
  }

  async performRpc(room: string, identity: string, call: RpcCall): Promise<string> {
    const { method, payload, timeoutMs: responseTimeoutMs } = call
    const who = { room, destinationIdentity: identity }
    const request = new PerformRpcRequest({ ...who, method, payload, responseTimeoutMs })
    const withinMs = Math.min(responseTimeoutMs || RPC_DEFAULT_MS, RPC_MOST_MS) + RPC_WAY_MS
    return (await this.#atOwner(calls.performRpc, request, withinMs)).payload
  }

  // Where things are ------------------------------------------------------------------------------------------------

  /** The open room of that name. @throws AppError('not_found') */
  async #room(name: string): Promise<RoomRecord> {
    const record = await this.#record.find(name)
    if (!record) throw new AppError('not_found', 'the room does not exist')
    return record
  }

  /** This node is one of that room's, which is made when it is not there. */
  async #reach(name: string): Promise<void> {
    const { local, enter } = this.#options
    if (local.find(name)) return
    const { sid } = await this.#record.open(newRoomOptions(name, {}, local.limits))
    const record = await this.#record.enter(sid)
    if (!record) throw new AppError('unavailable', 'the other room is closing')
    await enter(record)
  }

  async #revoke(roomName: string, identity: string, beforeS: number): Promise<void> {
    const { local, nodesOf } = this.#options
    const revocation = { roomName, identity, beforeS }
    const room = local.find(roomName)
    const nodes = room ? nodesOf(room.id) : []
    const said = await this.#acting.unlessAway(nodes, this.#record.revoke(revocation))
    if (said === 'away') {
      await this.#acting.hold({ type: 'revoked', revocation }, nodes)
      return
    }
    this.#own.revoke(roomName, identity, beforeS)
    const request = new RoomParticipantIdentity({ room: roomName, identity, revokeTokenTs: BigInt(beforeS) })
    // Joins ask the record. Only resumes ask the node alone, and one that is not linked now may hear of it too late.
    await Promise.allSettled(
      this.#peers.linked().map(node => this.#peers.ask(node, calls.revokeTokens, request, REVOKE_TELL_MS)),
    )
  }

  /** The node that holds the connection as far as is known here; undefined: the record has to say. */
  #ownerOf({ room, identity }: { room: string; identity: string }): Incarnation | undefined {
    const { local, steps } = this.#options
    if (this.#own.holds(room, identity)) return steps.inst
    return local.find(room)?.remote.get(identity)?.node as Incarnation | undefined
  }

  /** By the node that holds the connection. @throws AppError('not_found') when there is none */
  async #atOwner<Request, Response>(
    call: calls.MemberCall<Request, Response>,
    request: Request,
    withinMs = CALL_MS,
  ): Promise<Response> {
    const who = call.of(request)
    const owner = this.#ownerOf(who)
    const response = owner && (await this.#peers.ask(owner, call, request, withinMs))
    return response ?? (await this.#atClaim(call, request, who, withinMs))
  }

  /** By the node that has the claim: by the record, also while its holder is still joining or is on the way to another node. */
  async #atClaim<Request, Response>(
    call: calls.RoomCall<Request, Response>,
    request: Request,
    { room, identity }: { room: string; identity: string },
    withinMs = CALL_MS,
  ): Promise<Response> {
    const until = performance.now() + SEEK_MS
    for (;;) {
      const found = await this.#acting.unlessAway([], this.#room(room))
      if (found === 'away') return await this.#lists.atLinked(call, request, withinMs)
      const { sid } = found
      const claim = await this.#record.claimOf(sid, identity)
      const response = claim && (await this.#peers.ask(claim.inst, call, request, withinMs))
      if (response) return response
      if (!claim || performance.now() >= until)
        throw new AppError('not_found', 'the participant does not exist')
      await wait(SEEK_EVERY_MS)
    }
  }
}
