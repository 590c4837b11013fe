/**
 * Nodes whose link is down: their members are out of sight after a while, and after as long again one side gives up the rooms both are in,
 * again and again until it is settled or the node is heard.
 */
import type { Incarnation } from '../record/record-types.ts'

/** Between two tries to ask the record which side that is, ms. */
export const SPLIT_RETRY_MS = 1_000

export interface UnheardNodesOptions {
  /** SessionTimes */
  unheardAfterMs: number
  /** Its members are out of sight. */
  hide(node: Incarnation): void
  /** Both live and do not hear each other; `asked` is called when the record was asked about all rooms, whatever it said. */
  split(node: Incarnation, asked: () => void): void
  /** Calls it after so long; what it answers takes that back. Absent: timers of this process. */
  after?(ms: number, then: () => void): () => void
}

const byTimer = (ms: number, then: () => void) => {
  const timer = setTimeout(then, ms)
  return () => clearTimeout(timer)
}

export class UnheardNodes {
  readonly #options: UnheardNodesOptions
  readonly #waiting = new Map<Incarnation, () => void>()
  #isClosed = false

  constructor(options: UnheardNodesOptions) {
    this.#options = options
  }

  has(node: Incarnation): boolean {
    return this.#waiting.has(node)
  }

  /** The link to it is down. */
  add(node: Incarnation): void {
    if (this.has(node) || this.#isClosed) return
    const { unheardAfterMs } = this.#options
    this.#in(unheardAfterMs, node, () => {
      this.#options.hide(node)
      this.#in(unheardAfterMs, node, () => this.#split(node))
    })
  }

  /** It is heard again, or buried. */
  remove(node: Incarnation): void {
    this.#waiting.get(node)?.()
    this.#waiting.delete(node)
  }

  close(): void {
    this.#isClosed = true
    for (const node of [...this.#waiting.keys()]) this.remove(node)
  }

  #split(node: Incarnation): void {
    const waiting = this.#waiting.get(node)
    this.#options.split(node, () => {
      // It may have been heard meanwhile, and be unheard once more.
      if (waiting && this.#waiting.get(node) === waiting)
        this.#in(SPLIT_RETRY_MS, node, () => this.#split(node))
    })
  }

  #in(ms: number, node: Incarnation, then: () => void): void {
    this.#waiting.set(node, (this.#options.after ?? byTimer)(ms, then))
  }
}
