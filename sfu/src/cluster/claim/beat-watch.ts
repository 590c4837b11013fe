/**
 * Who has stopped beating, counted by the reader's own monotonic clock: dates and others' clocks play no part. What it names is only asked to be
 * buried; the record looks at the count once more.
 */
import type { Incarnation } from '../record/record-types.ts'
import { BURIED_AFTER_MS } from './sureness.ts'

/**
 * When the reader itself had no answer for so long, the record may have been away for all: counting begins anew, else the first to come back
 * would bury the others.
 */
const GAP_MS = 1_000

export class BeatWatch {
  #era = ''
  #lastMs = Number.NEGATIVE_INFINITY
  readonly #seen = new Map<Incarnation, { count: number; sinceMs: number }>()

  /**
   * The counts of all that are not buried, as a beat answered them that was asked with `heard`; `known`: whose members or links are here.
   * `buried`: the beat would have counted them, were they not. `overdue`: whom to ask the record to bury, with the count that must still be there.
   */
  note(
    {
      era,
      counts,
      heard,
      known,
    }: {
      era: string
      counts: ReadonlyMap<Incarnation, number>
      heard: Iterable<Incarnation>
      known: Iterable<Incarnation>
    },
    nowMs: number,
  ): { buried: Incarnation[]; overdue: { inst: Incarnation; count: number }[] } {
    if (era !== this.#era || nowMs - this.#lastMs > GAP_MS) this.#seen.clear()
    this.#era = era
    this.#lastMs = nowMs
    // Who is known and not counted was buried before our time, or never beat in this era: the record knows.
    const all = new Map([...[...known].map(inst => [inst, 0] as const), ...counts])
    for (const inst of this.#seen.keys()) if (!all.has(inst)) this.#seen.delete(inst)
    const overdue: { inst: Incarnation; count: number }[] = []
    for (const [inst, count] of all) {
      const seen = this.#seen.get(inst)
      if (seen?.count !== count) this.#seen.set(inst, { count, sinceMs: nowMs })
      else if (nowMs - seen.sinceMs >= BURIED_AFTER_MS) overdue.push({ inst, count })
    }
    return { buried: [...heard].filter(inst => !counts.has(inst)), overdue }
  }
}
