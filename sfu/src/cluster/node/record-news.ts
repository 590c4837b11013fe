/**
 * What the record says to this incarnation: hints in its inbox, rooms whose time is over, and, as hints may be lost, every ten seconds what the
 * keys themselves say of the rooms and the seats here.
 */
import type { RoomId } from '@diemcau/core/ids.ts'
import type { InboxMessage, Incarnation } from '../record/record-types.ts'
import type { StoryTeller } from '../story/story-teller.ts'
import type { GivenUpRoom } from './given-up-rooms.ts'
import type { JoinDesk } from './join-desk.ts'
import type { OwnSeats } from './own-seats.ts'
import type { PastRooms } from './past-rooms.ts'
import type { RecordSteps } from './record-steps.ts'
import type { ReservedSeats } from './reserved-seats.ts'
import type { SharedRoomEntry } from './shared-room-entry.ts'
import type { SharedRooms } from './shared-rooms.ts'

const INBOX_WAIT_MS = 1_000
const INBOX_ENTRIES = 200
export const SWEEP_MS = 1_000

export interface RecordNewsOptions {
  /** SessionTimes */
  compareMs: number
  steps: RecordSteps
  rooms: SharedRooms
  reserved: ReservedSeats
  seats: OwnSeats
  desk: JoinDesk
  story: StoryTeller
  past: PastRooms
  buried(node: Incarnation): void
}

export class RecordNews {
  readonly #options: RecordNewsOptions
  #era = ''
  #readTo = '0'

  constructor(options: RecordNewsOptions) {
    this.#options = options
  }

  /** Waits for news and takes them; answers how long to wait for the next look, ms. @throws AppError('unavailable') */
  async read(): Promise<number> {
    const { steps } = this.#options
    if (this.#era !== steps.era) this.#readTo = '0'
    this.#era = steps.era
    const entries = await steps.record.readInbox(steps.inst, this.#readTo, INBOX_ENTRIES, INBOX_WAIT_MS)
    for (const { id, message } of entries) {
      this.#readTo = id
      await this.#take(message)
    }
    return 0
  }

  /** Ends rooms whose time is over, and tells what buried nodes still owe. Answers as `read`. */
  async sweep(): Promise<number> {
    const { steps, rooms, story } = this.#options
    const answer = await steps.once(call => steps.record.sweep(call))
    if (answer.outcome === 'done') {
      for (const sid of answer.value.closed) rooms.closed(sid, 'idle')
      for (const orphan of answer.value.orphans) void story.inherit(orphan)
    }
    return SWEEP_MS
  }

  /** What the keys say, mended on both sides: no seat leaks, no room is missed. Answers as `read`. */
  async compare(): Promise<number> {
    for (const entry of this.#options.rooms.list()) await this.#compareRoom(entry)
    for (const room of this.#options.rooms.givenUp.list()) await this.#compareGivenUp(room)
    await this.#compareOwed()
    return this.#options.compareMs
  }

  async #take(message: InboxMessage): Promise<void> {
    const { rooms, story, past, buried } = this.#options
    switch (message.type) {
      case 'lost':
        rooms.get(message.roomSid)?.room.remote.see(message.identity, message.epoch)
        this.#options.reserved.giveBack(message.psid)
        break
      case 'closed':
        rooms.closed(message.roomSid, message.reason)
        break
      case 'changed':
        await rooms.changed(message.roomSid)
        break
      case 'entered':
        rooms.entered(message.roomSid, message.inst)
        break
      case 'exited':
        rooms.exited(message.roomSid, message.inst)
        break
      case 'buried':
        buried(message.inst)
        break
      case 'delivered':
        story.delivered(message.ids)
        rooms.delivered(message.ids)
        past.delivered(message.ids)
        break
      case 'missed':
        void story.missed()
        await this.compare()
        break
    }
  }

  async #compareRoom(entry: SharedRoomEntry): Promise<void> {
    const { steps, rooms, seats } = this.#options
    const sid = entry.room.id
    const held = this.#heldIn(sid)
    const read = await steps.ask(() => steps.record.roomBySid(sid))
    if (!this.#isSettled(read.era.id, read.atMs, read.era.openFromMs)) return
    if (read.isOver || read.room?.state === 'closing') {
      rooms.closed(sid, read.room?.closeReason ?? '')
      return
    }
    if (!read.room) {
      // It knows nothing of a room that people are in.
      if (held.size > 0) steps.restoreAgain()
      return
    }
    rooms.apply(read.room)
    // Whoever has nobody in it but a recorder put no claim back, which would have made it one of its nodes.
    if (!read.room.nodes.includes(steps.inst))
      await steps.once(call => steps.record.enter({ ...call, roomSid: sid }))
    for (const node of read.room.nodes) if (!entry.nodes.has(node)) rooms.entered(sid, node)
    const { claims, era } = await steps.ask(() => steps.record.claims(sid))
    if (era.id !== steps.era) return
    for (const { identity, epoch } of claims) entry.room.remote.see(identity, epoch)
    const known = new Set<string>(claims.map(({ psid }) => psid))
    // Only those that were held before it was asked and still are: others may be on their way.
    const isMissing = [...held].some(psid => !known.has(psid) && seats.get(psid)?.isHeld)
    if (isMissing) steps.restoreAgain()
  }

  /** Nobody tells a node that has left a room what becomes of that. */
  async #compareGivenUp({ sid, lostTo }: GivenUpRoom): Promise<void> {
    const { steps, rooms } = this.#options
    const { era, atMs, isOver, room } = await steps.ask(() => steps.record.roomBySid(sid))
    if (!this.#isSettled(era.id, atMs, era.openFromMs)) return
    if (isOver || room?.nodes.includes(lostTo) !== true) rooms.givenUp.drop(sid)
  }

  /** Seats that tries of a join have left which were never answered, or that an old copy of the record brought back. */
  async #compareOwed(): Promise<void> {
    const { steps, seats, desk } = this.#options
    const { owed, era } = await steps.ask(() => steps.record.owedBy(steps.inst))
    if (era.id !== steps.era) return
    for (const { psid, roomSid, roomName } of owed)
      if (!seats.get(psid) && !desk.isAsking(psid)) desk.giveBack({ psid, roomSid, roomName })
  }

  #heldIn(sid: RoomId): Set<string> {
    const held = this.#options.seats.list().filter(({ isHeld, roomSid }) => isHeld && roomSid === sid)
    return new Set(held.map(({ psid }) => psid))
  }

  /** It says what is true: it is in the era in which this node has restored, and open. */
  #isSettled(era: string, atMs: number, openFromMs: number): boolean {
    return era === this.#options.steps.era && atMs >= openFromMs
  }
}
