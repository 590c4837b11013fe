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
  /** Both live and do not hear each other. Never rejects. */
  split(node: Incarnation): Promise<void>
}

export class UnheardNodes {
  readonly #options: UnheardNodesOptions
  readonly #timers = new Map<Incarnation, NodeJS.Timeout>()
  #isClosed = false

  constructor(options: UnheardNodesOptions) {
    this.#options = options
  }

  has(node: Incarnation): boolean {
    return this.#timers.has(node)
  }

  /** The link to it is down. */
  add(node: Incarnation): void {
    if (this.#timers.has(node) || this.#isClosed) return
    const { unheardAfterMs } = this.#options
    this.#in(unheardAfterMs, node, () => {
      this.#options.hide(node)
      this.#in(unheardAfterMs, node, () => void this.#split(node))
    })
  }

  /** It is heard again, or buried. */
  remove(node: Incarnation): void {
    clearTimeout(this.#timers.get(node))
    this.#timers.delete(node)
  }

  close(): void {
    this.#isClosed = true
    for (const node of [...this.#timers.keys()]) this.remove(node)
  }

  async #split(node: Incarnation): Promise<void> {
    await this.#options.split(node)
    if (this.#timers.has(node)) this.#in(SPLIT_RETRY_MS, node, () => void this.#split(node))
  }

  #in(ms: number, node: Incarnation, then: () => void): void {
    this.#timers.set(node, setTimeout(then, ms))
  }
}
