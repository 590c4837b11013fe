/** What a node remembers and puts back into a record that was emptied (`ClusterRecord.restore`), in parts the record takes at once. */
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import { ParticipantInfo_State } from '@livekit/protocol'
import { isCounted } from '../../room/member/room-view.ts'
import { MOST_ENTRIES } from '../record/cluster-record.ts'
import type { EraCall, Restore } from '../record/record-calls.ts'
import type { Incarnation, OwedEnding, RoomFacts } from '../record/record-types.ts'
import type { OwnSeats } from './own-seats.ts'
import type { SharedRoomEntry } from './shared-room-entry.ts'
import type { SharedRooms } from './shared-rooms.ts'

type Memory = Omit<Restore, keyof EraCall>

const nothing = (): Memory => ({
  burials: [],
  over: [],
  rooms: [],
  ended: [],
  claims: [],
  owed: [],
  kept: [],
  revoked: [],
  events: [],
})

interface Remembered {
  inst: Incarnation
  rooms: SharedRooms
  seats: OwnSeats
  buried: ReadonlySet<Incarnation>
  over: ReadonlySet<RoomId>
  /** Closed ones whose end may not be delivered. */
  closing: readonly RoomFacts[]
  kept: Restore['kept']
  revoked: Restore['revoked']
  /** In their order. */
  events: Restore['events']
}

/** Burials first, then rooms, then who is in them. */
export function nodeMemory({
  inst,
  rooms,
  seats,
  buried,
  over,
  closing,
  kept,
  revoked,
  events,
}: Remembered): Memory[] {
  const entries = rooms.list()
  const parts: Memory[] = []
  const put = <K extends keyof Memory>(key: K, all: Memory[K][number][]) => {
    for (let at = 0; at < all.length; at += MOST_ENTRIES)
      parts.push({ ...nothing(), [key]: all.slice(at, at + MOST_ENTRIES) })
  }
  put('burials', [...buried])
  put('over', [...over])
  put('rooms', [
    ...entries.flatMap(({ facts, room }) => (facts ? [factsOf(facts, epochIn(room.id, seats))] : [])),
    ...closing.map(facts => factsOf(facts, epochIn(facts.sid, seats))),
  ])
  put(
    'ended',
    entries.flatMap(({ room, ended }) => [...ended].map(psid => ({ roomSid: room.id, psid }))),
  )
  put('claims', seats.claims(inst))
  put('owed', [...seats.owed(inst), ...entries.flatMap(copiesOf)])
  put('kept', [...kept, ...entries.flatMap(keptOfCopies)])
  put('revoked', revoked)
  put('events', events)
  return parts.length > 0 ? parts : [nothing()]
}

const epochIn = (sid: RoomId, seats: OwnSeats): number =>
  Math.max(0, ...seats.list().flatMap(({ roomSid, epoch }) => (roomSid === sid ? [epoch] : [])))

/** What other nodes put down of their members: such a node may be lost with the record. */
const keptOfCopies = ({ room }: SharedRoomEntry): Restore['kept'] =>
  room.remote.kept().map(({ identity, kept }) => ({ roomSid: room.id, identity, kept }))

/** Without what the record counts itself. */
function factsOf(facts: RoomFacts, epoch: number): RoomFacts {
  const { sid, name, maxParticipants, emptyTimeoutMs, departureTimeoutMs, body } = facts
  const { createdMs, rev, state, closeReason, isStartDelivered } = facts
  return {
    ...{ sid, name, maxParticipants, emptyTimeoutMs, departureTimeoutMs, body },
    ...{ createdMs, rev, state, closeReason, isStartDelivered },
    epoch: Math.max(facts.epoch, epoch),
  }
}

/** Of those other nodes hold: should these be gone with the record, somebody has to tell that their people have left. */
const copiesOf = ({ room }: SharedRoomEntry): OwedEnding[] =>
  room.remote.list().map(member => ({
    roomSid: room.id,
    roomName: room.name,
    identity: member.identity,
    psid: member.id as ParticipantId,
    inst: member.node as Incarnation,
    epoch: member.epoch,
    isCounted: isCounted(member),
    isForwarded: false,
    isActive: member.info().state === ParticipantInfo_State.ACTIVE,
    version: member.version,
    info: Buffer.from(member.encodedInfo()).toString('base64'),
  }))
