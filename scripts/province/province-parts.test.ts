import { describe, expect, it } from 'vitest'
import { ownersOf } from './machine-load.ts'
import { saturationOf } from './province-report.ts'
import { readAnswer } from './schedule.ts'
import { choiceOf, wants } from './watches.ts'

describe('what somebody takes', () => {
  const talkers = ['a', 'b', 'c', 'd']
  it('is pictures of different halls for each, and the same voices for all', () => {
    const limits = { pictures: 2, voices: 3 }
    expect([...choiceOf(talkers, 0, limits).pictures]).toEqual(['a', 'b'])
    expect([...choiceOf(talkers, 7, limits).pictures]).toEqual(['d', 'a'])
    for (const turn of [0, 7]) expect([...choiceOf(talkers, turn, limits).sounds]).toEqual(['a', 'b', 'c'])
    expect([...choiceOf(['a'], 3, limits).pictures]).toEqual(['a'])
    expect(choiceOf([], 3, limits)).toEqual({ pictures: new Set(), sounds: new Set() })
  })
  it('is nothing else', () => {
    const choice = choiceOf(talkers, 3, { pictures: 1, voices: 1 })
    expect(wants(choice, 'd', 'video')).toBe(true)
    expect(wants(choice, 'd', 'audio')).toBe(false)
    expect(wants(undefined, 'a', 'audio')).toBe(false)
  })
})

describe('the answer of an action', () => {
  it('is the line that the first one names', () => {
    const stream = '0:{"a":"$@1","f":"","b":"x"}\n2:["div"]\n1:{"ok":true,"id":"MT_1"}\n'
    expect(readAnswer(stream)).toEqual({ ok: true, id: 'MT_1' })
  })
  it('may not be there', () => {
    expect(readAnswer('<!DOCTYPE html>')).toBeUndefined()
    expect(readAnswer('0:{"a":"$@1"}\n')).toBeUndefined()
  })
})

it('counts a child for its parent, and media workers apart', () => {
  const process = (pid: number, parent: number, name: string) => ({ pid, parent, name, cpuMs: pid })
  const all = [
    process(1, 0, 'init'),
    process(10, 1, 'node'),
    process(11, 10, 'mediasoup-worke'),
    process(20, 1, 'postgres'),
    process(21, 20, 'postgres'),
    process(22, 21, 'sh'),
    process(30, 1, 'other'),
  ]
  const parts = [
    { name: 'node-1', pid: 10 },
    { name: 'postgres', pid: 20 },
    { name: 'portal', pid: undefined },
  ]
  expect(ownersOf(parts, all)).toEqual([
    { pid: 10, name: 'node-1', cpuMs: 10 },
    { pid: 11, name: 'node-1, workers', cpuMs: 11 },
    { pid: 20, name: 'postgres', cpuMs: 20 },
    { pid: 21, name: 'postgres', cpuMs: 21 },
    { pid: 22, name: 'postgres', cpuMs: 22 },
  ])
})

it('says that a machine is at its end, and not of one that is not', () => {
  const load = {
    percent: {},
    othersPercent: 10,
    idlePercent: 40,
    leastIdlePercent: 0,
    toolLateMs: { p99: 3, worst: 400 },
    stallMs: 0,
    waitMs: 0,
  }
  expect(saturationOf({ load })).toEqual([])
  expect(saturationOf({ load: { ...load, idlePercent: 1 } })).toHaveLength(1)
  expect(saturationOf({ load: { ...load, toolLateMs: { p99: 300, worst: 400 } } })).toHaveLength(1)
})
