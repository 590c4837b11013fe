/**
 * People who go on elsewhere: those of a node that gives a room up to one it does not hear, those of a node that is to stop, and those the API moves to
 * another room, or shows in one as well.
 */
import type { RoomId } from '@diemcau/core/ids.ts'
import * as claims from '../claim/claim-state.ts'
import { SPLIT_RETRY_MS } from '../claim/unheard-nodes.ts'
import type { Incarnation } from '../record/record-types.ts'
import type { Connection, Flow } from './parts.ts'
import { draftOfRoom, RoomSeats } from './room-seats.ts'

export class RoomMoves extends RoomSeats {
  // Nodes that are not heard --------------------------------------------------------------------------------------

  /** Its members are out of sight; nobody is told outside. */
  hide(inst: Incarnation): void {
    this.node.world.checks.hidden(inst, this.node.inst)
    for (const { members } of this.rooms.values()) members.hide(inst)
  }

  /** Both live: of each room they share the record names the one that gives it up. */
  *splitting(inst: Incarnation, asked: () => void): Flow {
    const { node } = this
    for (const room of [...this.rooms.values()]) {
      if (!room.nodes.has(inst) || !node.isUnheard(inst)) continue
      const roomSid = room.facts.sid
      const answer = yield* node.askInEra(
        (record, call) => record.split({ ...call, roomSid, a: node.inst, b: inst }),
        node.recordNow() + SPLIT_RETRY_MS,
      )
      if (answer?.outcome !== 'done' || answer.value.loser !== node.inst) continue
      // It may have been heard again while the record was asked.
      if (!node.isUnheard(inst)) continue
      node.world.checks.gaveUp(roomSid, node.inst, inst)
      room.lostTo = inst
      for (const connection of this.own(roomSid)) this.sendAway(connection)
    }
    asked()
  }

  /** It is heard again, or buried. */
  heard(inst: Incarnation): void {
    for (const room of this.rooms.values()) if (room.lostTo === inst) room.lostTo = null
  }

  /** The nodes newcomers had better go to, as this one has given the room up; undefined: they are welcome. */
  refuges(roomName: string): ReadonlySet<Incarnation> | undefined {
    const room = this.roomOf(roomName)
    return room?.lostTo ? room.nodes : undefined
  }

  // People who go ---------------------------------------------------------------------------------------------------

  /** Told to come back. Who is only shown here goes with whom it comes from. */
  sendAway(connection: Connection): void {
    if (connection.source || !claims.isActing(connection.claim)) return
    this.end(connection, 'node_stopping')
    this.node.world.comeBack(connection)
  }

  /** Those first who publish nothing. False: nobody was left. */
  sendOneAway(): boolean {
    const here = [...this.connections].filter(({ claim, source }) => claims.isActing(claim) && !source)
    const one = here.find(({ facts }) => facts.tracks.length === 0) ?? here[0]
    if (one) this.sendAway(one)
    return one !== undefined
  }

  move(connection: Connection, roomName: string): void {
    if (connection.source || !claims.isActing(connection.claim)) return
    this.end(connection, 'moved')
    this.node.world.comeBack({ ...connection, roomName })
  }

  /** Shows somebody of this node in another room as well, which this node enters for it. */
  *forwarding(source: Connection, roomName: string): Flow {
    const { node } = this
    const draft = { ...draftOfRoom(roomName), sid: node.world.id<RoomId>('RM_') }
    const opened = yield* node.insist((record, call) => record.open({ ...call, draft }))
    if (!opened || opened === 'too_many') return
    const { sid: roomSid } = opened.room
    const room = yield* node.insist((record, call) => record.enter({ ...call, roomSid }))
    if (!room || !claims.isActing(source.claim) || source.claim.roomSid === room.sid) return
    this.enter(room)
    this.joinAs({ roomName, identity: source.identity, tokenFromS: null, source })
  }
}
