/** Lists of rooms and of those in them. What only a room's nodes know is asked of one of them; which rooms there are, the record says. */
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '@diemcau/core/errors.ts'
import {
  ListParticipantsRequest,
  ListRoomsRequest,
  type ParticipantInfo,
  type Room as RoomMessage,
} from '@livekit/protocol'
import type { RoomRegistry } from '../../room/room-registry.ts'
import { enabledCodecs } from '../../room/telling/room-messages.ts'
import type { Incarnation } from '../links/node-links.ts'
import { messageOfFacts } from '../node/room-body.ts'
import type { RoomRecord } from '../record/record-types.ts'
import type { Acting } from './acting.ts'
import type { OwnNode } from './own-node.ts'
import type { PeerAsking } from './peer-asking.ts'
import type { RecordRooms } from './record-rooms.ts'
import * as calls from './room-calls.ts'

/** How long a node may take to say who is in its rooms, ms; two are asked at most, of each room. */
const LIST_MS = 2_000
const MOST_ASKED = 2
/** So many rooms are asked of a node in one call. */
const ROOMS_A_CALL = 200
/** Rooms that are looked up by their names; of more all are read. */
const NAMES_LOOKED_UP = 50
/** While the record says that a room has nodes, and these say that they are not in it, ms. */
const SEEK_MS = 2_000
const SEEK_EVERY_MS = 100

export interface RoomListsOptions {
  local: RoomRegistry
  own: OwnNode
  self: Incarnation
  record: RecordRooms
  peers: PeerAsking
  acting: Acting
}

/** All methods throw AppError('unavailable') when the record cannot be reached. */
export class RoomLists {
  readonly #options: RoomListsOptions

  constructor(options: RoomListsOptions) {
    this.#options = options
  }

  /** All open rooms, or those of these names; no names: all. */
  async rooms(names: readonly string[]): Promise<RoomMessage[]> {
    const { record } = this.#options
    const wanted = new Set(names)
    const byName = wanted.size > 0 && wanted.size <= NAMES_LOOKED_UP
    const records = byName
      ? (await Promise.all([...wanted].map(name => record.find(name)))).filter(room => room !== null)
      : (await record.all()).filter(({ name }) => wanted.size === 0 || wanted.has(name))
    return await this.#messages(records)
  }

  async message(room: RoomRecord): Promise<RoomMessage> {
    const [message] = await this.#messages([room])
    if (!message) throw new AppError('internal', 'a room without a message')
    return message
  }

  /** None of a room that does not exist. */
  async participants(room: string): Promise<ParticipantInfo[]> {
    const { own } = this.#options
    if (own.knows(room)) return await own.listParticipants(room)
    try {
      const request = new ListParticipantsRequest({ room })
      const answer = await this.atRoom(room, calls.listParticipants, request, LIST_MS)
      return answer?.participants ?? []
    } catch (error) {
      if (error instanceof AppError && error.code === 'not_found') return []
      throw error
    }
  }

  /**
   * Done by one node of the room, this one first; undefined: it has none. A node that did not answer may have done it: if that changes anything,
   * no other is asked then.
   *
   * @throws AppError('not_found') when there is no such room, ('unavailable')
   */
  async atRoom<Request, Response>(
    name: string,
    call: calls.RoomCall<Request, Response>,
    request: Request,
    withinMs: number,
  ): Promise<Response | undefined> {
    const { local, self, record, peers, acting } = this.#options
    const until = performance.now() + SEEK_MS
    for (;;) {
      if (local.find(name)) {
        const response = await peers.ask(self, call, request, withinMs)
        if (response) return response
      }
      const room = await acting.unlessAway([], record.find(name))
      if (room === 'away') return await this.atLinked(call, request, withinMs)
      if (!room) throw new AppError('not_found', 'the room does not exist')
      if (room.nodes.length === 0) return undefined
      for (const node of peers.reachable(room.nodes)) {
        const response = await peers.ask(node, call, request, withinMs).catch((error: unknown) => {
          if (call.isRead && error instanceof AppError && error.code === 'unavailable') return undefined
          throw error
        })
        if (response) return response
      }
      if (performance.now() >= until)
        throw new AppError('unavailable', 'no node of the room can be reached just now')
      await wait(SEEK_EVERY_MS)
    }
  }

  /**
   * While the record is away, by the first of the nodes that are heard which has the one it is about.
   *
   * @throws AppError('unavailable') when none has: one that is not heard may
   */
  async atLinked<Request, Response>(
    call: calls.RoomCall<Request, Response>,
    request: Request,
    withinMs: number,
  ): Promise<Response> {
    const { peers } = this.#options
    for (const node of peers.linked()) {
      const response = await peers.ask(node, call, request, withinMs)
      if (response) return response
    }
    throw new AppError('unavailable', 'the shared record is away, and no node that is heard knows of this')
  }

  /** With who is in them: as this node knows, or one of theirs; should none say so, as the record counts. */
  async #messages(records: readonly RoomRecord[]): Promise<RoomMessage[]> {
    const { local, own } = this.#options
    const known = new Map<string, RoomMessage>()
    for (const { sid, name } of records) {
      const room = local.find(name)
      if (room?.id === sid && own.knows(name)) known.set(sid, room.message())
    }
    for (let turn = 0; turn < MOST_ASKED; turn++) {
      const open = records.filter(({ sid }) => !known.has(sid))
      for (const message of await this.#ask(open, turn)) known.set(message.sid, message)
    }
    return records.map(record => merged(record, known.get(record.sid)))
  }

  /** `turn`: which of a room's nodes, so that the second time another one is asked. */
  async #ask(records: readonly RoomRecord[], turn: number): Promise<RoomMessage[]> {
    const { peers } = this.#options
    const byNode = new Map<Incarnation, string[]>()
    for (const { name, nodes } of records) {
      const node = peers.reachable(nodes)[turn]
      if (node) byNode.set(node, [...(byNode.get(node) ?? []), name])
    }
    const answers = [...byNode].map(async ([node, all]) => {
      const rooms: RoomMessage[] = []
      for (let at = 0; at < all.length; at += ROOMS_A_CALL) {
        const request = new ListRoomsRequest({ names: all.slice(at, at + ROOMS_A_CALL) })
        // One that does not answer has the second one asked, or the record.
        const answer = await peers.ask(node, calls.listRooms, request, LIST_MS).catch(() => undefined)
        if (!answer) break
        rooms.push(...answer.rooms)
      }
      return rooms
    })
    return (await Promise.all(answers)).flat()
  }
}

/** What the room is, by the record; who is in it, by its nodes. */
function merged(record: RoomRecord, known: RoomMessage | undefined): RoomMessage {
  const message = messageOfFacts(record)
  message.enabledCodecs = enabledCodecs()
  message.numParticipants = known?.numParticipants ?? record.counted
  message.numPublishers = known?.numPublishers ?? 0
  message.activeRecording = known?.activeRecording ?? false
  return message
}
