import { expect, it } from 'vitest'
import { askedPath } from './asked-path.ts'

it.each([
  ['/meetings?scope=past&q=h%E1%BB%8Dp', undefined, '/meetings?scope=past&q=h%E1%BB%8Dp'],
  ['/meetings?scope=past&_rsc=1a2b', '/meetings', '/meetings?scope=past'],
  ['/recordings?_rsc=x', '/recordings', '/recordings'],
  [null, '/users', '/users'],
  ['//host/x', '/users', '/users'],
  ['/.//host/x', undefined, null],
  [null, undefined, null],
])('from %s and %s back to %s', (header, fallback, expected) => {
  expect(askedPath(header, fallback)).toBe(expected)
})
