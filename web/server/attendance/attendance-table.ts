/** The report as a table of typed cells, the same for every format. Pure. */
import { formatEndpointName } from '@diemcau/core/contracts/participant.ts'
import type {
  AttendanceInterval,
  AttendancePerson,
  AttendanceReport,
} from '@diemcau/core/contracts/report.ts'
import enFile from '../../messages/en/attendance-file.json' with { type: 'json' }
import enRoom from '../../messages/en/room.json' with { type: 'json' }
import viFile from '../../messages/vi/attendance-file.json' with { type: 'json' }
import viRoom from '../../messages/vi/room.json' with { type: 'json' }
import { localTime } from '../spreadsheet/wall-clock.ts'

export type Cell =
  | { kind: 'text'; text: string }
  | { kind: 'number'; value: number }
  /** A moment, milliseconds since the epoch; null: an empty cell. */
  | { kind: 'time'; at: number | null }
  | { kind: 'duration'; ms: number }

export interface AttendanceTexts {
  file: typeof viFile
  roles: Record<string, string>
}

/** The words of the reader's language; Vietnamese where there is none. */
export const attendanceTexts = (locale: string): AttendanceTexts =>
  locale === 'en' ? { file: enFile, roles: enRoom.role } : { file: viFile, roles: viRoom.role }

const text = (value: string): Cell => ({ kind: 'text', text: value })
const time = (iso: string | null): Cell => ({ kind: 'time', at: iso === null ? null : Date.parse(iso) })

/** The times somebody was there. The day stands wherever it is another one than what was written before it. */
export function intervalsText(
  intervals: readonly AttendanceInterval[],
  startsAt: string,
  timeZone: string,
): string {
  let day = localTime(Date.parse(startsAt), timeZone).slice(0, 10)
  const moment = (iso: string): string => {
    const [date = '', clock = ''] = localTime(Date.parse(iso), timeZone).split(' ')
    if (date === day) return clock
    day = date
    return `${date.split('-').reverse().join('/')} ${clock}`
  }
  return intervals.map(({ from, to }) => `${moment(from)} – ${to === null ? '…' : moment(to)}`).join('; ')
}

/** A row for each endpoint and each person, in the order of the report, below one row of headings. */
export function attendanceRows(
  report: AttendanceReport,
  timeZone: string,
  texts: AttendanceTexts,
): { header: string[]; rows: Cell[][] } {
  const { file, roles } = texts
  const measured = (p: Omit<AttendancePerson, 'identity' | 'name' | 'role'>): Cell[] => [
    time(p.firstIn),
    time(p.lastOut),
    { kind: 'duration', ms: p.totalMs },
    text(p.late ? file.late : ''),
    text(intervalsText(p.intervals, report.startsAt, timeZone)),
  ]
  const person = (p: AttendancePerson): Cell[] => [
    text(''),
    text(formatEndpointName(p.hall, p.unit)),
    text(p.name),
    text(roles[p.role] ?? p.role),
    text(file.state[p.present ? 'present' : 'left']),
    ...measured(p),
  ]
  const rows: Cell[][] = []
  report.endpoints.forEach((endpoint, index) => {
    rows.push([
      { kind: 'number', value: index + 1 },
      text(formatEndpointName(endpoint.hall, endpoint.unit)),
      text(''),
      text(''),
      text(file.state[endpoint.state]),
      ...measured(endpoint),
    ])
    rows.push(...endpoint.people.map(person))
  })
  rows.push(...report.others.map(person))
  const {
    number,
    endpoint,
    person: who,
    role,
    state,
    firstIn,
    lastOut,
    duration,
    late,
    intervals,
  } = file.header
  return { header: [number, endpoint, who, role, state, firstIn, lastOut, duration, late, intervals], rows }
}

/** The totals under the table: what is counted, and how many. */
export function totalsOf(report: AttendanceReport, { file }: AttendanceTexts): [string, number][] {
  const { planned, present, absent, late, people } = report.totals
  return [
    [file.total.planned, planned],
    [report.live ? file.total.present : file.total.attended, present],
    [file.total.absent, absent],
    [file.total.late, late],
    [file.total.people, people],
  ]
}

/** `1:05:09`, hours without an end. */
function clockOf(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}

/** A cell where there are no types: times as ISO 8601 in local time, which spreadsheets know in every language. */
export function plainCell(cell: Cell, timeZone: string): string | number {
  switch (cell.kind) {
    case 'text':
      return cell.text
    case 'number':
      return cell.value
    case 'time':
      return cell.at === null ? '' : localTime(cell.at, timeZone)
    case 'duration':
      return clockOf(cell.ms)
  }
}
