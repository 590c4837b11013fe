/** The claims this incarnation holds: what it puts back into a record that was emptied, and gives back when a connection has ended. */
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import type { Claim, Incarnation, OwedEnding } from '../record/record-types.ts'

export interface OwnSeat {
  roomSid: RoomId
  roomName: string
  identity: string
  psid: ParticipantId
  epoch: number
  isCounted: boolean
  isForwarded: boolean
  /** Of a second connection, whose leaving nobody is told. */
  isSecond: boolean
  isActive: boolean
  /** Its connection is acted for; else its leaving is just being told. */
  isHeld: boolean
  /** The newest ParticipantInfo that is known of it, in base64. */
  version: number
  info: string
}

export class OwnSeats {
  readonly #seats = new Map<ParticipantId, OwnSeat>()

  add(seat: OwnSeat): void {
    this.#seats.set(seat.psid, seat)
  }
  get(psid: string): OwnSeat | undefined {
    return this.#seats.get(psid as ParticipantId)
  }
  remove(psid: string): void {
    this.#seats.delete(psid as ParticipantId)
  }
  get size(): number {
    return this.#seats.size
  }
  list(): OwnSeat[] {
    return [...this.#seats.values()]
  }

  /** As `restore` takes them. */
  claims(inst: Incarnation): (Claim & { roomSid: RoomId })[] {
    const held = this.list().filter(({ isHeld }) => isHeld)
    return held.map(({ roomSid, identity, psid, epoch, isCounted, isForwarded }) => ({
      ...{ roomSid, identity, psid, inst, epoch, isCounted, isForwarded },
    }))
  }
  owed(inst: Incarnation): OwedEnding[] {
    return this.list().map(({ isSecond: _second, isHeld: _held, ...seat }) => ({ ...seat, inst }))
  }
}
