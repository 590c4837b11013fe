import type { PresenceRow } from '@diemcau/core/attendance/compute-report.ts'
import { expect, it } from 'vitest'
import { checkPresence, type PresenceCheck } from './compare-presence.ts'

const T = 1_800_000_000_000
let count = 0
const row = (kind: PresenceRow['kind'], participantId: string, at: number, identity = 'an'): PresenceRow => {
  return {
    eventId: `E${++count}`,
    kind,
    identity,
    participantId,
    at: T + at,
    joinedAt: T + at,
    attends: true,
  }
}
const check = (rows: PresenceRow[], stays: [number, number][], over: Partial<PresenceCheck> = {}) =>
  checkPresence({
    rows,
    stays: new Map([['an', stays.map(([from, to]) => ({ from: T + from, to: T + to }))]]),
    here: new Set(['an']),
    now: T + 100_000,
    ...over,
  })
const nobody = { here: new Set<string>() }

it('has nothing to say of somebody who came and stayed, or left', () => {
  expect(check([row('joined', 'PA_1', 0)], [[200, 100_000]])).toEqual({
    connections: 1,
    worstHoleMs: 0,
    faults: [],
  })
  expect(check([row('joined', 'PA_1', 0), row('left', 'PA_1', 60_000)], [[200, 60_400]], nobody)).toEqual({
    connections: 1,
    worstHoleMs: 400,
    faults: [],
  })
})

it('allows the time in which somebody was really away', () => {
  const rows = [row('joined', 'PA_1', 0), row('left', 'PA_1', 40_000), row('joined', 'PA_2', 47_000)]
  expect(
    check(rows, [
      [200, 41_500],
      [47_300, 100_000],
    ]),
  ).toMatchObject({ worstHoleMs: 1_500, faults: [] })
})

it('names a time in which somebody was there and is written down as away', () => {
  const rows = [row('joined', 'PA_1', 0), row('left', 'PA_1', 40_000), row('joined', 'PA_2', 47_000)]
  const { faults, worstHoleMs } = check(rows, [[200, 100_000]])
  expect(worstHoleMs).toBe(7_000)
  expect(faults).toEqual([
    `presence: an was there for 7.0 s from ${new Date(T + 40_000).toISOString()} on, and is written down as away`,
  ])
})

it('names somebody of whom nothing is written down', () => {
  expect(check([], [[0, 100_000]]).faults).toEqual([
    'presence: an has 0 open connections, not 1',
    `presence: an was there for 100.0 s from ${new Date(T).toISOString()} on, and is written down as away`,
  ])
})

it('names a coming or a going that is told twice, whatever its event is called', () => {
  const came = row('joined', 'PA_1', 0)
  const left = row('left', 'PA_1', 60_000)
  expect(check([came, row('joined', 'PA_1', 0), left], [], nobody).faults).toEqual([
    'presence: an PA_1 came 2 times',
  ])
  expect(check([came, left, row('left', 'PA_1', 61_000)], [], nobody).faults).toEqual([
    'presence: an PA_1 left 2 times',
  ])
})

it('names a going without a coming, and a coming that was told as none', () => {
  expect(check([row('left', 'PA_1', 60_000)], [], nobody).faults).toEqual(['presence: an PA_1 came 0 times'])
  expect(check([row('joined', 'PA_1', 0), row('aborted', 'PA_1', 1_000)], [], nobody).faults).toEqual([
    'presence: an PA_1 was told as aborted, too',
  ])
  expect(check([row('aborted', 'PA_1', 1_000)], [], nobody).faults).toEqual([])
})

it('names whoever is written down as there and has gone, or is there under two connections', () => {
  const two = [row('joined', 'PA_1', 0), row('joined', 'PA_2', 50_000)]
  expect(check([two[0]!], [], nobody).faults).toEqual(['presence: an has 1 open connections, not 0'])
  expect(check(two, [[0, 100_000]]).faults).toEqual([
    'presence: an has 2 open connections, not 1',
    'presence: an is there twice for 50.0 s',
  ])
  // Closed later than the next one began: the seconds of a leave allow some, not this.
  expect(check([...two, row('left', 'PA_1', 52_000)], [[0, 100_000]]).faults).toEqual([])
  expect(check([...two, row('left', 'PA_1', 55_000)], [[0, 100_000]]).faults).toEqual([
    'presence: an is there twice for 5.0 s',
  ])
})

it('leaves out who does not attend, and the end of the room', () => {
  const recorder = { ...row('joined', 'PA_9', 0, 'EG_1'), attends: false }
  const rows = [row('joined', 'PA_1', 0), row('left', 'PA_1', 100_000), recorder]
  expect(check([...rows, row('room_finished', 'RM_1', 100_000, '')], [[0, 100_000]], nobody).faults).toEqual(
    [],
  )
})

it('judges each person apart', () => {
  const rows = [
    row('joined', 'PA_1', 0),
    row('joined', 'PA_2', 0, 'binh'),
    row('left', 'PA_2', 10_000, 'binh'),
  ]
  const stays = new Map([
    ['an', [{ from: T, to: T + 100_000 }]],
    ['binh', [{ from: T, to: T + 100_000 }]],
  ])
  const { faults } = check(rows, [], { stays, here: new Set(['an', 'binh']) })
  expect(faults).toHaveLength(2)
  expect(faults.every(fault => fault.includes('binh'))).toBe(true)
})
