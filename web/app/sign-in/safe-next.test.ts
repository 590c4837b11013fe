import { expect, it } from 'vitest'
import { safeNext } from './safe-next.ts'

it.each(['/meetings/MT_1?scope=all', '/', '/recordings#x'])('keeps %s', path => {
  expect(safeNext(path)).toBe(path)
})
it.each([
  '//evil.example',
  '/\\evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  '',
  undefined,
  '/.//evil.example/x',
])('refuses %s', path => expect(safeNext(path)).toBe('/'))
