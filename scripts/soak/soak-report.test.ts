import { describe, expect, it } from 'vitest'
import { type FullCensus, judge } from './soak-report.ts'
import { newVisitorsReport } from './visitors.ts'

const census = (part: Partial<FullCensus> = {}): FullCensus => ({
  open: { rooms: 0 },
  workerHandlers: 2,
  instances: { Room: 0 },
  allInstances: {},
  timers: 5,
  timerKinds: {},
  listeners: 90,
  listenerKinds: {},
  lasting: { timers: 4, listeners: 49 },
  heapUsed: 1,
  nodeRss: 100,
  workerRss: [100],
  ...part,
})

function faultsOf(end: Partial<FullCensus>, joins = 6): string[] {
  const visitors = { ...newVisitorsReport(), joins: { succeeded: joins, failed: 0 } }
  const options = { seconds: 6, participants: 6, seed: 1, log: () => {} }
  const load = { cores: 2, visitors: 1, node: 0, workers: 0, average: 1 }
  const [start, early] = [census(), census()]
  return judge({ options, visitors, load, start, early, end: census(end), warnings: [] }).faults
}

describe('the judgement of a short soak', () => {
  it('finds nothing where nothing was left, and lets pass what ends by itself', () => {
    expect(faultsOf({})).toEqual([])
    expect(faultsOf({ timers: 10, listeners: 140 })).toEqual([])
  })

  it.each([
    ['timers', { timers: 10, lasting: { timers: 10, listeners: 49 } }],
    ['listeners', { listeners: 96, lasting: { timers: 4, listeners: 55 } }],
  ])('finds %s of which each visit left one', (what, end) => {
    expect(faultsOf(end)).toEqual([expect.stringMatching(new RegExp(`^end: \\d+ ${what} that do not end`))])
  })

  it('finds an object of ours that is left', () => {
    expect(faultsOf({ instances: { Room: 1 } })).toEqual(['end: 1 objects of Room left, 0 at the start'])
  })

  it('says nothing of a run in which hardly anybody came', () => {
    expect(faultsOf({}, 5)).toEqual([expect.stringMatching(/^only 5 joins/)])
  })
})
