import { describe, expect, it } from 'vitest'
import { computeReport, type PresenceRow, type ReportInput } from './compute-report.ts'
import { mergeIntervals } from './merge-intervals.ts'

const start = Date.parse('2026-11-23T07:00:00.000Z')
const minute = 60_000
const at = (minutes: number): number => start + minutes * minute
const iso = (minutes: number): string => new Date(at(minutes)).toISOString()
let serial = 0
const row = (
  kind: PresenceRow['kind'],
  identity: string,
  participantId: string,
  minutes: number,
  joinedAt: number | null = null,
): PresenceRow => ({
  eventId: `EV_${serial++}`,
  kind,
  identity,
  participantId,
  at: at(minutes),
  joinedAt,
  attends: true,
})

const person = (identity: string, endpointId: string | null, name = identity) => ({
  identity,
  name,
  role: 'delegate',
  hall: 'Hội trường',
  unit: 'UBND',
  endpointId,
})

function report(over: Partial<ReportInput> = {}) {
  return computeReport({
    meeting: { id: 'MT_1', title: 'Họp', startsAt: start, endsAt: at(60), live: true, endedAt: null },
    endpoints: [
      { id: 'EP_2', hall: 'Xã Tân Cương', unit: 'UBND xã', order: 2 },
      { id: 'EP_1', hall: 'Phường Phan Đình Phùng', unit: 'UBND phường', order: 1 },
    ],
    people: [person('user:a', 'EP_1'), person('user:b', 'EP_2'), person('user:c', 'EP_1')],
    rows: [],
    now: at(30),
    ...over,
  })
}
const shuffle = <T>(list: readonly T[], seed: number): T[] =>
  [...list].sort((a, b) => Math.sin(seed * (list.indexOf(a) + 1)) - Math.sin(seed * (list.indexOf(b) + 1)))

describe('merging intervals', () => {
  it('joins overlapping and touching spans and keeps an open one open', () => {
    expect(
      mergeIntervals([
        { from: 5, to: 9 },
        { from: 0, to: 3 },
        { from: 3, to: 4 },
        { from: 8, to: null },
        { from: 20, to: 30 },
      ]),
    ).toEqual([
      { from: 0, to: 4 },
      { from: 5, to: null },
    ])
  })
  it('bridges gaps up to the given length only', () => {
    const spans = [
      { from: 0, to: 10 },
      { from: 15, to: 20 },
    ]
    expect(mergeIntervals(spans, 5)).toEqual([{ from: 0, to: 20 }])
    expect(mergeIntervals(spans, 4)).toHaveLength(2)
    expect(spans[0]).toEqual({ from: 0, to: 10 })
  })
})

