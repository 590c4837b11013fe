import { randomInt } from 'node:crypto'
import { Fifo } from '@diemcau/core/fifo.ts'
import { type LossyFrame, MAX_NUMBER, type NumberedFrame, type StartFrame } from './frame-codec.ts'
import type { LinkLimits } from './link-limits.ts'
import type { Way } from './message-kinds.ts'
import { ENTRY_BYTES, ReliableSequence } from './reliable-sequence.ts'

/** What one side has had of the other's numbered frames: told at the beginning of each connection. */
export interface Had {
  generation: number
  facts: number
  data: number
}

export type QueueLimits = Pick<LinkLimits, 'unackedBytes' | 'unackedMs' | 'lossyBytes'>

/**
 * All that waits for one peer: facts, then data, then what is lossy. Knows nothing of connections. When a bound is passed it gives
 * everything up and takes nothing (`isLost`) until `resume` begins a new generation of numbers.
 */
export class OutgoingQueue {
  readonly #limits: QueueLimits
  readonly #newGeneration: () => number
  readonly #facts = new ReliableSequence()
  readonly #data = new ReliableSequence()
  readonly #lossy = new Fifo<{ kind: number; payload: Uint8Array }>()
  #lossyBytes = 0
  #generation: number
  #isLost = false
  /** Of the present generation: what came before it was given up, with reliable data in it. */
  #isAnew = false
  #isDataLost = false
  /** The peer knows of the present generation. */
  #isTold = false
  /** Reliable data among what is given up since the queue was lost. */
  #dataLostNow = false

  constructor(limits: QueueLimits, newGeneration: () => number = () => randomInt(1, MAX_NUMBER)) {
    this.#limits = limits
    this.#newGeneration = newGeneration
    this.#generation = newGeneration()
  }

  get isLost(): boolean {
    return this.#isLost
  }
  /** Of reliable messages that are not acknowledged, with `ENTRY_BYTES` each. */
  get bytes(): number {
    return this.#facts.bytes + this.#data.bytes
  }
  get lossyBytes(): number {
    return this.#lossyBytes
  }

  /**
   * False when it was dropped. A reliable message is dropped only when the queue is lost or becomes so by this. `key` is for
   * `latest`: it replaces the one of the same kind and key that was never handed out.
   */
  push(way: Way, kind: number, payload: Uint8Array, nowMs: number, key?: string): boolean {
    const cost = payload.length + ENTRY_BYTES
    if (way === 'lossy') {
      if (this.#lossyBytes + cost > this.#limits.lossyBytes) return false
      this.#lossy.push({ kind, payload })
      this.#lossyBytes += cost
      return true
    }
    const sequence = way === 'data' ? this.#data : this.#facts
    const place = key === undefined ? undefined : `${kind}/${key}`
    if (!this.#isLost && this.bytes + sequence.costOf(payload, place) > this.#limits.unackedBytes) this.lose()
    if (this.#isLost) {
      if (way === 'data') this.#dataLostNow = true
      return false
    }
    sequence.push(kind, payload, nowMs, place)
    return true
  }

  /** Length of the payload of the next frame; undefined when nothing waits. */
  get nextBytes(): number | undefined {
    return this.#facts.nextBytes ?? this.#data.nextBytes ?? this.#lossy.peek()?.payload.length
  }

  /** The next frame for the connection; undefined when nothing waits. */
  next(): NumberedFrame | LossyFrame | undefined {
    const fact = this.#facts.next()
    if (fact !== undefined) return { type: 'facts', ...fact }
    const data = this.#data.next()
    if (data !== undefined) return { type: 'data', ...data }
    const lossy = this.#lossy.shift()
    if (lossy === undefined) return undefined
    this.#lossyBytes -= lossy.payload.length + ENTRY_BYTES
    return { type: 'lossy', ...lossy }
  }

  /** @throws FrameError for numbers never sent. */
  ack(facts: number, data: number): void {
    this.#facts.ack(facts)
    this.#data.ack(data)
    this.#isTold = true
  }

  /** Whether something reliable waits for an acknowledgement longer than it may. */
  isTooOld(nowMs: number): boolean {
    const since = [this.#facts.oldestSinceMs, this.#data.oldestSinceMs]
    return since.some(ms => ms !== undefined && nowMs - ms >= this.#limits.unackedMs)
  }

  /** Gives up everything that is not acknowledged. */
  lose(): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#dataLostNow = this.#data.bytes > 0
    this.#facts.clear()
    this.#data.clear()
    this.dropLossy()
  }

  /** Lossy messages do not wait for another connection. */
  dropLossy(): void {
    this.#lossy.clear()
    this.#lossyBytes = 0
  }

  /**
   * A new connection to the peer, who says what it has had. Goes on where it can; else a new generation begins and `isRestarted` is
   * true: facts have to be said anew.
   * @returns what to say first
   */
  resume(had: Had | null): { start: StartFrame; isRestarted: boolean } {
    this.dropLossy()
    const isSame = had !== null && had.generation === this.#generation
    const from = isSame ? had : { facts: 0, data: 0 }
    const canGoOn = !this.#isLost && this.#facts.canResumeAt(from.facts) && this.#data.canResumeAt(from.data)
    if (canGoOn) {
      this.#facts.rewind(from.facts)
      this.#data.rewind(from.data)
      if (isSame) this.#isTold = true
    } else {
      // Either a bound was passed, or the peer does not remember what it once acknowledged.
      if (!this.#isLost) {
        this.lose()
        this.#dataLostNow = true
      }
      this.#isLost = false
      this.#generation = this.#newGeneration()
      this.#isAnew = true
      // A loss the peer has not been told of is still to be told.
      this.#isDataLost = this.#dataLostNow || (this.#isDataLost && !this.#isTold)
      this.#isTold = false
    }
    return {
      start: {
        type: 'start',
        generation: this.#generation,
        isAnew: this.#isAnew,
        isDataLost: this.#isDataLost,
      },
      isRestarted: !canGoOn,
    }
  }
}
