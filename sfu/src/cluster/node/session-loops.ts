/** The loops of a session: each runs until the session ends, and what fails in it is told once and tried again. */
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '@diemcau/core/errors.ts'
import type { Log } from '../../room/base/log.ts'

export class SessionLoops {
  readonly #log: Log
  readonly #abort = new AbortController()
  readonly #isOver: () => boolean
  readonly #running: Promise<void>[] = []

  /** `isOver`: the incarnation has ended. */
  constructor(log: Log, isOver: () => boolean) {
    this.#log = log
    this.#isOver = isOver
  }

  get hasEnded(): boolean {
    return this.#abort.signal.aborted || this.#isOver()
  }

  /** `step` now and then again and again; it answers how long to wait for the next, ms. */
  run(what: string, retryMs: number, step: () => Promise<number>): void {
    const loop = async () => {
      for (;;) {
        let waitMs = retryMs
        try {
          waitMs = await step()
        } catch (error) {
          this.#complain(error, what)
        }
        await wait(waitMs, undefined, { signal: this.#abort.signal }).catch(() => undefined)
        if (this.hasEnded) return
      }
    }
    this.#running.push(loop())
  }

  /** Resolves when all have ended. Idempotent. */
  async end(): Promise<void> {
    this.#abort.abort()
    await Promise.allSettled(this.#running)
  }

  #complain(error: unknown, what: string): void {
    if (this.hasEnded) return
    // The record is away, which is said once by whoever holds the way to it.
    if (error instanceof AppError && error.code === 'unavailable')
      this.#log.debug({ err: error }, `${what} failed`)
    else this.#log.error({ err: error }, `${what} failed`)
  }
}
