import { describe, expect, it } from 'vitest'
import { dateText, instantOf, parseDate, parseTime, toIso, toTyped, wallTime, weekday } from './zoned-time.ts'

const VN = 'Asia/Ho_Chi_Minh'
const now = new Date('2026-11-22T10:00:00Z')

describe('parseDate', () => {
  it.each([
    ['22/11/2026', '22/11/2026'],
    ['2-3-26', '02/03/2026'],
    ['5.12', '05/12/2026'],
    ['22112026', '22/11/2026'],
  ])('reads %s', (text, expected) => {
    const day = parseDate(text, { year: 2026 })
    expect(day && dateText(day)).toBe(expected)
  })
  it.each(['31/02/2026', '11/22/2026', 'mai', '', '2026-11-22'])('refuses %s', text => {
    expect(parseDate(text, { year: 2026 })).toBeNull()
  })
})

describe('parseTime', () => {
  it.each([
    ['14:30', 14, 30],
    ['14h30', 14, 30],
    ['8h', 8, 0],
    ['0905', 9, 5],
    ['9', 9, 0],
  ])('reads %s', (text, hour, minute) => expect(parseTime(text)).toEqual({ hour, minute }))
  it.each(['24:00', '12:60', 'sáng', ''])('refuses %s', text => expect(parseTime(text)).toBeNull())
})

describe('zoned time', () => {
  it('turns what is typed in Việt Nam into UTC and back', () => {
    expect(toIso({ date: '23/11/2026', time: '6h30' }, VN, now)).toBe('2026-11-22T23:30:00.000Z')
    expect(toTyped('2026-11-22T23:30:00.000Z', VN)).toEqual({ date: '23/11/2026', time: '06:30' })
  })
  it('gives null while either half cannot be read', () => {
    expect(toIso({ date: '23/11/2026', time: '' }, VN, now)).toBeNull()
    expect(toIso({ date: '30/02', time: '10:00' }, VN, now)).toBeNull()
  })
  it('survives clock changes of other zones', () => {
    const wall = { year: 2026, month: 3, day: 29, hour: 12, minute: 0 }
    expect(wallTime(instantOf(wall, 'Europe/Paris'), 'Europe/Paris')).toEqual(wall)
  })
  it('knows Sunday, 22 November 2026', () => {
    expect(weekday({ year: 2026, month: 11, day: 22 })).toBe(6)
  })
})
