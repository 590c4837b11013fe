import { describe, expect, it } from 'vitest'
import { startOfLocalDay } from './local-day.ts'

const day = (at: string, zone: string): string => new Date(startOfLocalDay(new Date(at), zone)).toISOString()

describe('start of the local day', () => {
  it('is 17:00 UTC of the day before in Vietnam', () => {
    expect(day('2026-11-23T07:00:00Z', 'Asia/Ho_Chi_Minh')).toBe('2026-11-22T17:00:00.000Z')
    expect(day('2026-11-22T16:59:59Z', 'Asia/Ho_Chi_Minh')).toBe('2026-11-21T17:00:00.000Z')
    expect(day('2026-11-22T17:00:00Z', 'Asia/Ho_Chi_Minh')).toBe('2026-11-22T17:00:00.000Z')
  })
  it('uses the offset that held at midnight when clocks change during the day', () => {
    expect(day('2026-03-29T12:00:00Z', 'Europe/Berlin')).toBe('2026-03-28T23:00:00.000Z')
    expect(day('2026-10-25T12:00:00Z', 'Europe/Berlin')).toBe('2026-10-24T22:00:00.000Z')
  })
})
