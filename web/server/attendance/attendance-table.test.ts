import type { AttendanceReport } from '@diemcau/core/contracts/report.ts'
import { describe, expect, it } from 'vitest'
import { attendanceRows, localTime, safeText, toCsv } from './attendance-table.ts'

const zone = 'Asia/Ho_Chi_Minh'
const interval = { from: '2026-11-23T00:30:00.000Z', to: '2026-11-23T01:00:00.000Z' }
const report: AttendanceReport = {
  meetingId: 'MT_1',
  title: 'Giao ban',
  startsAt: interval.from,
  endsAt: interval.to,
  generatedAt: interval.to,
  live: false,
  endpoints: [
    {
      endpointId: 'EP_1',
      order: 1,
      hall: 'Hội trường A',
      unit: 'UBND xã Tân Cương',
      state: 'left',
      firstIn: interval.from,
      lastOut: interval.to,
      present: false,
      intervals: [interval],
      totalMs: 1_800_000,
      late: true,
      people: [
        {
          identity: 'user:1',
          name: '=HYPERLINK("http://x")',
          role: 'delegate',
          hall: 'Hội trường A',
          unit: 'UBND xã Tân Cương',
          firstIn: interval.from,
          lastOut: interval.to,
          present: false,
          intervals: [interval],
          totalMs: 1_800_000,
          late: true,
        },
      ],
    },
  ],
  others: [],
  totals: { planned: 1, present: 1, absent: 0, late: 1, people: 1 },
}

describe('attendance table', () => {
  it('has a row per endpoint and one per person, in local time', () => {
    const rows = attendanceRows(report, zone)
    expect(rows).toHaveLength(3)
    expect(rows[1]!.slice(0, 2)).toEqual([1, 'Hội trường A – UBND xã Tân Cương'])
    expect(rows[1]!.slice(4)).toEqual([
      'Đã dự, đã rời',
      '23/11/2026 07:30:00',
      '23/11/2026 08:00:00',
      30,
      'Muộn',
      '07:30:00–08:00:00',
    ])
    expect(localTime(null, zone)).toBe('')
  })
  it('writes CSV that Excel reads: byte order mark, quotes doubled, formulas disarmed', () => {
    const csv = toCsv(attendanceRows(report, zone))
    expect(csv.startsWith('\ufeff"STT"')).toBe(true)
    expect(csv).toContain(`"'=HYPERLINK(""http://x"")"`)
    expect(csv.endsWith('\r\n')).toBe(true)
  })
  it.each(['=1+1', '+84', '-2', '@SUM(A1)', '\t=1', '  =1', '\r=1'])('disarms %j', text => {
    expect(safeText(text)).toBe(`'${text}`)
  })
  it('leaves ordinary text alone', () => {
    for (const text of ['Nguyễn Văn A', 'a=b', '', '1-2']) expect(safeText(text)).toBe(text)
  })
})
