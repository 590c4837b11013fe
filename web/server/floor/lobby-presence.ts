/**
 * Who still stands at the door. People wait by an open socket; one who closed the page is taken off the list some seconds later,
 * so that nobody is let in who is not there. Coming back puts them on it again, at their old place.
 */
import type { Runtime } from '../runtime.ts'
import { appendToFloor } from './floor-log.ts'

/** A reload or a short cut of the link. */
const GRACE_MS = 8_000
const LOOK_EVERY_MS = 2_000

export class LobbyPresence {
  readonly #runtime: Runtime
  readonly #isThere: (meetingId: string, identity: string) => boolean
  /** Request → since when nobody of it was there. */
  readonly #missingSince = new Map<string, number>()
  readonly #graceMs: number
  #timer: ReturnType<typeof setTimeout> | undefined
  #isClosed = false

  constructor(
    runtime: Runtime,
    isThere: (meetingId: string, identity: string) => boolean,
    timing: { graceMs: number; lookEveryMs: number } = { graceMs: GRACE_MS, lookEveryMs: LOOK_EVERY_MS },
  ) {
    this.#runtime = runtime
    this.#isThere = isThere
    this.#graceMs = timing.graceMs
    const again = () => {
      this.#timer = setTimeout(() => {
        this.look()
          .catch(error => runtime.log.warn({ err: error }, 'the lobby was not looked through'))
          .finally(() => {
            if (!this.#isClosed) again()
          })
      }, timing.lookEveryMs)
    }
    again()
  }

  /** Looks once through everybody who waits. */
  async look(now = Date.now()): Promise<void> {
    const waiting = await this.#runtime.db.lobbyRequestRow.findMany({
      where: { status: 'waiting', meeting: { status: { in: ['scheduled', 'live'] } } },
      select: { id: true, meetingId: true, identity: true },
    })
    const ids = new Set(waiting.map(request => request.id))
    for (const id of this.#missingSince.keys()) if (!ids.has(id)) this.#missingSince.delete(id)
    for (const { id, meetingId, identity } of waiting) {
      if (this.#isThere(meetingId, identity)) {
        this.#missingSince.delete(id)
        continue
      }
      const since = this.#missingSince.get(id) ?? now
      this.#missingSince.set(id, since)
      if (now - since < this.#graceMs) continue
      this.#missingSince.delete(id)
      await this.#takeOff(meetingId, id)
    }
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #takeOff(meetingId: string, requestId: string): Promise<void> {
    await appendToFloor(this.#runtime, meetingId, async ({ tx, emit }) => {
      const { count } = await tx.lobbyRequestRow.updateMany({
        where: { id: requestId, status: 'waiting' },
        data: { status: 'left' },
      })
      if (count > 0) emit({ type: 'lobby_settled', requestId, admitted: false })
    })
  }
}
