/** A report with what goes wrong easily: a night across midnight, names like formulas, an open stay. For tests. */
import type { AttendancePerson, AttendanceReport } from '@diemcau/core/contracts/report.ts'

export const zone = 'Asia/Ho_Chi_Minh'
/** 23:30 on 23 November in Hà Nội until 00:45 of the next day, and from 01:00 on. */
const night = { from: '2026-11-23T16:30:00.000Z', to: '2026-11-23T17:45:00.500Z' }
const open = { from: '2026-11-23T18:00:00.000Z', to: null }

const stay: Omit<AttendancePerson, 'identity' | 'name' | 'role'> = {
  hall: 'Hội trường A',
  unit: 'UBND xã Tân Cương',
  firstIn: night.from,
  lastOut: null,
  present: true,
  intervals: [night, open],
  totalMs: 26 * 3_600_000 + 61_000,
  late: true,
}

export const fixtureReport: AttendanceReport = {
  meetingId: 'MT_1',
  title: '=1+1 Giao ban',
  startsAt: '2026-11-23T16:00:00.000Z',
  endsAt: '2026-11-23T19:00:00.000Z',
  generatedAt: '2026-11-23T18:30:00.000Z',
  live: true,
  endpoints: [
    {
      ...stay,
      endpointId: 'EP_1',
      order: 1,
      state: 'present',
      people: [{ ...stay, identity: 'user:1', name: '=HYPERLINK("http://x")', role: 'delegate' }],
    },
    {
      ...stay,
      endpointId: 'EP_2',
      order: 2,
      hall: '＝SUM(A1)',
      unit: '',
      state: 'absent',
      firstIn: null,
      present: false,
      intervals: [],
      totalMs: 0,
      late: false,
      people: [],
    },
  ],
  others: [],
  totals: { planned: 2, present: 1, absent: 1, late: 1, people: 1 },
}
