/**
 * How much the fuzz tests do. CI has a fixed seed and a small budget, so that a failure there is always a change of the
 * code; `npm run fuzz` sets both variables anew for every round.
 */
const number = (name: string, fallback: number): number => {
  const value = Number(process.env[name])
  return Number.isFinite(value) && value > 0 ? value : fallback
}

/** Printed with a failure by fast-check; `FUZZ_SEED` repeats a round. */
export const seed = Math.floor(number('FUZZ_SEED', 20_261_122))
/** Multiplies the number of cases. */
const factor = number('FUZZ_FACTOR', 1)

/** For tests with a time limit of their own, ms: more cases take longer. */
export const timeLimit = (ms: number) => Math.round(ms * Math.max(1, factor))

/** Parameters of `fc.assert` for `runs` cases in CI. */
export const budget = (runs: number) => ({
  seed,
  numRuns: Math.max(1, Math.round(runs * factor)),
  // A failing live sequence is printed as it was: making it smaller would take minutes of server time.
  endOnFailure: false,
  // What went wrong is in the report, not only with which input.
  includeErrorInReport: true,
})
