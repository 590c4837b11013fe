import { createTranslator } from 'next-intl'
import { describe, expect, it } from 'vitest'
import en from '../../messages/en/common.json' with { type: 'json' }
import vi from '../../messages/vi/common.json' with { type: 'json' }
import { createFormats, type TimeTexts } from './formats.ts'

const zone = 'Asia/Ho_Chi_Minh'
// 23:30 on 22 November in Việt Nam: near midnight, where UTC would give the wrong day.
const now = new Date('2026-11-22T16:30:00Z')
const translator = (locale: string, common: typeof vi): TimeTexts => {
  const t = createTranslator({ locale, messages: { common }, namespace: 'common.time' })
  return (key, values) => t(key as never, values as never)
}
const viFormats = createFormats('vi', zone, now, translator('vi', vi))
const enFormats = createFormats('en', zone, now, translator('en', en))

describe('durations', () => {
  it.each([
    [80 * 60_000, '1 giờ 20 phút'],
    [120 * 60_000, '2 giờ'],
    [119.6 * 60_000, '2 giờ'],
    [45_000, '45 giây'],
    [5 * 60_000, '5 phút'],
    [0, '0 giây'],
  ])('%i ms reads %s', (ms, text) => expect(viFormats.duration(ms)).toBe(text))
  it('counts in English', () => expect(enFormats.duration(61 * 60_000)).toBe('1 hour 1 minute'))
})

describe('days and times', () => {
  it('speaks of today and tomorrow by the clock of Việt Nam', () => {
    expect(viFormats.dayTime('2026-11-22T07:00:00Z')).toBe('Hôm nay 14:00')
    expect(viFormats.dayTime('2026-11-22T17:00:00Z')).toBe('Ngày mai 00:00')
    expect(viFormats.inSentence('2026-11-22T07:00:00Z')).toBe('hôm nay 14:00')
    expect(viFormats.dayTime('2026-11-24T07:00:00Z')).toBe('Thứ Ba 24/11/2026 14:00')
  })
  it('names the second day of a range only when it differs', () => {
    expect(viFormats.range('2026-11-22T07:00:00Z', '2026-11-22T09:00:00Z')).toBe('Hôm nay 14:00 – 16:00')
    expect(viFormats.range('2026-11-22T16:00:00Z', '2026-11-22T18:00:00Z')).toBe(
      'Hôm nay 23:00 – Ngày mai 01:00',
    )
  })
})

describe('numbers', () => {
  it('writes thousands with a dot and decimals with a comma in Vietnamese', () => {
    expect(viFormats.number(12345)).toBe('12.345')
    expect(viFormats.bytes(1_240_000_000)).toBe('1,2 GB')
    expect(enFormats.bytes(1_240_000_000)).toBe('1.2 GB')
  })
  it('writes player times', () => {
    expect(viFormats.clock(4_805_000)).toBe('1:20:05')
    expect(viFormats.clock(65_000)).toBe('1:05')
  })
})
