/** The interface's own Vietnamese texts, so that tests look for what a person reads without copying it. */
import { readFileSync } from 'node:fs'

const cache = new Map<string, Record<string, unknown>>()

function areaOf(area: string): Record<string, unknown> {
  const known = cache.get(area)
  if (known) return known
  const loaded = JSON.parse(
    readFileSync(new URL(`../../messages/vi/${area}.json`, import.meta.url), 'utf8'),
  ) as Record<string, unknown>
  cache.set(area, loaded)
  return loaded
}

/** `portal.form.create` → the text; throws when there is none, so that a renamed key fails loudly. */
export function vi(key: string): string {
  const [area = '', ...path] = key.split('.')
  let value: unknown = areaOf(area)
  for (const part of path) value = (value as Record<string, unknown> | undefined)?.[part]
  if (typeof value !== 'string') throw new Error(`There is no text ${key}.`)
  return value
}
