/**
 * The token a client comes back with: `SignalResponse.refreshToken` soon after joining, at intervals, after a resume and
 * whenever what it says changed, so that a reconnection succeeds long after the first token expired and brings the
 * present name, metadata and grants. Closed by the participant.
 */
import type { TokenContents, TokenMinter } from './claims.ts'
import type { RoomLimits } from './limits.ts'
import type { Log } from './log.ts'

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
  #isClosed = false

  constructor(deps: ParticipantTokenDeps) {
    this.#deps = deps
    this.#timer = setInterval(() => this.refresh(), deps.limits.tokenRefreshMs)
    this.#timer.unref()
  }

  /** Sends a new token soon. Changes that come while one is being signed are in the next one. */
  refresh(): void {
    this.#isStale = true
    if (this.#isMinting || this.#isClosed) return
    this.#isMinting = true
    this.#run()
      .catch(error => this.#deps.log.warn({ err: error }, 'a token could not be refreshed'))
      .finally(() => {
        this.#isMinting = false
      })
  }

  async #run(): Promise<void> {
    while (this.#isStale && !this.#isClosed) {
      this.#isStale = false
      const token = await this.mint()
      if (!this.#isClosed && !this.#isStale) this.#deps.send(token)
    }
  }

  /** A token of the present contents, for another room when `room` is given. */
  async mint(room?: string): Promise<string> {
    const { mint, limits, now, expiresAtS, contents } = this.#deps
    const present = contents()
    const leftS = expiresAtS - Math.floor(now() / 1000)
    const video = room === undefined ? present.video : { ...present.video, room }
    return await mint({ ...present, video }, Math.max(limits.tokenTtlS, leftS))
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
  }
}
