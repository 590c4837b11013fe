import { describe, expect, it } from 'vitest'
import { type BudgetReason, type BudgetSettings, leftOf, NodeBudget, type NodeUse } from './node-budget.ts'

const SETTINGS: BudgetSettings = {
  workerLoad: [0.75, 0.9],
  eventLoopMs: [250, 1_000],
  memoryLeftBytes: [1_000, 250],
  portsTaken: [0.9, 0.98],
  people: [100, 125],
}
const IDLE: NodeUse = {
  workerLoads: [0, 0],
  eventLoopMs: 1,
  memoryLeftBytes: 1e9,
  portsTaken: 0,
  people: 0,
  estimate: 0.01,
}
const judge = (use: Partial<NodeUse>) => new NodeBudget(SETTINGS).judge({ ...IDLE, ...use })

it('an idle node lets everybody in, also one whose workers are being started anew', () => {
  expect(judge({})).toEqual({ ordinary: undefined, kept: undefined })
  expect(judge({ workerLoads: [] })).toEqual({ ordinary: undefined, kept: undefined })
})

const cases: [BudgetReason, Partial<NodeUse>, Partial<NodeUse>, Partial<NodeUse>][] = [
  ['workers', { workerLoads: [0.99, 0.74] }, { workerLoads: [0.99, 0.75] }, { workerLoads: [0.99, 0.9] }],
  ['event_loop', { eventLoopMs: 249 }, { eventLoopMs: 250 }, { eventLoopMs: 1_000 }],
  ['memory', { memoryLeftBytes: 1_000 }, { memoryLeftBytes: 999 }, { memoryLeftBytes: 249 }],
  ['ports', { portsTaken: 0.89 }, { portsTaken: 0.9 }, { portsTaken: 0.98 }],
  ['people', { people: 99 }, { people: 100 }, { people: 125 }],
]

describe.each(cases)('the border of %s', (reason, under, over, far) => {
  it('lets everybody in below it, kept seats above it, and nobody beyond the second one', () => {
    expect(judge(under)).toEqual({ ordinary: undefined, kept: undefined })
    expect(judge(over)).toEqual({ ordinary: reason, kept: undefined })
    expect(judge(far)).toEqual({ ordinary: reason, kept: reason })
  })
})

it('is one of the emptiest worker: whoever comes is placed there', () => {
  expect(judge({ workerLoads: [1, 1, 1, 0.2] }).ordinary).toBeUndefined()
  expect(judge({ workerLoads: [0.8] }).ordinary).toBe('workers')
})

it('lets people in again only well below it, each seat by its own border', () => {
  const budget = new NodeBudget(SETTINGS)
  const at = (load: number) => budget.judge({ ...IDLE, workerLoads: [load] })
  expect(at(0.7)).toEqual({ ordinary: undefined, kept: undefined })
  expect(at(0.92)).toEqual({ ordinary: 'workers', kept: 'workers' })
  expect(at(0.8)).toEqual({ ordinary: 'workers', kept: 'workers' })
  expect(at(0.77)).toEqual({ ordinary: 'workers', kept: undefined })
  expect(at(0.7)).toEqual({ ordinary: 'workers', kept: undefined })
  expect(at(0.64)).toEqual({ ordinary: undefined, kept: undefined })
  expect(at(0.7)).toEqual({ ordinary: undefined, kept: undefined })
})

it('of memory is left when there is well more again', () => {
  const budget = new NodeBudget(SETTINGS)
  const at = (memoryLeftBytes: number) => budget.judge({ ...IDLE, memoryLeftBytes }).ordinary
  expect([at(900), at(1_050), at(1_200), at(1_050)]).toEqual(['memory', 'memory', undefined, undefined])
})

it('names one reason at a time, and goes on refusing for the other', () => {
  const budget = new NodeBudget(SETTINGS)
  const both = { ...IDLE, workerLoads: [0.8], people: 100 }
  expect(budget.judge(both).ordinary).toBe('workers')
  expect(budget.judge({ ...both, workerLoads: [0] }).ordinary).toBe('people')
  expect(budget.judge(IDLE).ordinary).toBeUndefined()
})

it('is not there for what is not looked at', () => {
  const never: BudgetSettings = {
    ...SETTINGS,
    eventLoopMs: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    memoryLeftBytes: [0, 0],
    people: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  }
  const use = { ...IDLE, eventLoopMs: 1e9, memoryLeftBytes: 0, people: 1e9 }
  expect(new NodeBudget(never).judge(use)).toEqual({ ordinary: undefined, kept: undefined })
})

it('says how many more there is room for: on each worker up to the border, and no more people than there may be', () => {
  const left = (use: Partial<NodeUse>, seat: 'ordinary' | 'kept' = 'ordinary') =>
    leftOf({ ...IDLE, ...use }, SETTINGS, seat)
  expect(left({ workerLoads: [0.7, 0.5, 0.9] })).toBe(5 + 25)
  expect(left({ workerLoads: [0.7, 0.5, 0.9] }, 'kept')).toBe(20 + 40)
  expect(left({ people: 93 })).toBe(7)
  expect(left({ people: 93 }, 'kept')).toBe(32)
  // Whoever is asked has been found to let people in.
  expect(left({ workerLoads: [0.75, 0.749] })).toBe(1)
})
