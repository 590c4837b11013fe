/**
 * How busy a media worker is: what was measured, smoothed, and an estimate for whoever was placed too lately to be in it. In cores: 1 is a
 * whole one, which is all that a worker can use. Pure: times are given, on one clock that only goes on, ms.
 */

/** A rise or fall of what is measured is followed by 63 % within so long, ms. */
const SMOOTHING_MS = 5_000
/** What is estimated for a newcomer counts in full for so long: the connection is made, and key frames are sent, ms. */
const ESTIMATE_FULL_MS = 4_000
/** By then it is in what is measured, and the estimate has faded away, ms. */
const ESTIMATE_OVER_MS = 14_000
/** A full worker takes people again when it has fallen so far below its budget, as a part of that. */
const REOPEN_AT = 0.87

interface Estimate {
  atMs: number
  cores: number
}

export class WorkerLoad {
  readonly #budget: number
  #last: { cpuMs: number; atMs: number } | undefined
  #measured = 0
  /** In the order of their times. */
  #estimates: Estimate[] = []
  #isFull = false

  /** `budget`: cores that it is filled to. */
  constructor(budget: number) {
    this.#budget = budget
  }

  /** `cpuMs`: processor time since the worker's start. Looks closer than 100 ms to one another say nothing. */
  sample(cpuMs: number, atMs: number): void {
    const last = this.#last
    if (last && atMs - last.atMs < 100) return
    this.#last = { cpuMs, atMs }
    if (!last) return
    const elapsedMs = atMs - last.atMs
    // What came late is counted where it is read, so that one look may say more than a core.
    const cores = Math.min(1, Math.max(0, (cpuMs - last.cpuMs) / elapsedMs))
    this.#measured += (cores - this.#measured) * (1 - Math.exp(-elapsedMs / SMOOTHING_MS))
  }

  /** Somebody comes, who will need about that much; what is returned takes it back when they go. */
  placed(cores: number, atMs: number): () => void {
    const estimate = { atMs, cores }
    this.#estimates.push(estimate)
    return () => {
      estimate.cores = 0
    }
  }

  /** Without those who have just come. */
  get measured(): number {
    return this.#measured
  }

  at(nowMs: number): number {
    while ((this.#estimates[0]?.atMs ?? nowMs) <= nowMs - ESTIMATE_OVER_MS) this.#estimates.shift()
    return this.#estimates.reduce(
      (sum, { atMs, cores }) => sum + cores * leftOf(nowMs - atMs),
      this.#measured,
    )
  }

  /** Over its budget, or not yet well below it again: a worker at the border would else be opened and closed by every look. */
  isFull(nowMs: number): boolean {
    const load = this.at(nowMs)
    this.#isFull = load >= (this.#isFull ? this.#budget * REOPEN_AT : this.#budget)
    return this.#isFull
  }
}

/** What part of an estimate still counts. */
const leftOf = (ageMs: number): number =>
  Math.min(1, Math.max(0, (ESTIMATE_OVER_MS - ageMs) / (ESTIMATE_OVER_MS - ESTIMATE_FULL_MS)))

/** What is known of nobody yet: some 4 Mbit/s at 1.2 ms of processor time a Mbit. */
const FIRST_ESTIMATE = 0.005
/** Nobody costs nothing, and a few heavy publishers say little of those who come. */
const LEAST_ESTIMATE = 0.002
const MOST_ESTIMATE = 0.05
/** Fewer people say nothing of the next one. */
const PEOPLE_TO_LEARN_FROM = 10

/** What a newcomer will need, in cores: as much as those do on average who are there. */
export function estimateOf(workers: readonly { measured: number; peers: number }[]): number {
  const peers = workers.reduce((sum, worker) => sum + worker.peers, 0)
  if (peers < PEOPLE_TO_LEARN_FROM) return FIRST_ESTIMATE
  const measured = workers.reduce((sum, worker) => sum + worker.measured, 0)
  return Math.min(MOST_ESTIMATE, Math.max(LEAST_ESTIMATE, measured / peers))
}