describe('attendance report', () => {
  it('shows every planned endpoint in protocol order, absent until somebody came', () => {
    const r = report()
    expect(r.endpoints.map(e => [e.endpointId, e.state])).toEqual([
      ['EP_1', 'absent'],
      ['EP_2', 'absent'],
    ])
    expect(r.totals).toEqual({ planned: 2, present: 0, absent: 2, late: 0, people: 0 })
  })
  it('counts a stay from join to leave', () => {
    const r = report({ rows: [row('joined', 'user:a', 'PA_1', -5), row('left', 'user:a', 'PA_1', 20)] })
    const [endpoint] = r.endpoints
    expect(endpoint).toMatchObject({
      firstIn: iso(-5),
      lastOut: iso(20),
      totalMs: 25 * minute,
      present: false,
      late: false,
      state: 'left',
    })
    expect(endpoint!.people[0]!.intervals).toEqual([{ from: iso(-5), to: iso(20) }])
  })
  it('keeps an open stay open and counts it up to now', () => {
    const r = report({ rows: [row('joined', 'user:b', 'PA_1', 10)] })
    expect(r.endpoints[1]).toMatchObject({
      present: true,
      lastOut: null,
      totalMs: 20 * minute,
      state: 'present',
    })
    expect(r.totals).toMatchObject({ present: 1, absent: 1, people: 1 })
  })
  it('is late only after the grace', () => {
    expect(report({ rows: [row('joined', 'user:a', 'PA_1', 5)] }).endpoints[0]!.late).toBe(false)
    expect(report({ rows: [row('joined', 'user:a', 'PA_1', 5.01)] }).totals.late).toBe(1)
    expect(report({ rows: [row('joined', 'user:a', 'PA_1', 3)], lateGraceMs: minute }).totals.late).toBe(1)
  })
  it('merges a quick reconnect and keeps a real absence apart', () => {
    const rows = [
      row('joined', 'user:a', 'PA_1', 0),
      row('left', 'user:a', 'PA_1', 5),
      row('joined', 'user:a', 'PA_2', 5.3),
      row('left', 'user:a', 'PA_2', 10),
      row('joined', 'user:a', 'PA_3', 15),
      row('left', 'user:a', 'PA_3', 20),
    ]
    const person = report({ rows }).endpoints[0]!.people[0]!
    expect(person.intervals).toEqual([
      { from: iso(0), to: iso(10) },
      { from: iso(15), to: iso(20) },
    ])
    expect(person.totalMs).toBe(15 * minute)
  })
  it('gives the same report for any order of the rows and with every row doubled', () => {
    const rows = [
      row('joined', 'user:a', 'PA_1', 0),
      row('joined', 'user:b', 'PA_2', 1),
      row('left', 'user:a', 'PA_1', 5),
      row('joined', 'user:a', 'PA_3', 9),
      row('left', 'user:b', 'PA_2', 12),
      row('joined', 'user:c', 'PA_4', 13),
    ]
    const expected = report({ rows })
    for (let seed = 1; seed <= 20; seed++)
      expect(report({ rows: shuffle([...rows, ...rows], seed) })).toEqual(expected)
  })
  it('does not end the new connection when the old one is reported gone late', () => {
    const rows = [
      row('joined', 'user:a', 'PA_1', 0),
      row('joined', 'user:a', 'PA_2', 5),
      row('left', 'user:a', 'PA_1', 6),
    ]
    expect(report({ rows }).endpoints[0]).toMatchObject({ present: true, totalMs: 30 * minute })
  })
  it('uses the join time told by the leave when the join itself was lost', () => {
    const rows = [row('left', 'user:a', 'PA_1', 20, at(4))]
    expect(report({ rows }).endpoints[0]).toMatchObject({ firstIn: iso(4), totalMs: 16 * minute })
    expect(report({ rows: [row('left', 'user:a', 'PA_1', 20)] }).endpoints[0]!.state).toBe('absent')
  })
  it('takes a hall that only ever tries to connect for absent', () => {
    const rows = [1, 3, 5, 7].map(m => row('aborted', 'user:a', `PA_${m}`, m + 1, at(m)))
    const r = report({ rows })
    expect(r.endpoints[0]).toMatchObject({ state: 'absent', firstIn: null, totalMs: 0, people: [] })
    expect(r.totals).toMatchObject({ present: 0, absent: 2, people: 0 })
    // When it connects at last, it counts from then on.
    const late = report({ rows: [...rows, row('joined', 'user:a', 'PA_9', 9)] })
    expect(late.endpoints[0]).toMatchObject({ firstIn: iso(9), late: true, present: true })
  })
  it('ends a connection that had begun also by an abort', () => {
    const rows = [row('joined', 'user:a', 'PA_1', 0), row('aborted', 'user:a', 'PA_1', 4, at(0))]
    expect(report({ rows }).endpoints[0]).toMatchObject({ present: false, totalMs: 4 * minute })
  })
  it('takes a leave in the same second as its join as no time', () => {
    const rows = [
      { ...row('joined', 'user:a', 'PA_1', 0), at: start + 900, joinedAt: start + 900 },
      row('left', 'user:a', 'PA_1', 0),
    ]
    expect(report({ rows }).endpoints[0]).toMatchObject({ totalMs: 0, state: 'left' })
  })
  it('closes what is open when the room finished, and not what came after', () => {
    const rows = [
      row('joined', 'user:a', 'PA_1', 0),
      row('room_finished', '', 'RM_1', 10),
      row('joined', 'user:b', 'PA_2', 12),
    ]
    const r = report({ rows })
    expect(r.endpoints[0]).toMatchObject({ present: false, totalMs: 10 * minute })
    expect(r.endpoints[1]).toMatchObject({ present: true })
  })
  it('ends open stays with the meeting', () => {
    const r = report({
      meeting: { id: 'MT_1', title: 'Họp', startsAt: start, endsAt: at(60), live: false, endedAt: at(40) },
      rows: [row('joined', 'user:a', 'PA_1', 0)],
      now: at(500),
    })
    expect(r.endpoints[0]).toMatchObject({ present: false, lastOut: iso(40), totalMs: 40 * minute })
    expect(r.totals.present).toBe(1)
  })
  it('counts two people of one endpoint once in its time', () => {
    const rows = [
      row('joined', 'user:a', 'PA_1', 0),
      row('left', 'user:a', 'PA_1', 10),
      row('joined', 'user:c', 'PA_2', 5),
      row('left', 'user:c', 'PA_2', 20),
    ]
    const endpoint = report({ rows }).endpoints[0]!
    expect(endpoint.totalMs).toBe(20 * minute)
    expect(endpoint.people.map(p => p.totalMs)).toEqual([10 * minute, 15 * minute])
  })
  it('lists people without a planned endpoint apart, unknown ones by identity, and nobody who does not attend', () => {
    const rows = [
      row('joined', 'guest:x', 'PA_1', 0),
      row('joined', 'user:d', 'PA_2', 1),
      { ...row('joined', 'camera', 'PA_3', 1), attends: false },
    ]
    const r = report({ rows, people: [person('user:d', 'EP_gone', 'Nguyễn Văn D')] })
    expect(r.others.map(p => p.name)).toEqual(['guest:x', 'Nguyễn Văn D'])
    expect(r.totals.people).toBe(2)
  })
})
