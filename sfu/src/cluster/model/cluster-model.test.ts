import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Figures, run, type Scenario, scenarios } from './run.ts'

/**
 * The same interleavings each time, so that a change is judged by itself; MODEL_RUNS=5000 explores as many new ones. fast-check prints
 * the seed of what fails, and shrinks it.
 */
const exploring = process.env.MODEL_RUNS
const parameters = exploring ? { numRuns: Number(exploring) } : { numRuns: 1_500, seed: 1 }

const keys = Object.keys as (of: Figures) => (keyof Figures)[]

function explore(mayForget: boolean): void {
  const figures: Figures = { granted: 0, buried: 0, hidden: 0, gaveUp: 0, cameBack: 0 }
  let runs = 0
  fc.assert(
    fc.property(scenarios, (scenario: Scenario) => {
      const of = run({ ...scenario, mayForget })
      runs++
      for (const name of keys(figures)) figures[name] += of[name]
    }),
    parameters,
  )
  expect(figures.granted).toBeGreaterThan(runs)
  // Else a promise about them could not be seen broken.
  for (const name of keys(figures)) expect(figures[name], name).toBeGreaterThan(runs / 20)
}

describe('the protocol of a cluster, in a model', () => {
  it('keeps its promises whatever happens to its nodes, links and clocks', { timeout: 600_000 }, () => {
    explore(false)
  })

  it('keeps them when the record is emptied or rolled back', { timeout: 600_000 }, () => {
    explore(true)
  })
})
