/** What a node of the model remembers of its rooms, and what it would put back into an emptied record. */
import type { RoomId } from '@diemcau/core/ids.ts'
import * as claims from '../claim/claim-state.ts'
import type { EraCall, Restore } from '../record/record-calls.ts'
import type { KeptFacts, OwedEnding, Revocation, RoomFacts, WebhookDraft } from '../record/record-types.ts'
import type { Connection, Host, LocalRoom } from './parts.ts'

export class RoomMemory {
  readonly node: Host
  readonly connections = new Set<Connection>()
  readonly rooms = new Map<RoomId, LocalRoom>()
  /** Closed ones, until their end is known to be delivered. */
  readonly past = new Map<RoomId, RoomFacts>()
  readonly over = new Set<RoomId>()
  readonly revoked: Revocation[] = []
  journal: { roomSid: RoomId; roomName: string; event: WebhookDraft }[] = []

  constructor(node: Host) {
    this.node = node
  }

  own(sid: RoomId): Connection[] {
    return [...this.connections].filter(({ claim }) => claims.isActing(claim) && claim.roomSid === sid)
  }
  roomOf(name: string): LocalRoom | undefined {
    return [...this.rooms.values()].find(({ facts }) => facts.name === name && facts.state === 'open')
  }

  remember(entry: { roomSid: RoomId; roomName: string; event: WebhookDraft }): void {
    if (!this.journal.some(({ event }) => event.id === entry.event.id)) this.journal.push(entry)
  }

  keepLocally({ kept }: LocalRoom, identity: string, facts: KeptFacts): void {
    if (facts.rev > (kept.get(identity)?.rev ?? 0)) kept.set(identity, facts)
  }

  memory(): Omit<Restore, keyof EraCall> {
    const { inst, dead } = this.node
    const own = [...this.connections].flatMap(connection => {
      const { claim, identity, psid, roomName, version, facts, source } = connection
      if (claim.is !== 'held' && claim.is !== 'ending') return []
      const { epoch } = claim
      const seat = { identity, psid, inst, epoch, isCounted: true, isForwarded: source !== null }
      const { roomSid } = claim
      const owed: OwedEnding = {
        ...seat,
        roomSid,
        roomName,
        isActive: facts.isActive,
        version,
        info: JSON.stringify(facts.tracks),
      }
      return [{ isHeld: claim.is === 'held', claim: { ...seat, roomSid }, owed }]
    })
    const rooms = [...this.rooms.values()]
    const remote = rooms.flatMap(({ facts: room, members }) =>
      members.list().map(({ psid, identity, epoch, owner, version, facts }) => ({
        ...{ identity, psid, inst: owner, epoch, isCounted: true, isForwarded: false },
        ...{ roomSid: room.sid, roomName: room.name, isActive: facts.isActive, version },
        info: JSON.stringify(facts.tracks),
      })),
    )
    return {
      burials: [...dead],
      over: [...this.over],
      rooms: [
        ...rooms.map(({ facts, members }) => ({
          ...facts,
          epoch: Math.max(facts.epoch, members.highestOfAll),
        })),
        ...[...this.past.values()].filter(({ sid }) => !this.rooms.has(sid)),
      ],
      ended: rooms.flatMap(({ facts, ended }) => [...ended].map(psid => ({ roomSid: facts.sid, psid }))),
      claims: own.filter(({ isHeld }) => isHeld).map(({ claim }) => claim),
      owed: [...own.map(({ owed }) => owed), ...remote],
      kept: rooms.flatMap(({ facts, kept }) =>
        [...kept].map(([identity, word]) => ({ roomSid: facts.sid, identity, kept: word })),
      ),
      revoked: [...this.revoked],
      events: [...this.journal],
    }
  }
}
