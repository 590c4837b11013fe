/** Plots of the benches as plain SVG, readable on light and dark pages. Pure. */

export interface Bar {
  label: string
  value: number
}

const WIDTH = 760
const ROW = 28
const LEFT = 330
const RIGHT = 90
const TOP = 40
/** Letters that find room at the left. */
const LONGEST = 46

/** Bars from left to right; a goal is a line across them. */
export function barChart(title: string, unit: string, bars: readonly Bar[], goal?: number): string {
  const most = Math.max(...bars.map(({ value }) => value), goal ?? 0, Number.MIN_VALUE)
  const x = (value: number) => LEFT + (Math.max(0, value) / most) * (WIDTH - LEFT - RIGHT)
  const height = TOP + bars.length * ROW + (goal === undefined ? 10 : 30)
  const rows = bars.map(({ label, value }, index) => {
    const y = TOP + index * ROW
    return [
      `<text x="${LEFT - 8}" y="${y + 15}" text-anchor="end">${xml(label.length > LONGEST ? `${label.slice(0, LONGEST)}…` : label)}</text>`,
      `<rect x="${LEFT}" y="${y + 2}" width="${(x(value) - LEFT).toFixed(1)}" height="18" fill="#2f6fb5"/>`,
      `<text x="${(x(value) + 6).toFixed(1)}" y="${y + 15}">${xml(numberText(value))} ${xml(unit)}</text>`,
    ].join('')
  })
  const line =
    goal === undefined
      ? ''
      : `<line x1="${x(goal).toFixed(1)}" x2="${x(goal).toFixed(1)}" y1="${TOP - 4}" y2="${height - 22}" stroke="#c0392b" stroke-dasharray="4 3"/>` +
        `<text x="${x(goal).toFixed(1)}" y="${height - 8}" text-anchor="middle" fill="#c0392b">goal ${xml(numberText(goal))} ${xml(unit)}</text>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="13" fill="#222">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="12" y="22" font-size="15" font-weight="bold">${xml(title)}</text>`,
    ...rows,
    line,
    '</svg>',
    '',
  ].join('\n')
}

const numberText = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2))

const xml = (text: string): string =>
  text.replace(/[&<>"]/g, letter => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter]!)
