import { Fifo } from '@diemcau/core/fifo.ts'
import { FrameError } from './frame-codec.ts'

/** What a message costs beside its payload, so that a million tiny ones count as what they are. */
export const ENTRY_BYTES = 128

interface Entry {
  kind: number
  payload: Uint8Array
  /** When it was given to us, ms of any one clock. */
  sinceMs: number
  key: string | undefined
}

/** A message with the number it has for good. */
export interface NumberedMessage {
  number: number
  kind: number
  payload: Uint8Array
}

/**
 * The sending end of one sequence: numbers messages when they are handed to a connection and keeps them until they are acknowledged.
 * After a break `rewind` makes those the other side has not had come again, with the same numbers and contents.
 */
export class ReliableSequence {
  /** Handed to some connection once; in front of the waiting ones. Their numbers and contents stay. */
  #handed = new Fifo<Entry>()
  /** Handed before the break, to be handed again. */
  #again = new Fifo<Entry>()
  #waiting = new Fifo<Entry>()
  readonly #replaceable = new Map<string, Entry>()
  #acked = 0
  #bytes = 0

  /** Payloads and `ENTRY_BYTES` each of all that is not acknowledged. */
  get bytes(): number {
    return this.#bytes
  }
  /** The highest acknowledged number; 0 if none. */
  get acked(): number {
    return this.#acked
  }
  /** When the oldest that is not acknowledged was pushed; undefined when there is none. */
  get oldestSinceMs(): number | undefined {
    return (this.#handed.peek() ?? this.#again.peek() ?? this.#waiting.peek())?.sinceMs
  }

  /** Length of the payload that `next` would hand out; undefined when none waits. */
  get nextBytes(): number | undefined {
    return (this.#again.peek() ?? this.#waiting.peek())?.payload.length
  }

  /** What pushing this adds to `bytes`; may be negative where it replaces a longer one. */
  costOf(payload: Uint8Array, key?: string): number {
    const former = key === undefined ? undefined : this.#replaceable.get(key)
    return former === undefined ? payload.length + ENTRY_BYTES : payload.length - former.payload.length
  }

  /** With a key it takes the place (and the age) of the one of that key that was never handed out, if there is one. */
  push(kind: number, payload: Uint8Array, nowMs: number, key?: string): void {
    this.#bytes += this.costOf(payload, key)
    const former = key === undefined ? undefined : this.#replaceable.get(key)
    if (former !== undefined) {
      former.payload = payload
      return
    }
    const entry: Entry = { kind, payload, sinceMs: nowMs, key }
    this.#waiting.push(entry)
    if (key !== undefined) this.#replaceable.set(key, entry)
  }

  /** The next to be written to the connection; undefined when none waits. */
  next(): NumberedMessage | undefined {
    const entry = this.#again.shift() ?? this.#waiting.shift()
    if (entry === undefined) return undefined
    // From now on the other side may have it under this number: another content under it would be taken for a repeat.
    if (entry.key !== undefined && this.#replaceable.get(entry.key) === entry)
      this.#replaceable.delete(entry.key)
    this.#handed.push(entry)
    return { number: this.#acked + this.#handed.length, kind: entry.kind, payload: entry.payload }
  }

  /** All up to this number have arrived; an older word than the last changes nothing. @throws FrameError for one never handed out. */
  ack(upTo: number): void {
    // What is to be handed again counts as sent: it may have come in by the connection before.
    if (upTo > this.#acked + this.#handed.length + this.#again.length)
      throw new FrameError('an acknowledgement of what was not sent')
    while (this.#acked < upTo) {
      const entry = this.#handed.shift() ?? this.#again.shift()
      this.#bytes -= (entry?.payload.length ?? 0) + ENTRY_BYTES
      this.#acked += 1
    }
  }

  /** Whether the other side, who had all up to this number, can go on from there. */
  canResumeAt(had: number): boolean {
    return had >= this.#acked && had <= this.#acked + this.#handed.length + this.#again.length
  }

  /** A new connection: what was handed out after `had` is handed out again first. @throws FrameError unless `canResumeAt(had)`. */
  rewind(had: number): void {
    if (!this.canResumeAt(had)) throw new FrameError('a number that was not sent or is forgotten')
    const again = new Fifo<Entry>()
    for (const entry of this.#handed) again.push(entry)
    for (const entry of this.#again) again.push(entry)
    this.#handed = new Fifo()
    while (this.#acked < had) {
      const entry = again.shift()
      this.#bytes -= (entry?.payload.length ?? 0) + ENTRY_BYTES
      this.#acked += 1
    }
    this.#again = again
  }

  /** Forgets everything; numbers begin with 1 again. */
  clear(): void {
    this.#handed.clear()
    this.#again.clear()
    this.#waiting.clear()
    this.#replaceable.clear()
    this.#acked = 0
    this.#bytes = 0
  }
}
