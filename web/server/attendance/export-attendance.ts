import { localDate } from '../meetings/local-day.ts'
import { getRuntime } from '../runtime.ts'
import { toCsv } from '../spreadsheet/csv.ts'
import type { Actor } from '../types.ts'
import { attendanceRows, attendanceTexts, plainCell } from './attendance-table.ts'
import { type SheetFacts, toXlsx } from './attendance-xlsx.ts'
import { readAttendance } from './get-attendance.ts'

export interface ExportedFile {
  filename: string
  contentType: string
  body: Uint8Array
}

/** The report as a file in the reader's language; the export leaves an audit row of its own. */
export async function exportAttendance(
  actor: Actor,
  meetingId: string,
  format: 'xlsx' | 'csv',
  locale: string,
): Promise<ExportedFile> {
  const report = await readAttendance(actor, meetingId, 'attendance.exported')
  const { timeZone } = getRuntime().config
  const texts = attendanceTexts(locale)
  const filename = `${texts.file.filename} ${report.title} ${localDate(new Date(report.startsAt), timeZone)}.${format}`
  if (format === 'csv') {
    const { header, rows } = attendanceRows(report, timeZone, texts)
    return {
      filename,
      contentType: 'text/csv; charset=utf-8',
      body: new TextEncoder().encode(
        toCsv([header, ...rows.map(row => row.map(cell => plainCell(cell, timeZone)))]),
      ),
    }
  }
  const facts = await readSheetFacts(actor, meetingId)
  return {
    filename,
    contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    body: new Uint8Array(await toXlsx(report, facts, timeZone, texts)),
  }
}

/** The unit and the main place are those of whoever chairs. */
async function readSheetFacts(actor: Actor, meetingId: string): Promise<SheetFacts> {
  const { db } = getRuntime()
  const meeting = await db.meeting.findUniqueOrThrow({
    where: { id: meetingId },
    select: { chairId: true, secretaryId: true },
  })
  const people = await db.user.findMany({
    where: { id: { in: [meeting.chairId, meeting.secretaryId].filter(id => id !== null) } },
    include: { unit: true, hall: { include: { unit: true } } },
  })
  const chair = people.find(({ id }) => id === meeting.chairId)
  return {
    unit: chair?.unit?.name ?? chair?.hall?.unit.name ?? '',
    mainPlace: chair?.hall?.name ?? '',
    chair: chair?.name ?? '',
    secretary: people.find(({ id }) => id === meeting.secretaryId)?.name ?? '',
    preparedBy: actor.name,
  }
}
