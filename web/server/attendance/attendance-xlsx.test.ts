import ExcelJS from 'exceljs'
import { describe, expect, it } from 'vitest'
import { fixtureReport, zone } from './attendance-fixture.ts'
import { attendanceTexts } from './attendance-table.ts'
import { toXlsx } from './attendance-xlsx.ts'

const facts = {
  unit: 'UBND tỉnh Thái Nguyên',
  mainPlace: 'Hội trường tỉnh',
  chair: 'Trần Thị Chủ Toạ',
  secretary: 'Lê Thư Ký',
  preparedBy: '=Người Lập',
}

async function read(locale = 'vi') {
  const workbook = new ExcelJS.Workbook()
  const file = await toXlsx(fixtureReport, facts, zone, attendanceTexts(locale))
  await workbook.xlsx.load(file as unknown as ExcelJS.Buffer)
  const sheet = workbook.worksheets[0]!
  const cells: { address: string; row: number; cell: ExcelJS.Cell }[] = []
  sheet.eachRow((row, number) =>
    row.eachCell(cell => cells.push({ address: cell.address, row: number, cell })),
  )
  const find = (text: string) => {
    const found = cells.find(({ cell }) => cell.value === text)
    if (!found) throw new Error(`no cell with ${text}`)
    return found
  }
  return { sheet, cells, find }
}

describe('attendance as an Excel file', () => {
  it('has real times, durations and numbers, each with its format', async () => {
    const { sheet, find } = await read()
    const heading = find('STT').row
    const row = (offset: number) => sheet.getRow(heading + offset)
    const first = row(1)
    expect(first.getCell(1)).toMatchObject({ type: ExcelJS.ValueType.Number, value: 1 })
    const inAt = first.getCell(6)
    expect(inAt.type).toBe(ExcelJS.ValueType.Date)
    expect(inAt.numFmt).toBe('dd/mm/yyyy hh:mm:ss')
    // The clock on the wall in Hà Nội: a sheet knows no time zone.
    expect((inAt.value as Date).toISOString()).toBe('2026-11-23T23:30:00.000Z')
    const duration = first.getCell(8)
    expect(duration.numFmt).toBe('[h]:mm:ss')
    // A number of days; the reading library takes the format for one of a date, from the zero of Excel's calendar on.
    const days = ((duration.value as Date).getTime() - Date.UTC(1899, 11, 30)) / 86_400_000
    expect(days).toBeCloseTo((26 * 3600 + 61) / 86_400, 5)
    expect(first.getCell(7).value ?? '').toBe('')
    expect(first.getCell(10).value).toBe('23:30:00 – 24/11/2026 00:45:00; 01:00:00 – …')
    expect(row(3).getCell(5).value).toBe('Vắng')
  })

  it('has every text as it was typed, as text, and no formula anywhere', async () => {
    const { cells, find } = await read()
    for (const text of ['=HYPERLINK("http://x")', '＝SUM(A1)', '=1+1 Giao ban', '=Người Lập']) {
      const { cell } = find(text)
      expect(cell.type).toBe(ExcelJS.ValueType.String)
      expect(cell.numFmt).toBe('@')
    }
    expect(cells.filter(({ cell }) => cell.type === ExcelJS.ValueType.Formula)).toEqual([])
    expect(cells.filter(({ cell }) => typeof cell.value === 'string' && cell.value.startsWith("'"))).toEqual(
      [],
    )
  })

  it('says what meeting it is of, sums up, and can be signed', async () => {
    const { sheet, cells, find } = await read()
    find('UBND TỈNH THÁI NGUYÊN')
    find('CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM')
    find('BẢNG ĐIỂM DANH CUỘC HỌP')
    find('Họp trực tuyến; Điểm cầu chính: Hội trường tỉnh; số điểm cầu: 2')
    find(facts.chair)
    find(facts.secretary)
    const starts = sheet.getCell(`C${find('Thời gian:').row}`)
    expect([starts.numFmt, (starts.value as Date).toISOString()]).toEqual([
      'dd/mm/yyyy hh:mm',
      '2026-11-23T23:00:00.000Z',
    ])
    const total = (label: string) => sheet.getCell(`C${find(label).row}`).value
    expect(
      ['Số điểm cầu theo kế hoạch', 'Điểm cầu có mặt', 'Điểm cầu vắng', 'Số người dự'].map(total),
    ).toEqual([2, 1, 1, 1])
    const signature = find('NGƯỜI LẬP BIỂU').row
    expect(find('THỦ TRƯỞNG ĐƠN VỊ').row).toBe(signature)
    expect(signature).toBeGreaterThan(find('TỔNG HỢP').row)
    expect(cells.at(-1)!.cell.value === '' || find(facts.preparedBy).row > signature).toBe(true)
  })

  it('is printed on A4 landscape, all columns on a page, with the headings on each', async () => {
    const { sheet, find } = await read()
    const heading = find('STT').row
    expect(sheet.pageSetup).toMatchObject({
      paperSize: 9,
      orientation: 'landscape',
      fitToPage: true,
      fitToWidth: 1,
      fitToHeight: 0,
      printTitlesRow: `${heading}:${heading}`,
    })
    expect(sheet.views[0]).toMatchObject({ state: 'frozen', ySplit: heading })
    for (let column = 1; column <= 10; column += 1)
      expect(sheet.getColumn(column).width).toBeGreaterThanOrEqual(6)
  })

  it('is in English for whoever reads English', async () => {
    const { find } = await read('en')
    find('ATTENDANCE OF THE MEETING')
    find('Delegate')
    find('PREPARED BY')
  })
})
