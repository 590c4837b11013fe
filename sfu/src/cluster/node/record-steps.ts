/**
 * The steps that one incarnation takes on the shared record: each with a deadline on the record's clock, and in the era in which what the
 * node remembers was put back. Refusals of the call itself are dealt with here; what a step answers is the caller's business.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '@diemcau/core/errors.ts'
import type { ClusterRecord } from '../record/cluster-record.ts'
import type { Answer, EraCall, Stamp } from '../record/record-calls.ts'
import { RecordClock } from '../record/record-clock.ts'
import type { Incarnation } from '../record/record-types.ts'

/** The record may carry a try out for so long, ms. */
const TRY_MS = 2_000
/** Between two tries, ms. */
const RETRY_MS = 100
/** One that insists asks ever less often, up to this, ms. */
const SLOWEST_RETRY_MS = 2_000

export interface RecordStepsOptions {
  record: ClusterRecord
  inst: Incarnation
  /** Puts back what this node remembers, for this era. Rejects or answers false when the record was not reached: it is called again. */
  restore(era: string): Promise<boolean>
  /** This incarnation is buried: whatever it does counts no more. Called once. */
  onBuried(): void
}

export class RecordSteps {
  readonly record: ClusterRecord
  readonly inst: Incarnation
  readonly #options: RecordStepsOptions
  readonly #clock = new RecordClock()
  #era = ''
  /** That of the last answer. */
  #newestEra = ''
  #restoring: Promise<void> | undefined
  #ended: string | undefined

  constructor(options: RecordStepsOptions) {
    this.#options = options
    this.record = options.record
    this.inst = options.inst
  }

  /** The best guess of the record's time, ms since the epoch. Only after `tune`. */
  now(): number {
    return this.#clock.now() ?? 0
  }
  /** '' before the first answer. */
  get era(): string {
    return this.#era
  }
  /** Why nothing is done any more: this incarnation is buried, or the node has stopped. */
  get ended(): string | undefined {
    return this.#ended
  }
  /** A deadline for somebody who gives up then, on the record's clock. */
  deadline(inMs: number): number {
    return this.#clock.deadline(inMs)
  }

  /** Learns the record's time and, the first time, its era: nothing is remembered yet. @throws AppError('unavailable') */
  async tune(): Promise<void> {
    await this.ask(() => this.record.nodes())
  }

  /** One call of any kind: its stamp is taken. @throws AppError('unavailable') */
  async ask<T extends Stamp>(step: () => Promise<T>): Promise<T> {
    const askedAt = performance.now()
    const answer = await step()
    this.#note(answer, askedAt)
    return answer
  }

  /**
   * One try, with what it answered, a refusal too. It goes out only when what this node remembers is in the record.
   * @throws AppError('unavailable'): it may have been done, or may still be until the deadline has passed
   */
  async once<T>(
    step: (call: EraCall) => Promise<Answer<T>>,
    deadlineMs = this.deadline(TRY_MS),
  ): Promise<Answer<T>> {
    await this.#restoring
    this.#assertGoing()
    const answer = await this.ask(() => step({ inst: this.inst, era: this.#era, deadlineMs }))
    if (answer.outcome === 'buried') this.end('buried')
    return answer
  }

  /**
   * Until it is done or the time is over. Only for steps that may be repeated as they are.
   * @throws AppError('unavailable') when the record was away or waiting for so long; it may have been done
   */
  async within<T>(ms: number, step: (call: EraCall) => Promise<Answer<T>>): Promise<T> {
    const until = performance.now() + ms
    for (;;) {
      const value = await this.#tried(step)
      if (value) return value.value
      this.#assertGoing()
      if (performance.now() >= until) throw new AppError('unavailable', 'the shared record cannot be reached')
      await wait(RETRY_MS)
    }
  }

  /**
   * Until it is done, however long that takes. @throws AppError('unavailable') once this incarnation has ended, or nobody waits for it
   * any more (`signal`); it may have been done
   */
  async insist<T>(step: (call: EraCall) => Promise<Answer<T>>, signal?: AbortSignal): Promise<T> {
    for (let delayMs = RETRY_MS; ; delayMs = Math.min(2 * delayMs, SLOWEST_RETRY_MS)) {
      const value = await this.#tried(step)
      if (value) return value.value
      this.#assertGoing()
      await wait(delayMs, undefined, { signal }).catch(() => {
        throw new AppError('unavailable', 'what insisted on this step has stopped')
      })
    }
  }

  /** The record turned out not to have what this node has: it is given it once more. */
  restoreAgain(): void {
    if (this.#ended !== undefined || this.#era === '') return
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = undefined
    })
  }

  /** Nothing is asked any more. The first reason stays. */
  end(why: string): void {
    if (this.#ended !== undefined) return
    this.#ended = why
    if (why === 'buried') this.#options.onBuried()
  }

  async #tried<T>(step: (call: EraCall) => Promise<Answer<T>>): Promise<{ value: T } | undefined> {
    try {
      const answer = await this.once(step)
      return answer.outcome === 'done' ? { value: answer.value } : undefined
    } catch (error) {
      if (error instanceof AppError && error.code === 'unavailable') return undefined
      throw error
    }
  }

  #assertGoing(): void {
    if (this.#ended !== undefined)
      throw new AppError('unavailable', `this node takes no part in the cluster any more: ${this.#ended}`)
  }

  #note(stamp: Stamp, askedAt: number): void {
    this.#clock.measure(stamp.atMs, askedAt)
    const { id } = stamp.era
    if (id === '' || this.#ended !== undefined) return
    this.#newestEra = id
    if (this.#era === '') this.#era = id
    if (id !== this.#era)
      this.#restoring ??= this.#restore().finally(() => {
        this.#restoring = undefined
      })
  }

  /** What was emptied is filled again, by each node with what it knows. It may be emptied once more meanwhile. */
  async #restore(): Promise<void> {
    while (this.#ended === undefined) {
      const era = this.#newestEra
      const isDone = await this.#options.restore(era).catch(() => false)
      if (isDone && era === this.#newestEra) {
        this.#era = era
        return
      }
      await wait(RETRY_MS)
      // Nobody else may ask while this goes on.
      await this.tune().catch(() => {})
    }
  }
}
