import { codeOf, messageFor } from '@diemcau/core/errors.ts'
import type { Answer, Call } from './call-codec.ts'
import type { LinkLimits } from './link-limits.ts'

interface Kept {
  /** Null while it runs, and once its answer had to make room for others. */
  answer: Answer | null
  isRunning: boolean
  endedMs: number
}

export interface IncomingCallsOptions {
  limits: Pick<LinkLimits, 'calls' | 'callsKept' | 'callKeptMs' | 'answerBytes'>
  /** Executes it. May throw, now or later. */
  run(method: string, payload: Uint8Array): Promise<Uint8Array>
  send(answer: Answer): void
  /** Monotonic, ms. */
  nowMs(): number
  /** The cluster's time, ms. */
  clusterNowMs(): number
}

const NOTHING = new Uint8Array(0)

/**
 * The calls of one peer, each executed at most once: one that comes again is answered as the first time. A call past its deadline is
 * not executed, as its caller has been told that nobody answered.
 */
export class IncomingCalls {
  readonly #options: IncomingCallsOptions
  /** What runs where it came, what ended in the order of its end. */
  readonly #kept = new Map<number, Kept>()
  #running = 0
  #answerBytes = 0

  constructor(options: IncomingCallsOptions) {
    this.#options = options
  }

  get kept(): number {
    return this.#kept.size
  }
  get answerBytes(): number {
    return this.#answerBytes
  }

  take(call: Call): void {
    this.sweep()
    const known = this.#kept.get(call.id)
    if (known !== undefined) {
      if (known.isRunning) return
      this.#options.send(
        known.answer ??
          failed(call.id, 'unavailable', 'the answer is not kept any more: it may have happened'),
      )
      return
    }
    if (this.#options.clusterNowMs() >= call.deadlineMs) return
    const { calls, callsKept } = this.#options.limits
    if (this.#running >= calls || this.#kept.size >= callsKept) {
      this.#options.send(failed(call.id, 'resource_exhausted', 'the node has too many calls under way'))
      return
    }
    void this.#run(call)
  }

  /** Forgets what ended long enough ago. */
  sweep(): void {
    const until = this.#options.nowMs() - this.#options.limits.callKeptMs
    for (const [id, kept] of this.#kept) {
      if (kept.isRunning) continue
      if (kept.endedMs > until) break
      this.#drop(kept)
      this.#kept.delete(id)
    }
  }

  async #run(call: Call): Promise<void> {
    const kept: Kept = { answer: null, isRunning: true, endedMs: 0 }
    this.#kept.set(call.id, kept)
    this.#running += 1
    let answer: Answer
    try {
      const payload = await this.#options.run(call.method, call.payload)
      answer = { id: call.id, payload, error: null }
    } catch (error) {
      answer = failed(call.id, codeOf(error), messageFor(error))
    }
    this.#running -= 1
    kept.isRunning = false
    kept.endedMs = this.#options.nowMs()
    // Behind all that ended earlier, so that the sweep may stop at the first that is young.
    this.#kept.delete(call.id)
    this.#kept.set(call.id, kept)
    this.#keep(kept, answer)
    this.#options.send(answer)
  }

  #keep(kept: Kept, answer: Answer): void {
    if (answer.payload.length > this.#options.limits.answerBytes) return
    kept.answer = answer
    this.#answerBytes += answer.payload.length
    for (const other of this.#kept.values()) {
      if (this.#answerBytes <= this.#options.limits.answerBytes) break
      if (other !== kept) this.#drop(other)
    }
  }

  #drop(kept: Kept): void {
    this.#answerBytes -= kept.answer?.payload.length ?? 0
    kept.answer = null
  }
}

const failed = (id: number, code: string, message: string): Answer => ({
  id,
  payload: NOTHING,
  error: { code, message },
})
