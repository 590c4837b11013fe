/**
 * Whether this incarnation may be sure that nobody has buried it. Burials need a count that has not changed for BURIED_AFTER_MS; whoever asked to
 * be counted less than SURE_MS ago, and was, is therefore alive in everybody's eyes.
 */
import type { Incarnation } from '../record/record-types.ts'

export const SURE_MS = 2_000
export const BURIED_AFTER_MS = 2_500

/** One moment on two clocks. The monotonic one may stand still while the machine sleeps; the other may leap. */
export interface Instant {
  monotonicMs: number
  wallMs: number
}

/** Now. */
export const instant = (): Instant => ({ monotonicMs: performance.now(), wallMs: Date.now() })

export class Sureness {
  #asked: Instant | null = null

  /**
   * A beat was answered that had been asked then, by a record that is not waiting: one that was emptied may not yet know of our burial. For a peer's word that it vouched for us: when we asked the peer, less the age of its own
   * answered beat.
   */
  counted(asked: Instant): void {
    if (this.#asked === null || asked.monotonicMs > this.#asked.monotonicMs) this.#asked = asked
  }

  /** Looked up at each use: a timer would be late after a pause, just when it matters. Whichever clock says more counts. */
  isSure(now: Instant): boolean {
    if (this.#asked === null) return false
    const monotonicMs = now.monotonicMs - this.#asked.monotonicMs
    const wallMs = now.wallMs - this.#asked.wallMs
    return Math.max(monotonicMs, wallMs) < SURE_MS
  }
}

/** What a node may tell its peers: when it asked the beat by which they were counted too. */
export class Vouches {
  readonly #askedMs = new Map<Incarnation, number>()

  /** A beat was answered. Those it heard who are in `counts` no more are buried: the beat did nothing for them. */
  counted(askedMs: number, heard: Iterable<Incarnation>, counts: ReadonlyMap<Incarnation, number>): void {
    for (const inst of heard) if (counts.has(inst)) this.#askedMs.set(inst, askedMs)
  }
  /** How long ago, ms; null: never. */
  ageMs(inst: Incarnation, nowMs: number): number | null {
    const askedMs = this.#askedMs.get(inst)
    return askedMs === undefined ? null : nowMs - askedMs
  }
}
