import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

/** Tokens of theme.css as [light, dark] colours. */
const tokens = new Map(
  [
    ...readFileSync(join(import.meta.dirname, 'theme.css'), 'utf8').matchAll(
      /--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g,
    ),
  ].map(match => [match[1] ?? '', [match[2] ?? '', match[3] ?? ''] as const]),
)

/** Relative luminance, WCAG 2.2. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map(at => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)]
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)
}

/** Text on ground, as the components combine them. */
const pairs = [
  ...['canvas', 'surface', 'raised', 'sunken'].flatMap(ground =>
    ['text', 'muted', 'accent', 'danger'].map(text => [text, ground]),
  ),
  ['on-accent', 'accent'],
  ['on-accent', 'accent-hover'],
  ['on-live', 'live'],
  ['on-danger', 'danger'],
  ['on-danger', 'danger-hover'],
  ['accent', 'accent-soft'],
  ['text', 'accent-soft'],
  ['danger', 'danger-soft'],
  ['text', 'danger-soft'],
  ['warn', 'warn-soft'],
  ['text', 'warn-soft'],
  ['accent', 'warn-soft'],
  ['warn', 'surface'],
  ['ok', 'ok-soft'],
]

it.each(pairs)('%s on %s can be read in both themes (AA, 4.5:1)', (text, ground) => {
  const [a, b] = [tokens.get(text ?? ''), tokens.get(ground ?? '')]
  expect(a && b, 'both tokens exist').toBeTruthy()
  for (const theme of [0, 1] as const) {
    expect(contrast(a?.[theme] ?? '', b?.[theme] ?? ''), theme ? 'dark' : 'light').toBeGreaterThanOrEqual(4.5)
  }
})

it('edges of controls are seen in both themes (3:1)', () => {
  for (const theme of [0, 1] as const) {
    const edge = tokens.get('line-strong')?.[theme] ?? ''
    expect(contrast(edge, tokens.get('surface')?.[theme] ?? '')).toBeGreaterThanOrEqual(3)
    expect(contrast(edge, tokens.get('canvas')?.[theme] ?? '')).toBeGreaterThanOrEqual(3)
  }
})
