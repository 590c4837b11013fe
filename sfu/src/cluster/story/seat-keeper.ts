/**
 * Keeps in the record what is known of those whose connections this node holds, so that heirs can tell their end with their tracks: only
 * the newest of each, and seldom.
 */
import { AppError } from '@diemcau/core/errors.ts'
import type { ParticipantId, RoomId } from '@diemcau/core/ids.ts'
import type { Log } from '../../room/base/log.ts'
import type { RecordSteps } from '../node/record-steps.ts'

/** Between two of the same seat, ms. */
const KEEP_EVERY_MS = 1_000
/** How often it is looked for what has become due, ms. */
const LOOK_EVERY_MS = 200
/** More do not go to the record at a time. */
const MOST_UNDER_WAY = 16

interface SeatFacts {
  version: number
  info: Uint8Array
}

interface Seat {
  readonly roomSid: RoomId
  readonly identity: string
  readonly psid: ParticipantId
  newest: SeatFacts
  keptVersion: number
  /** On the monotonic clock. */
  keptAt: number
  underWay: Promise<void> | undefined
}

export class SeatKeeper {
  readonly #steps: RecordSteps
  readonly #log: Log
  readonly #closing: AbortSignal
  readonly #seats = new Map<string, Seat>()
  readonly #due = new Set<Seat>()
  #underWay = 0
  #timer: NodeJS.Timeout | undefined

  /** Once `closing` is aborted nothing is kept any more. */
  constructor(steps: RecordSteps, log: Log, closing: AbortSignal) {
    this.#steps = steps
    this.#log = log
    this.#closing = closing
    closing.addEventListener('abort', () => clearTimeout(this.#timer))
  }

  /** Seats that are known. */
  get size(): number {
    return this.#seats.size
  }

  /** One that is not newer than the last is ignored. */
  note(roomSid: RoomId, identity: string, psid: ParticipantId, newest: SeatFacts): void {
    if (this.#closing.aborted) return
    const key = keyOf(roomSid, psid)
    const seat = this.#seats.get(key)
    if (!seat) {
      const fresh = {
        roomSid,
        identity,
        psid,
        newest,
        keptVersion: -1,
        keptAt: -Infinity,
        underWay: undefined,
      }
      this.#seats.set(key, fresh)
      this.#due.add(fresh)
    } else if (newest.version > seat.newest.version) {
      seat.newest = newest
      this.#due.add(seat)
    } else return
    this.#look()
  }

  /** What is noted by now is in the record, or that is stopped. */
  async flush(roomSid: RoomId, psid: ParticipantId): Promise<void> {
    const seat = this.#seats.get(keyOf(roomSid, psid))
    const version = seat?.newest.version ?? -1
    while (seat && seat.keptVersion < version && !this.#hasStopped) await this.#keep(seat)
  }

  /** Its leaving was told. */
  forget(roomSid: RoomId, psid: ParticipantId): void {
    const key = keyOf(roomSid, psid)
    const seat = this.#seats.get(key)
    if (seat) this.#due.delete(seat)
    this.#seats.delete(key)
  }

  get #hasStopped(): boolean {
    return this.#closing.aborted || this.#steps.ended !== undefined
  }

  #look(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#hasStopped) return
    const now = performance.now()
    for (const seat of this.#due) {
      if (this.#underWay >= MOST_UNDER_WAY) break
      if (now - seat.keptAt < KEEP_EVERY_MS || seat.underWay) continue
      this.#due.delete(seat)
      this.#underWay++
      void this.#keep(seat).finally(() => {
        this.#underWay--
        const isThere = this.#seats.get(keyOf(seat.roomSid, seat.psid)) === seat
        if (isThere && seat.newest.version > seat.keptVersion) this.#due.add(seat)
        this.#lookSoon()
      })
    }
    this.#lookSoon()
  }

  #lookSoon(): void {
    if (this.#due.size > 0 && !this.#hasStopped) this.#timer ??= setTimeout(() => this.#look(), LOOK_EVERY_MS)
  }

  /** Never rejects: what stops it stops all. */
  #keep(seat: Seat): Promise<void> {
    seat.underWay ??= this.#send(seat).finally(() => {
      seat.underWay = undefined
    })
    return seat.underWay
  }

  async #send(seat: Seat): Promise<void> {
    const { roomSid, identity, psid } = seat
    let sent = seat.newest
    try {
      const answer = await this.#steps.insist(call => {
        sent = seat.newest
        const info = Buffer.from(sent.info).toString('base64')
        return this.#steps.record.keep({
          ...call,
          roomSid,
          identity,
          seat: { psid, version: sent.version, info },
        })
      }, this.#closing)
      if (answer === 'no_room') this.forget(roomSid, psid)
    } catch (error) {
      // When this incarnation has ended, or the node stops, heirs tell with what they have.
      if (!(error instanceof AppError && error.code === 'unavailable'))
        this.#log.error({ err: error, participantId: psid }, 'what is known of a participant cannot be kept')
      this.forget(roomSid, psid)
    }
    seat.keptVersion = sent.version
    seat.keptAt = performance.now()
  }
}

const keyOf = (roomSid: RoomId, psid: ParticipantId): string => `${roomSid}:${psid}`
