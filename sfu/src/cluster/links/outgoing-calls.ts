import { AppError, isErrorCode } from '@diemcau/core/errors.ts'
import { type Answer, type Call, MAX_METHOD_BYTES } from './call-codec.ts'
import { ENTRY_BYTES } from './reliable-sequence.ts'

interface Pending {
  call: Call
  timer: NodeJS.Timeout
  resolve(payload: Uint8Array): void
  reject(error: AppError): void
}

/** The calls to one peer that wait for an answer. Each ends once: by its answer, its deadline, or with the link. */
export class OutgoingCalls {
  readonly #limits: { calls: number; bytes: number }
  readonly #pending = new Map<number, Pending>()
  #lastId = 0

  #bytes = 0

  constructor(limits: { calls: number; bytes: number }) {
    this.#limits = limits
  }

  get size(): number {
    return this.#pending.size
  }

  /**
   * Opens a call; the caller sends what `call` holds.
   *
   * @param remainingMs how long an answer is waited for
   * @param deadlineMs when that is in the cluster's time, for the other side
   * @throws AppError('invalid_argument') for a method of more than 255 bytes, AppError('resource_exhausted') when too many are under way: it has not happened
   */
  open(
    method: string,
    payload: Uint8Array,
    remainingMs: number,
    deadlineMs: number,
  ): { call: Call; answer: Promise<Uint8Array> } {
    if (Buffer.byteLength(method) > MAX_METHOD_BYTES)
      throw new AppError('invalid_argument', 'the name of a method is too long')
    const { calls, bytes } = this.#limits
    const cost = payload.length + ENTRY_BYTES
    if (this.#pending.size >= calls || this.#bytes + cost > bytes)
      throw new AppError(
        'resource_exhausted',
        `too many calls to one node are under way: ${method} was not sent`,
      )
    this.#bytes += cost
    const call: Call = { id: ++this.#lastId, deadlineMs, method, payload }
    const answer = new Promise<Uint8Array>((resolve, reject) => {
      const timer = setTimeout(
        () => this.#fail(call.id, `the node did not answer ${method} in time: it may have happened`),
        remainingMs,
      )
      this.#pending.set(call.id, { call, timer, resolve, reject })
    })
    return { call, answer }
  }

  /** An answer to a call that is over is dropped. */
  settle(answer: Answer): void {
    const pending = this.#take(answer.id)
    if (pending === undefined) return
    if (answer.error === null) pending.resolve(answer.payload)
    else {
      const { code, message } = answer.error
      pending.reject(new AppError(isErrorCode(code) ? code : 'internal', message))
    }
  }

  /** Those without an answer, oldest first: to be sent again, with the same ids, when frames were lost. */
  unanswered(): Call[] {
    return [...this.#pending.values()].map(({ call }) => call)
  }

  /** The link is over for good. */
  failAll(): void {
    for (const { call } of [...this.#pending.values()])
      this.#fail(call.id, `the node is gone before it answered ${call.method}: it may have happened`)
  }

  #fail(id: number, message: string): void {
    this.#take(id)?.reject(new AppError('unavailable', message))
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    if (pending === undefined) return undefined
    this.#pending.delete(id)
    this.#bytes -= pending.call.payload.length + ENTRY_BYTES
    clearTimeout(pending.timer)
    return pending
  }
}
