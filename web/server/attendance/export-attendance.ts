import writeXlsxFile from 'write-excel-file/node'
import { localDate } from '../meetings/local-day.ts'
import { getRuntime } from '../runtime.ts'
import type { Actor } from '../types.ts'
import { attendanceRows, type Cell, safeText, toCsv } from './attendance-table.ts'
import { readAttendance } from './get-attendance.ts'

export interface ExportedFile {
  filename: string
  contentType: string
  body: Uint8Array
}

/** The report as a file; the export leaves an audit row of its own. */
export async function exportAttendance(
  actor: Actor,
  meetingId: string,
  format: 'xlsx' | 'csv',
): Promise<ExportedFile> {
  const report = await readAttendance(actor, meetingId, 'attendance.exported')
  const { timeZone } = getRuntime().config
  const rows = attendanceRows(report, timeZone)
  const filename = `Điểm danh ${report.title} ${localDate(new Date(report.startsAt), timeZone)}.${format}`
  if (format === 'csv')
    return { filename, contentType: 'text/csv; charset=utf-8', body: new TextEncoder().encode(toCsv(rows)) }
  return {
    filename,
    contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    body: new Uint8Array(await toXlsx(rows)),
  }
}

const widths = [6, 44, 30, 12, 16, 20, 20, 10, 10, 40]

/** Cells are typed as text or number, never as formula; `safeText` guards the next export to CSV all the same. */
async function toXlsx(rows: readonly Cell[][]): Promise<Buffer> {
  const data = rows.map((row, index) =>
    row.map(value => ({
      value: typeof value === 'number' ? value : safeText(value),
      type: typeof value === 'number' ? Number : String,
      ...(index === 0 ? { fontWeight: 'bold' as const } : {}),
    })),
  )
  return await writeXlsxFile(data, {
    columns: widths.map(width => ({ width })),
    sheet: 'Điểm danh',
    stickyRowsCount: 1,
  }).toBuffer()
}
