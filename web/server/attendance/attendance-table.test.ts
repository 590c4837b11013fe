import { describe, expect, it } from 'vitest'
import { fixtureReport, zone } from './attendance-fixture.ts'
import { attendanceRows, attendanceTexts, intervalsText, plainCell } from './attendance-table.ts'

describe('attendance table', () => {
  it('has a row per endpoint and one per person, each cell of its type', () => {
    const { header, rows } = attendanceRows(fixtureReport, zone, attendanceTexts('vi'))
    expect(header).toHaveLength(10)
    expect(rows.map(row => row.length)).toEqual([10, 10, 10])
    expect(rows[0]!.slice(0, 2)).toEqual([
      { kind: 'number', value: 1 },
      { kind: 'text', text: 'Hội trường A – UBND xã Tân Cương' },
    ])
    expect(rows[1]!.slice(2, 8)).toEqual([
      { kind: 'text', text: '=HYPERLINK("http://x")' },
      { kind: 'text', text: 'Đại biểu' },
      { kind: 'text', text: 'Có mặt' },
      { kind: 'time', at: Date.parse('2026-11-23T16:30:00.000Z') },
      { kind: 'time', at: null },
      { kind: 'duration', ms: 26 * 3_600_000 + 61_000 },
    ])
  })
  it('speaks the reader’s language', () => {
    const { header, rows } = attendanceRows(fixtureReport, zone, attendanceTexts('en'))
    expect(header[3]).toBe('Role')
    expect(rows[1]![3]).toEqual({ kind: 'text', text: 'Delegate' })
    expect(attendanceTexts('xx').file).toBe(attendanceTexts('vi').file)
  })
  it('is plain where there are no types', () => {
    const { rows } = attendanceRows(fixtureReport, zone, attendanceTexts('vi'))
    const plain = rows[1]!.map(cell => plainCell(cell, zone))
    expect(plain.slice(5, 9)).toEqual(['2026-11-23 23:30:00', '', '26:01:01', 'Muộn'])
    expect(plainCell({ kind: 'time', at: Date.parse('2026-11-23T17:00:00.000Z') }, zone)).toBe(
      '2026-11-24 00:00:00',
    )
    expect(plainCell(rows[0]![0]!, zone)).toBe(1)
  })
  it('shows the day wherever it is another one', () => {
    const [person] = fixtureReport.endpoints[0]!.people
    expect(intervalsText(person!.intervals, fixtureReport.startsAt, zone)).toBe(
      '23:30:00 – 24/11/2026 00:45:00; 01:00:00 – …',
    )
    const nextDay = [{ from: '2026-11-24T01:00:00.000Z', to: '2026-11-24T02:00:00.000Z' }]
    expect(intervalsText(nextDay, fixtureReport.startsAt, zone)).toBe('24/11/2026 08:00:00 – 09:00:00')
  })
})
