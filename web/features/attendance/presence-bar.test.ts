import { expect, it } from 'vitest'
import { presenceParts } from './presence-bar.ts'

const at = (minute: number) => new Date(minute * 60_000).toISOString()

it('places intervals on the span and cuts off what lies outside', () => {
  const parts = presenceParts([{ from: at(-10), to: at(25) }], 0, 100 * 60_000, 0)
  expect(parts).toEqual([{ left: 0, width: 25 }])
})
it('draws an open interval up to now', () => {
  expect(presenceParts([{ from: at(50), to: null }], 0, 100 * 60_000, 80 * 60_000)).toEqual([
    { left: 50, width: 30 },
  ])
})
it('keeps a short visit visible and inside the bar', () => {
  expect(presenceParts([{ from: at(100), to: at(100) }], 0, 100 * 60_000, 0)).toEqual([
    { left: 99.5, width: 0.5 },
  ])
})
it('draws nothing for a meeting without length or a visit before it', () => {
  expect(presenceParts([{ from: at(0), to: at(1) }], 5, 5, 0)).toEqual([])
  expect(presenceParts([{ from: at(-5), to: at(-1) }], 0, 60_000, 0)).toEqual([])
})
