/**
 * The report as an Excel file that can be printed and signed as it is: heads, title and signature block stand as in
 * administrative documents (Nghị định 30/2020/NĐ-CP, appendix I), on A4 landscape with the headings on each page.
 */
import type { Blob } from 'node:buffer'
import type Stream from 'node:stream'
import type { AttendanceReport } from '@diemcau/core/contracts/report.ts'
import writeXlsxFile, { type CellObject, type Feature, type SheetData } from 'write-excel-file/node'
import {
  findElement,
  getOrderOfSiblings,
  insertElementMarkupAccordingToOrderOfSiblings,
  replaceElement,
  sanitizeTextContent,
} from 'write-excel-file/utility'
import { wallClock } from '../spreadsheet/wall-clock.ts'
import { type AttendanceTexts, attendanceRows, type Cell, totalsOf } from './attendance-table.ts'

/** What the report does not know of its meeting. Empty texts are left out. */
export interface SheetFacts {
  unit: string
  mainPlace: string
  chair: string
  secretary: string
  /** Who made the file. */
  preparedBy: string
}

const DATE_TIME = 'dd/mm/yyyy hh:mm:ss'
const MINUTES = 'dd/mm/yyyy hh:mm'
/** Hours go on over 24. */
const DURATION = '[h]:mm:ss'
const DAY_MS = 86_400_000
const WIDTHS = [6, 40, 28, 16, 16, 20, 20, 14, 10, 44]
const COLUMNS = WIDTHS.length
/** The left half of what stands beside one another: heads and signatures. */
const LEFT = 4

const bold = { fontWeight: 'bold' } as const
const centre = { align: 'center' } as const
const grid = { borderStyle: 'thin' } as const

/** Text that stays text, also when somebody edits the cell: never a formula, whatever it begins with. */
const words = (text: string, style: Partial<CellObject> = {}): CellObject =>
  ({ value: text, type: String, format: '@', ...style }) as CellObject

const moment = (at: number, timeZone: string, format: string, style: Partial<CellObject> = {}): CellObject =>
  ({ value: wallClock(at, timeZone), type: Date, format, align: 'left', ...style }) as CellObject

/** `left` over the left half of the sheet and `right` over the right one. */
const beside = (left: string, right: string, style: Partial<CellObject>): SheetData[number] => [
  words(left, { ...centre, ...style, columnSpan: LEFT }),
  ...Array<null>(LEFT - 1).fill(null),
  words(right, { ...centre, ...style, columnSpan: COLUMNS - LEFT }),
  ...Array<null>(COLUMNS - LEFT - 1).fill(null),
]

function tableCell(cell: Cell, timeZone: string): CellObject {
  switch (cell.kind) {
    case 'text':
      return words(cell.text, { ...grid, wrap: true, alignVertical: 'top' })
    case 'number':
      return { value: cell.value, type: Number, format: '0', ...grid, ...centre, alignVertical: 'top' }
    case 'time':
      return cell.at === null
        ? words('', grid)
        : moment(cell.at, timeZone, DATE_TIME, { ...grid, alignVertical: 'top' })
    case 'duration':
      return { value: cell.ms / DAY_MS, type: Number, format: DURATION, ...grid, alignVertical: 'top' }
  }
}

function headRows(
  report: AttendanceReport,
  facts: SheetFacts,
  timeZone: string,
  { file }: AttendanceTexts,
): SheetData {
  const at = (iso: string, format = MINUTES) => moment(Date.parse(iso), timeZone, format)
  const place = [
    file.placeOnline,
    ...(facts.mainPlace ? [`${file.placeMain} ${facts.mainPlace}`] : []),
    `${file.placeEndpoints} ${report.totals.planned}`,
  ].join('; ')
  return [
    beside(facts.unit.toLocaleUpperCase('vi'), file.motto1, bold),
    beside('', file.motto2, bold),
    [],
    [words(file.title, { ...bold, ...centre, fontSize: 14, columnSpan: COLUMNS })],
    [],
    [null, words(file.meeting, bold), words(report.title, { columnSpan: COLUMNS - 2 })],
    [
      null,
      words(file.time, bold),
      at(report.startsAt),
      words(file.timeUntil, centre),
      null,
      at(report.endsAt),
    ],
    [null, words(file.place, bold), words(place, { columnSpan: COLUMNS - 2 })],
    [null, words(file.chair, bold), words(facts.chair, { columnSpan: COLUMNS - 2 })],
    ...(facts.secretary
      ? [[null, words(file.secretary, bold), words(facts.secretary, { columnSpan: COLUMNS - 2 })]]
      : []),
    [null, words(file.asOf, bold), at(report.generatedAt, DATE_TIME)],
    [],
  ]
}

