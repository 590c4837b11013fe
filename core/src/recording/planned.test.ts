import { describe, expect, it } from 'vitest'
import { beginsByItself, type RecordingPlan } from './planned.ts'

const minute = 60_000
const due: RecordingPlan = {
  now: 100 * minute,
  startsAt: 99 * minute,
  status: 'live',
  isWanted: true,
  present: 1,
  isCapturing: false,
  failures: { count: 0, lastAt: 0 },
}

describe('a recording by itself', () => {
  it('begins with the meeting, as soon as somebody is there', () => {
    expect(beginsByItself(due)).toBe(true)
    expect(beginsByItself({ ...due, now: due.startsAt })).toBe(true)
  })
  it.each([
    ['before the planned time', { now: due.startsAt - 1 }],
    ['before the meeting is live', { status: 'scheduled' }],
    ['after the end', { status: 'ended' }],
    ['when it was not planned, or was stopped', { isWanted: false }],
    ['for an empty room', { present: 0 }],
    ['beside another one', { isCapturing: true }],
  ])('does not begin %s', (_when, over) => {
    expect(beginsByItself({ ...due, ...over })).toBe(false)
  })
  it('is tried again after failures, ever more rarely, and at least every quarter of an hour', () => {
    const failed = (count: number, agoMs: number) =>
      beginsByItself({ ...due, failures: { count, lastAt: due.now - agoMs } })
    expect([failed(1, 29_000), failed(1, 30_000)]).toEqual([false, true])
    expect([failed(3, 119_000), failed(3, 120_000)]).toEqual([false, true])
    expect([failed(50, 14 * minute), failed(50, 15 * minute)]).toEqual([false, true])
  })
})
