/**
 * The token a client comes back with: `SignalResponse.refreshToken` soon after joining, at intervals, after a resume and
 * whenever what it says changed, so that a reconnection succeeds long after the first token expired and brings the
 * present name, metadata and grants. Closed by the participant.
 */
import type { TokenContents, TokenMinter } from '../base/claims.ts'
import type { RoomLimits } from '../base/limits.ts'
import type { Log } from '../base/log.ts'

/** A client that changes its attributes all the time must not cost a signature each time. */
const MIN_INTERVAL_MS = 1_000

export interface ParticipantTokenDeps {
  mint: TokenMinter
  limits: RoomLimits
  log: Log
  now(): number
  /** When the token the client joined with ends, seconds since the epoch; refreshed ones never end earlier. */
  expiresAtS: number
  contents(): TokenContents
  send(token: string): void
}

export class ParticipantToken {
  readonly #deps: ParticipantTokenDeps
  readonly #timer: NodeJS.Timeout
  #isMinting = false
  #isStale = false
  #sentAtMs = Number.NEGATIVE_INFINITY
  #waitTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(deps: ParticipantTokenDeps) {
    this.#deps = deps
    this.#timer = setInterval(() => this.refresh(), deps.limits.tokenRefreshMs)
    this.#timer.unref()
  }

  /** Sends a new token soon, at most one a second: changes that come meanwhile are in the next one. */
  refresh(): void {
    this.#isStale = true
    if (this.#isMinting || this.#isClosed || this.#waitTimer) return
    // When the clock was set back, the wait must not become longer.
    const waitMs = Math.min(MIN_INTERVAL_MS, this.#sentAtMs + MIN_INTERVAL_MS - this.#deps.now())
    if (waitMs > 0) {
      this.#waitTimer = setTimeout(() => {
        this.#waitTimer = undefined
        this.refresh()
      }, waitMs)
      this.#waitTimer.unref()
      return
    }
    this.#isMinting = true
    this.#run()
      .catch(error => this.#deps.log.warn({ err: error }, 'a token could not be refreshed'))
      .finally(() => {
        this.#isMinting = false
        if (this.#isStale) this.refresh()
      })
  }

  async #run(): Promise<void> {
    this.#isStale = false
    this.#sentAtMs = this.#deps.now()
    const token = await this.mint()
    if (!this.#isClosed) this.#deps.send(token)
  }

  /** A token of the present contents, for another room when `room` is given. */
  async mint(room?: string): Promise<string> {
    const { mint, limits, now, expiresAtS, contents } = this.#deps
    const present = contents()
    const leftS = expiresAtS - Math.floor(now() / 1000)
    // Rights over the room that the participant leaves give it none over the other room.
    const video =
      room === undefined
        ? present.video
        : { ...present.video, room, roomAdmin: false, roomRecord: false, destinationRoom: '' }
    return await mint({ ...present, video }, Math.max(limits.tokenTtlS, leftS))
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    clearTimeout(this.#waitTimer)
  }
}
