import writeXlsxFile from 'write-excel-file/node'
import { localDate } from '../meetings/local-day.ts'
import { getRuntime } from '../runtime.ts'
import { toCsv } from '../spreadsheet/csv.ts'
import { localTime, wallClock } from '../spreadsheet/wall-clock.ts'
import type { Actor } from '../types.ts'
import { readTalk } from './read-talk.ts'
import { type TalkRow, talkHeader, talkRows } from './talk-table.ts'

/** Questions and chat as a file; the export leaves an audit row of its own. */
export async function exportTalk(
  actor: Actor,
  meetingId: string,
  format: 'xlsx' | 'csv',
): Promise<{ filename: string; contentType: string; body: Uint8Array }> {
  const talk = await readTalk(actor, meetingId, 'talk.exported')
  const { timeZone } = getRuntime().config
  const rows = talkRows(talk)
  const filename = `Câu hỏi và tin nhắn ${talk.title} ${localDate(new Date(talk.startsAt), timeZone)}.${format}`
  if (format === 'csv') {
    const cells = rows.map((row, index) => [
      index + 1,
      row.kind,
      localTime(row.at.getTime(), timeZone),
      row.name,
      row.text,
      row.state,
    ])
    const body = new TextEncoder().encode(toCsv([talkHeader, ...cells]))
    return { filename, contentType: 'text/csv; charset=utf-8', body }
  }
  return {
    filename,
    contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    body: new Uint8Array(await toXlsx(rows, timeZone)),
  }
}

const widths = [6, 12, 20, 36, 90, 16]

async function toXlsx(rows: readonly TalkRow[], timeZone: string): Promise<Buffer> {
  const text = (value: string) => ({ value, type: String, format: '@', wrap: true })
  const data = [
    talkHeader.map(value => ({ value, type: String, fontWeight: 'bold' as const })),
    ...rows.map((row, index) => [
      { value: index + 1, type: Number },
      text(row.kind),
      { value: wallClock(row.at.getTime(), timeZone), type: Date, format: 'dd/mm/yyyy hh:mm:ss' },
      text(row.name),
      text(row.text),
      text(row.state),
    ]),
  ]
  return await writeXlsxFile(data, {
    columns: widths.map(width => ({ width })),
    sheet: 'Câu hỏi và tin nhắn',
    stickyRowsCount: 1,
  }).toBuffer()
}
