import { FrameError, type Sequence, type StartFrame } from './frame-codec.ts'
import type { Had } from './outgoing-queue.ts'

/** The receiving end of a peer's two numbered sequences: says what is new, what is a repeat, and what was had. */
export class IncomingSequence {
  #had: Had | null = null
  #isStarted = false

  /** What was handed on of the peer's present generation; null before anything was heard of it. */
  get had(): Had | null {
    return this.#had === null ? null : { ...this.#had }
  }

  /** A new connection: nothing numbered may come on it before its `start`. */
  disconnect(): void {
    this.#isStarted = false
  }

  /** Returns whether the peer's facts start anew, with or without reliable data lost; null when it goes on where it was. */
  start(frame: StartFrame): { isDataLost: boolean } | null {
    if (this.#isStarted) throw new FrameError('a second start on one connection')
    this.#isStarted = true
    const former = this.#had
    if (former?.generation === frame.generation) return null
    this.#had = { generation: frame.generation, facts: 0, data: 0 }
    return former === null && !frame.isAnew ? null : { isDataLost: frame.isDataLost }
  }

  /** True for the next of its sequence; false for a repeat, to be dropped. @throws FrameError when something is missing before it. */
  take(sequence: Sequence, number: number): boolean {
    if (this.#had === null || !this.#isStarted) throw new FrameError('a numbered frame before the start')
    if (number > this.#had[sequence] + 1) throw new FrameError('a numbered frame is missing')
    if (number <= this.#had[sequence]) return false
    this.#had[sequence] = number
    return true
  }
}
