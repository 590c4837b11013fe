import { meetingInput } from '@diemcau/core/contracts/meeting.ts'
import { describe, expect, it } from 'vitest'
import { emptyDraft, moveStart, readDraft } from './draft.ts'

const zone = 'Asia/Ho_Chi_Minh'
const now = new Date('2026-11-22T06:40:00Z') // 13:40 in Việt Nam
const draft = { ...emptyDraft(now, zone), title: 'Giao ban tháng 11', chairId: 'u1' }

describe('a new draft', () => {
  it('starts on a full hour soon and lasts two hours', () => {
    expect(draft.start).toEqual({ date: '22/11/2026', time: '15:00' })
    expect(draft.end).toEqual({ date: '22/11/2026', time: '17:00' })
  })
})

describe('moveStart', () => {
  it('keeps the length, across midnight too', () => {
    const moved = moveStart(draft, { date: '30/11/2026', time: '23:00' }, zone, now)
    expect(moved.end).toEqual({ date: '01/12/2026', time: '01:00' })
  })
  it('leaves the end alone while the start is half typed', () => {
    expect(moveStart(draft, { date: '30/1', time: '' }, zone, now).end).toEqual(draft.end)
  })
})

describe('readDraft', () => {
  it('gives what the contract accepts', () => {
    const read = readDraft({ ...draft, emails: '"Trần, A" <A@xa.vn>; b@xa.vn' }, zone, now)
    expect(read.input?.startsAt).toBe('2026-11-22T08:00:00.000Z')
    expect(read.input?.emails).toEqual(['"Trần, A" <a@xa.vn>', 'b@xa.vn'])
    expect(meetingInput.safeParse(read.input).success).toBe(true)
  })
  it('names every fault at once', () => {
    const read = readDraft(
      { ...draft, title: 'H', chairId: '', end: { date: '22/11/2026', time: '14:00' }, emails: 'không phải' },
      zone,
      now,
    )
    expect(read.faults).toEqual({
      title: 'title_short',
      endsAt: 'ends_before_start',
      chairId: 'chair_missing',
      emails: 'email_wrong',
    })
  })
})