function footRows(report: AttendanceReport, facts: SheetFacts, texts: AttendanceTexts): SheetData {
  const { file } = texts
  return [
    [],
    [null, words(file.totals, bold)],
    ...totalsOf(report, texts).map(([label, value]) => [
      null,
      words(label),
      { value, type: Number, format: '0', align: 'left' } as CellObject,
    ]),
    [],
    beside('', file.signedAt, { fontStyle: 'italic' }),
    beside(file.preparedBy, file.head, bold),
    beside(file.preparedByHint, file.headHint, { fontStyle: 'italic' }),
    [],
    [],
    [],
    beside(facts.preparedBy, '', bold),
  ]
}

/** `markup` at its place among the children of the root: the order of elements is fixed in these files. */
const inserted = (
  xml: string,
  file: 'xl/workbook.xml' | 'xl/worksheets/sheet{id}.xml',
  root: string,
  markup: string,
): string =>
  insertElementMarkupAccordingToOrderOfSiblings(xml, markup, getOrderOfSiblings(file, root) ?? [], root)

/**
 * Headings on every printed page, and all columns on one page's width (ECMA-376 part 1, §18.2.6 and §18.3.1.65), which
 * the library leaves to features.
 */
const printSetup = (sheet: string, headingRow: number): Feature<Stream | Buffer | Blob> => ({
  files: {
    transform: {
      'xl/workbook.xml': {
        transform: xml => {
          const range = sanitizeTextContent(`'${sheet}'!$${headingRow}:$${headingRow}`)
          const names = `<definedNames><definedName name="_xlnm.Print_Titles" localSheetId="0">${range}</definedName></definedNames>`
          const empty = findElement(xml, 'definedNames')
          return empty
            ? replaceElement(xml, empty, names)
            : inserted(xml, 'xl/workbook.xml', 'workbook', names)
        },
      },
      'xl/worksheets/sheet{id}.xml': {
        transformElementAttributes: (tag, attributes) =>
          tag === 'pageSetup'
            ? {
                ...attributes,
                fitToWidth: 1,
                fitToHeight: 0,
              }
            : attributes,
        transform: xml =>
          inserted(
            xml,
            'xl/worksheets/sheet{id}.xml',
            'worksheet',
            '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>',
          ),
      },
    },
  },
})

export async function toXlsx(
  report: AttendanceReport,
  facts: SheetFacts,
  timeZone: string,
  texts: AttendanceTexts,
): Promise<Buffer> {
  const head = headRows(report, facts, timeZone, texts)
  const { header, rows } = attendanceRows(report, timeZone, texts)
  const heading = header.map(title =>
    words(title, {
      ...bold,
      ...grid,
      ...centre,
      alignVertical: 'center',
      wrap: true,
      backgroundColor: '#e7edf3',
    }),
  )
  const data: SheetData = [
    ...head,
    heading,
    ...rows.map(row => row.map(cell => tableCell(cell, timeZone))),
    ...footRows(report, facts, texts),
  ]
  return await writeXlsxFile(
    data,
    {
      columns: WIDTHS.map(width => ({ width })),
      sheet: texts.file.sheet,
      orientation: 'landscape',
      stickyRowsCount: head.length + 1,
    },
    {
      fontFamily: 'Times New Roman',
      fontSize: 12,
      features: [printSetup(texts.file.sheet, head.length + 1)],
    },
  ).toBuffer()
}
