import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { run, type Scenario, scenarios } from './run.ts'

/**
 * The same interleavings each time, so that a change is judged by itself; MODEL_RUNS=5000 explores as many new ones. fast-check prints
 * the seed of what fails, and shrinks it.
 */
const exploring = process.env.MODEL_RUNS
const parameters = exploring ? { numRuns: Number(exploring) } : { numRuns: 400, seed: 1 }

function explore(mayForget: boolean): void {
  const figures = { runs: 0, granted: 0, buried: 0 }
  fc.assert(
    fc.property(scenarios, (scenario: Scenario) => {
      const { granted, buried } = run({ ...scenario, mayForget })
      figures.runs++
      figures.granted += granted
      figures.buried += buried
    }),
    parameters,
  )
  expect(figures.granted).toBeGreaterThan(figures.runs)
  expect(figures.buried).toBeGreaterThan(0)
}

describe('the protocol of a cluster, in a model', () => {
  it('keeps its promises whatever happens to its nodes, links and clocks', { timeout: 120_000 }, () => {
    explore(false)
  })

  it('keeps them when the record is emptied or rolled back', { timeout: 120_000 }, () => {
    explore(true)
  })
})
