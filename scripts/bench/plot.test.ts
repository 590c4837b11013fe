import { expect, it } from 'vitest'
import { barChart } from './plot.ts'

const widths = (svg: string) =>
  [...svg.matchAll(/<rect x="330"[^>]* width="([\d.]+)"/g)].map(one => Number(one[1]))

it('draws bars in proportion, with the goal among them', () => {
  const svg = barChart(
    'A & B',
    'ms',
    [
      { label: '<50>', value: 1 },
      { label: 'x', value: 2 },
    ],
    4,
  )
  expect(widths(svg)).toEqual([85, 170])
  expect(svg).toContain('A &amp; B')
  expect(svg).toContain('&lt;50&gt;')
  expect(svg).toContain('goal 4.00 ms')
  expect(widths(barChart('t', 'ms', [{ label: 'a', value: 0 }]))).toEqual([0])
})
