/** Nonces of SendData heard a short while ago: an SDK that repeats a request must not send its data twice. */
const KEPT_MS = 10_000
const KEPT = 2_000

export class RecentNonces {
  readonly #heard = new Map<string, number>()

  /** True when this nonce was heard just now. An empty one is always new. */
  isRepeat(nonce: Uint8Array, nowMs: number): boolean {
    if (nonce.length === 0) return false
    // In the order of hearing, so the first that is young ends the search.
    for (const [key, atMs] of this.#heard) {
      if (nowMs - atMs < KEPT_MS && this.#heard.size <= KEPT) break
      this.#heard.delete(key)
    }
    const key = Buffer.from(nonce).toString('hex')
    if (this.#heard.has(key)) return true
    this.#heard.set(key, nowMs)
    return false
  }
}
