/**
 * Seats of those who were told to come to another room: each is claimed there for a while, so that nobody takes it until they have come, at whatever
 * node. Their own join then takes the claim as any newer connection does. Owned by the session.
 */
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import type { Participant } from '../../room/member/participant.ts'
import type { Room } from '../../room/room.ts'
import type { JoinDesk } from './join-desk.ts'
import type { OwnSeat } from './own-seats.ts'

export class ReservedSeats {
  readonly #desk: JoinDesk
  readonly #reservedMs: number
  readonly #seats = new Map<ParticipantId, { seat: OwnSeat; timer: NodeJS.Timeout }>()

  /** `reservedMs`: SessionTimes */
  constructor(desk: JoinDesk, reservedMs: number) {
    this.#desk = desk
    this.#reservedMs = reservedMs
  }

  /** Seats that wait for somebody. */
  get size(): number {
    return this.#seats.size
  }

  /**
   * For somebody of this node, in a room that it is in. Whoever is connected there under that identity has a seat, which is taken by the one who comes
   * and not before. @throws AppError('resource_exhausted') when the room is full, ('unavailable')
   */
  async reserve(source: Participant, to: Room): Promise<{ giveBack(): void }> {
    const there = await this.#desk.claimOf(to.id, source.identity)
    if (there && !there.isForwarded) return { giveBack: () => {} }
    const seat = await this.#desk.claimFor(source, to, { isForwarded: false, isActive: false })
    const { psid } = seat
    const timer = setTimeout(() => this.giveBack(psid), this.#reservedMs)
    this.#seats.set(psid, { seat, timer })
    return { giveBack: () => this.giveBack(psid) }
  }

  /** Its owner has come, or nobody is to come any more. Nothing for one that is none of these. */
  giveBack(psid: ParticipantId): void {
    const reserved = this.#seats.get(psid)
    if (!reserved) return
    clearTimeout(reserved.timer)
    this.#seats.delete(psid)
    this.#desk.giveBack(reserved.seat)
  }

  roomClosed(sid: RoomId): void {
    for (const { seat } of [...this.#seats.values()]) if (seat.roomSid === sid) this.giveBack(seat.psid)
  }

  close(): void {
    for (const psid of [...this.#seats.keys()]) this.giveBack(psid)
  }
}
