import { describe, expect, it } from 'vitest'
import { estimateOf, WorkerLoad } from './worker-load.ts'

/** Looks every 2 s, as a worker's watch does; answers the time of the last. */
function busy(load: WorkerLoad, cores: number, fromMs: number, forMs: number, cpuMs = { now: 0 }): number {
  for (let atMs = fromMs; atMs <= fromMs + forMs; atMs += 2_000) {
    load.sample(cpuMs.now, atMs)
    cpuMs.now += cores * 2_000
  }
  return fromMs + forMs
}

describe('what is measured of a worker', () => {
  it('comes near to what it uses, and not at once', () => {
    const load = new WorkerLoad(0.75)
    const cpuMs = { now: 0 }
    busy(load, 0.6, 0, 4_000, cpuMs)
    expect(load.measured).toBeGreaterThan(0.2)
    expect(load.measured).toBeLessThan(0.5)
    busy(load, 0.6, 6_000, 40_000, cpuMs)
    expect(load.measured).toBeCloseTo(0.6, 2)
    busy(load, 0, 48_000, 40_000, cpuMs)
    expect(load.measured).toBeLessThan(0.01)
  })

  it('is nothing before the second look, whatever the first one says', () => {
    const load = new WorkerLoad(0.75)
    load.sample(1_000_000, 5_000)
    expect(load.at(5_000)).toBe(0)
  })

  it('is never more than a core, nor less than nothing, when looks are read late, twice, or begin anew', () => {
    const load = new WorkerLoad(0.75)
    load.sample(0, 0)
    load.sample(9_000, 1_000)
    expect(load.measured).toBeLessThanOrEqual(1)
    const before = load.measured
    load.sample(9_100, 1_001)
    expect(load.measured).toBe(before)
    load.sample(0, 3_000)
    expect(load.measured).toBeGreaterThanOrEqual(0)
    expect(load.measured).toBeLessThan(before)
  })

  it('does not depend on how often it is looked at', () => {
    const [often, seldom] = [new WorkerLoad(0.75), new WorkerLoad(0.75)]
    for (let atMs = 0; atMs <= 8_000; atMs += 500) often.sample(atMs * 0.5, atMs)
    for (let atMs = 0; atMs <= 8_000; atMs += 4_000) seldom.sample(atMs * 0.5, atMs)
    expect(often.measured).toBeCloseTo(seldom.measured, 6)
  })
})

describe('an estimate for a newcomer', () => {
  it('counts at once, in full for a while, and is gone when it is in what is measured', () => {
    const load = new WorkerLoad(0.75)
    load.placed(0.1, 1_000)
    expect(load.at(1_000)).toBeCloseTo(0.1)
    expect(load.at(5_000)).toBeCloseTo(0.1)
    expect(load.at(10_000)).toBeCloseTo(0.05)
    expect(load.at(15_000)).toBe(0)
    expect(load.at(60_000)).toBe(0)
  })

  it('is taken back for who goes, so that coming and going fills no worker', () => {
    const load = new WorkerLoad(0.75)
    for (let n = 0; n < 1_000; n++) load.placed(0.01, n)()
    expect(load.at(1_000)).toBe(0)
    const leave = load.placed(0.01, 2_000)
    load.placed(0.02, 2_000)
    leave()
    leave()
    expect(load.at(2_000)).toBeCloseTo(0.02)
  })

  it('of many in one moment comes together', () => {
    const load = new WorkerLoad(0.75)
    for (let n = 0; n < 150; n++) load.placed(0.005, n)
    expect(load.at(150)).toBeCloseTo(0.75)
    expect(load.isFull(150)).toBe(true)
  })

  it('is what those who are there need on average, within bounds', () => {
    expect(estimateOf([])).toBe(0.005)
    expect(estimateOf([{ measured: 0.9, peers: 9 }])).toBe(0.005)
    expect(
      estimateOf([
        { measured: 0.6, peers: 40 },
        { measured: 0.2, peers: 40 },
      ]),
    ).toBeCloseTo(0.01)
    expect(estimateOf([{ measured: 0.01, peers: 100 }])).toBe(0.002)
    expect(estimateOf([{ measured: 0.9, peers: 10 }])).toBe(0.05)
  })
})

it('a full worker takes people again only well below its budget', () => {
  const load = new WorkerLoad(0.5)
  const cpuMs = { now: 0 }
  let atMs = busy(load, 0.45, 0, 60_000, cpuMs)
  // Between the two borders it is what it was.
  expect(load.isFull(atMs)).toBe(false)
  atMs = busy(load, 0.6, atMs + 2_000, 60_000, cpuMs)
  expect(load.isFull(atMs)).toBe(true)
  atMs = busy(load, 0.45, atMs + 2_000, 60_000, cpuMs)
  expect(load.isFull(atMs)).toBe(true)
  atMs = busy(load, 0.4, atMs + 2_000, 60_000, cpuMs)
  expect(load.isFull(atMs)).toBe(false)
  atMs = busy(load, 0.45, atMs + 2_000, 60_000, cpuMs)
  expect(load.isFull(atMs)).toBe(false)
})
