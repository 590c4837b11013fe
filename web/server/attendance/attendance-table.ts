/** The report as rows of cells, the same for every format. Pure. */

import { formatEndpointName } from '@diemcau/core/contracts/participant.ts'
import type { AttendancePerson, AttendanceReport } from '@diemcau/core/contracts/report.ts'

export type Cell = string | number

export interface AttendanceTexts {
  header: string[]
  states: Record<string, string>
  late: string
}

const vi: AttendanceTexts = {
  header: [
    'STT',
    'Điểm cầu',
    'Người dự',
    'Vai trò',
    'Trạng thái',
    'Vào lần đầu',
    'Ra lần cuối',
    'Số phút',
    'Vào muộn',
    'Các lần có mặt',
  ],
  states: { present: 'Có mặt', left: 'Đã dự, đã rời', absent: 'Vắng' },
  late: 'Muộn',
}

/** `dd/MM/yyyy HH:mm:ss` in the meeting's time zone. */
export function localTime(iso: string | null, timeZone: string): string {
  if (iso === null) return ''
  return new Intl.DateTimeFormat('vi-VN', {
    timeZone,
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
    .format(new Date(iso))
    .replace(/^(\S+)\s+(\S+)$/, '$2 $1')
}

const minutes = (ms: number): number => Math.round(ms / 6000) / 10

export function attendanceRows(report: AttendanceReport, timeZone: string, texts = vi): Cell[][] {
  const measured = (p: Omit<AttendancePerson, 'identity' | 'name' | 'role'>): Cell[] => [
    localTime(p.firstIn, timeZone),
    localTime(p.lastOut, timeZone),
    minutes(p.totalMs),
    p.late ? texts.late : '',
    p.intervals
      .map(i => `${localTime(i.from, timeZone).slice(-8)}–${localTime(i.to, timeZone).slice(-8)}`)
      .join('; '),
  ]
  const person = (p: AttendancePerson): Cell[] => [
    '',
    formatEndpointName(p.hall, p.unit),
    p.name,
    p.role,
    texts.states[p.present ? 'present' : 'left'] ?? '',
    ...measured(p),
  ]
  const rows: Cell[][] = [texts.header]
  report.endpoints.forEach((endpoint, index) => {
    rows.push([
      index + 1,
      formatEndpointName(endpoint.hall, endpoint.unit),
      '',
      '',
      texts.states[endpoint.state] ?? '',
      ...measured(endpoint),
    ])
    rows.push(...endpoint.people.map(person))
  })
  rows.push(...report.others.map(person))
  return rows
}

/**
 * A text that a spreadsheet would read as a formula gets an apostrophe in front: a guest's name must not become a
 * command on the clerk's machine (CWE-1236).
 */
export const safeText = (text: string): string =>
  /^[=+\-@\t\r]/.test(text.trimStart()) || /^[\t\r]/.test(text) ? `'${text}` : text

/** RFC 4180 with a byte order mark, without which Excel takes the letters for another code page. */
export function toCsv(rows: readonly Cell[][]): string {
  const cell = (value: Cell): string =>
    typeof value === 'number' ? String(value) : `"${safeText(value).replaceAll('"', '""')}"`
  return `\ufeff${rows.map(row => row.map(cell).join(',')).join('\r\n')}\r\n`
}
