/** For so long after a link came back it is taken to carry what it carried before, ms. */
const TRUST_MS = 6_000

/**
 * What is known of a link that was gone and is back. While ICE is disconnected the worker's estimate is 0, and afterwards it begins
 * anew at some 50 to 130 kbit/s and grows by 8 % a second, as if the link were that narrow; so it is neither judged by while it is
 * gone nor right after, but tried for what it carried before. Pure.
 */
export class LinkReturn {
  #knownBps = 0
  #isGone = false
  #trustedUntil = 0

  /** Of each estimate of the worker, bit/s; false when it tells nothing, as there is no link. */
  note(estimateBps: number, nowMs: number): boolean {
    if (estimateBps <= 0) {
      this.#isGone = true
      return false
    }
    if (this.#isGone) this.#trustedUntil = nowMs + TRUST_MS
    this.#isGone = false
    if (nowMs >= this.#trustedUntil) this.#knownBps = estimateBps
    return true
  }

  /** What the link is taken to carry though its estimate is lower, bit/s; undefined: it is as estimated. */
  trustedBps(estimateBps: number, nowMs: number): number | undefined {
    const isTrusted = nowMs < this.#trustedUntil && estimateBps < this.#knownBps
    return isTrusted ? this.#knownBps : undefined
  }

  /** The link was seen to drop packets: it is not what it was. */
  distrust(): void {
    this.#trustedUntil = 0
  }
}
