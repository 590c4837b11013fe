/**
 * Data packets of members that other nodes hold, in the order of their sender. A packet waits until the facts its sender had
 * are here, so that nobody hears from somebody who is not in the list yet; but not for long, as nothing is lost for that.
 */
import { Fifo } from '@diemcau/core/fifo.ts'
import type { DataWord } from './data-word.ts'

/** Facts are on their way, before the data on the same link; a link that broke in between brings them anew, ms. */
const FACTS_WAIT_MS = 1_000
/** What waits for one sender's facts; beyond it goes out as it is, bytes. */
const WAITING_BYTES = 4 * 1024 * 1024

interface Waiting {
  words: Fifo<DataWord>
  bytes: number
  timer: NodeJS.Timeout
}

export class RemoteData {
  readonly #versionOf: (participantId: string) => number | undefined
  readonly #deliver: (word: DataWord) => void
  readonly #waiting = new Map<string, Waiting>()

  /** `versionOf`: of the facts that are here of a member; undefined: none. */
  constructor(versionOf: (participantId: string) => number | undefined, deliver: (word: DataWord) => void) {
    this.#versionOf = versionOf
    this.#deliver = deliver
  }

  take(word: DataWord): void {
    const { from } = word
    const waiting = from && this.#waiting.get(from.participantId)
    if (from && (waiting || !this.#isKnown(word))) this.#wait(from.participantId, waiting, word)
    else this.#deliver(word)
  }

  /** Newer facts of this member are here, or it has left: what waited for that goes out. */
  told(participantId: string): void {
    const waiting = this.#waiting.get(participantId)
    if (!waiting) return
    for (let word = waiting.words.peek(); word && this.#isKnown(word); word = waiting.words.peek()) {
      waiting.words.shift()
      waiting.bytes -= word.outgoing.payload.length
      this.#deliver(word)
    }
    if (waiting.words.length === 0) this.#forget(participantId, waiting)
  }

  /** Everything of this sender goes out as it is. */
  flush(participantId: string): void {
    const waiting = this.#waiting.get(participantId)
    if (!waiting) return
    this.#forget(participantId, waiting)
    for (const word of waiting.words) this.#deliver(word)
  }

  close(): void {
    for (const { timer } of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
  }

  #isKnown({ from }: DataWord): boolean {
    return !from || (this.#versionOf(from.participantId) ?? -1) >= from.version
  }

  #wait(participantId: string, known: Waiting | undefined, word: DataWord): void {
    const waiting = known ?? {
      words: new Fifo<DataWord>(),
      bytes: 0,
      timer: setTimeout(() => this.flush(participantId), FACTS_WAIT_MS),
    }
    this.#waiting.set(participantId, waiting)
    waiting.words.push(word)
    waiting.bytes += word.outgoing.payload.length
    if (waiting.bytes > WAITING_BYTES) this.flush(participantId)
  }

  #forget(participantId: string, { timer }: Waiting): void {
    clearTimeout(timer)
    this.#waiting.delete(participantId)
  }
}
