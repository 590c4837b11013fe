import type { AttendanceReport } from '@diemcau/core/contracts/report.ts'
import { expect, it } from 'vitest'
import { checkHalls } from './attendance.ts'

const T = 1_800_000_000_000
type Row = AttendanceReport['endpoints'][number]
const row = (endpointId: string, totalMs: number, over: Partial<Row> = {}): Row => ({
  endpointId,
  hall: endpointId,
  unit: '',
  order: 1,
  firstIn: null,
  lastOut: null,
  present: false,
  intervals: [{ from: '', to: '' }],
  totalMs,
  late: false,
  state: totalMs > 0 ? 'left' : 'absent',
  people: [],
  ...over,
})
const hall = (name: string, ...stays: [number, number][]) => ({
  endpointId: name,
  name,
  stays: stays.map(([from, to]) => ({ from: T + from, to: T + to })),
})

it('agrees with rows that say what was, a short absence included', () => {
  const halls = [hall('a', [0, 60_000]), hall('b', [0, 20_000], [28_000, 60_000]), hall('c')]
  const rows = [row('a', 58_000), row('b', 61_000), row('c', 0)]
  expect(checkHalls(halls, rows)).toEqual({ halls: 3, right: 3, worstMs: 2_000, faults: [] })
})

it('names each hall whose row is wrong', () => {
  const halls = [
    hall('a', [0, 60_000]),
    hall('b', [0, 60_000]),
    hall('c'),
    hall('d', [0, 60_000]),
    hall('e', [0, 1_000]),
  ]
  const rows = [row('a', 30_000), row('b', 0), row('c', 5_000), row('d', 60_000, { state: 'present' })]
  expect(checkHalls(halls, rows)).toEqual({
    halls: 5,
    right: 0,
    worstMs: 30_000,
    faults: [
      'attendance: a was there for 60.0 s, and is written down with 30.0 s',
      'attendance: b was there, and is written down as absent',
      'attendance: c was not there, and is written down as left',
      'attendance: d has left, and is written down as present',
      'attendance: e was there, and is written down as absent',
    ],
  })
})
