/** Rooms as the shared record has them, for the API: asked when the record is whole, changed in steps that may be repeated. */
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '@diemcau/core/errors.ts'
import { newRoomId, type RoomId } from '@diemcau/core/ids.ts'
import type { RoomOptions } from '../../room/member/room-view.ts'
import type { RecordSteps } from '../node/record-steps.ts'
import { changeOf, decodeRoomBody, draftOf } from '../node/room-body.ts'
import { RESTORE_WINDOW_MS } from '../record/cluster-record.ts'
import type { Answer, EraCall, Stamp } from '../record/record-calls.ts'
import type { Claim, Revocation, RoomRecord } from '../record/record-types.ts'

/** How long the API waits for the record, ms: as long as one that was emptied takes to be filled again. */
const RECORD_MS = RESTORE_WINDOW_MS + 1_000
const RETRY_MS = 100
/** Changes of one room by others, while ours is being made. */
const MOST_CHANGES = 20
/** Of these more than one names a room that was over before it was there. */
const MOST_SIDS = 3

/** All methods throw AppError('unavailable') when the record cannot be reached: what they change may have been changed. */
export class RecordRooms {
  readonly #steps: RecordSteps
  readonly #mostRooms: number

  /** `mostRooms`: of each node (RoomLimits.rooms). */
  constructor(steps: RecordSteps, mostRooms: number) {
    this.#steps = steps
    this.#mostRooms = mostRooms
  }

  /** The open room of that name. */
  async find(name: string): Promise<RoomRecord | null> {
    const { room } = await this.#read(() => this.#steps.record.roomByName(name))
    return room?.state === 'open' ? room : null
  }

  /** All open rooms. */
  async all(): Promise<RoomRecord[]> {
    const rooms: RoomRecord[] = []
    for (;;) {
      const after = rooms.at(-1)?.name ?? null
      const next = await this.#read(() => this.#steps.record.openRooms(after))
      if (next.rooms.length === 0) return rooms
      rooms.push(...next.rooms)
    }
  }

  async claimOf(sid: RoomId, identity: string): Promise<Claim | null> {
    return (await this.#read(() => this.#steps.record.claimOf(sid, identity))).claim
  }

  /** The same, asked once; undefined: the record is away, or does not say what is true just now. Never rejects. */
  async claimNow(sid: RoomId, identity: string): Promise<Claim | null | undefined> {
    const answer = await this.#steps
      .ask(() => this.#steps.record.claimOf(sid, identity))
      .catch(() => undefined)
    return answer && this.#isTrue(answer) ? answer.claim : undefined
  }

  /** The room of that name: the one there is, or a new one. @throws AppError('resource_exhausted') where too many are open */
  async open(options: RoomOptions): Promise<RoomRecord> {
    for (let tried = 0; tried < MOST_SIDS; tried++) {
      const draft = draftOf(newRoomId(), { options, createdAtMs: Math.round(this.#steps.now()) })
      const opened = await this.#step(call =>
        this.#steps.record.open({ ...call, draft, mostRooms: this.#mostRooms }),
      )
      if (opened === 'too_many') throw tooManyRooms(this.#mostRooms)
      if (opened) return opened.room
    }
    throw new AppError('unavailable', 'the room is closed as soon as it is made')
  }

  /** It is over for everybody who asks the record. One that is over already stays so. */
  async close(roomSid: RoomId, reason: string): Promise<void> {
    await this.#step(call => this.#steps.record.closeRoom({ ...call, roomSid, reason }))
  }

  /** @throws AppError('not_found') */
  async change(name: string, changed: (options: RoomOptions) => RoomOptions): Promise<RoomRecord> {
    let room = await this.find(name)
    for (let tried = 0; room !== null && tried < MOST_CHANGES; tried++) {
      const { sid: roomSid, rev: ifRev, body } = room
      const { options, createdAtMs } = decodeRoomBody(body)
      const to = changeOf({ options: changed(options), createdAtMs })
      const answer = await this.#step(call => this.#steps.record.change({ ...call, roomSid, ifRev, to }))
      if (answer.is === 'done') return answer.room
      room = answer.is === 'stale' && answer.room.state === 'open' ? answer.room : null
    }
    if (room) throw new AppError('unavailable', 'others change the room all the time')
    throw new AppError('not_found', 'the room does not exist')
  }

  /** This node is one of the room's from now on. Null: it is over. */
  async enter(roomSid: RoomId): Promise<RoomRecord | null> {
    const room = await this.#step(call => this.#steps.record.enter({ ...call, roomSid }))
    return room?.state === 'open' ? room : null
  }

  async revoke(revocation: Revocation): Promise<void> {
    await this.#step(call => this.#steps.record.revoke({ ...call, ...revocation }))
  }

  #isTrue({ era, atMs }: Stamp): boolean {
    return era.id === this.#steps.era && atMs >= era.openFromMs
  }

  async #step<T>(step: (call: EraCall) => Promise<Answer<T>>): Promise<T> {
    return await this.#steps.within(RECORD_MS, step)
  }

  /** While a record that was emptied is being filled again, what it does not say may be true all the same. */
  async #read<T extends Stamp>(step: () => Promise<T>): Promise<T> {
    const until = performance.now() + RECORD_MS
    for (;;) {
      if (this.#steps.ended !== undefined)
        throw new AppError('unavailable', `this node takes no part in the cluster any more`)
      const answer = await this.#steps.ask(step).catch((error: unknown) => {
        if (!(error instanceof AppError && error.code === 'unavailable')) throw error
        return undefined
      })
      if (answer && this.#isTrue(answer)) return answer
      if (performance.now() >= until)
        throw new AppError('unavailable', 'the shared record cannot be reached just now')
      await wait(RETRY_MS)
    }
  }
}

export const tooManyRooms = (most: number): AppError =>
  new AppError('resource_exhausted', `the cluster has ${most} rooms for each of its nodes already`)
