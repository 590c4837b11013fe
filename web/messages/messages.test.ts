import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const folder = import.meta.dirname
const areas = readdirSync(join(folder, 'vi')).filter(name => name.endsWith('.json'))

/** Every text of an area as `a.b.c` → text. */
function flatten(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null) return new Map([[path, value]])
  const entries = Object.entries(value).flatMap(([key, inner]) => [
    ...flatten(inner, path ? `${path}.${key}` : key),
  ])
  return new Map(entries)
}
const read = (locale: string, area: string) =>
  flatten(JSON.parse(readFileSync(join(folder, locale, area), 'utf8')))

/** Names of the values a text takes. Braces of odd depth open an argument, those of even depth a plural's branch. */
function placeholders(text: string): string[] {
  const names = new Set<string>()
  let depth = 0
  for (const match of text.matchAll(/\{(\w*)|\}/g)) {
    depth += match[0] === '}' ? -1 : 1
    if (match[0] !== '}' && depth % 2 === 1) names.add(match[1] ?? '')
  }
  return [...names].sort()
}

describe.each(areas)('texts of %s', area => {
  const vi = read('vi', area)
  const en = read('en', area)
  it('exist in both languages', () => {
    expect([...en.keys()].sort()).toEqual([...vi.keys()].sort())
  })
  it('are never empty', () => {
    const empty = [...vi, ...en].filter(([, text]) => typeof text !== 'string' || text.trim() === '')
    expect(empty).toEqual([])
  })
  it('take the same values in both languages', () => {
    for (const [key, text] of vi) {
      expect([key, placeholders(String(en.get(key)))]).toEqual([key, placeholders(String(text))])
    }
  })
})

it('both languages have the same areas', () => {
  expect(readdirSync(join(folder, 'en')).sort()).toEqual(readdirSync(join(folder, 'vi')).sort())
})
