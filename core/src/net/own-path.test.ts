import { expect, it } from 'vitest'
import { ownPath } from './own-path.ts'

it.each([
  ['/meetings/MT_1?scope=all', '/meetings/MT_1?scope=all'],
  ['/', '/'],
  ['/recordings#x', '/recordings#x'],
  ['/meetings?q=giao ban', '/meetings?q=giao%20ban'],
  ['/meetings?q=họp', '/meetings?q=h%E1%BB%8Dp'],
  ['/meetings?next=https://evil.example', '/meetings?next=https://evil.example'],
  ['/a/../meetings', '/meetings'],
  ['/@evil.example', '/@evil.example'],
  ['/m/abc-defg-hjk', '/m/abc-defg-hjk'],
])('keeps %s', (next, path) => expect(ownPath(next)).toBe(path))

it.each([
  '//evil.example',
  '///evil.example',
  '/.//evil.example/x',
  '/..//evil.example',
  '/%2e//evil.example',
  '/%2E%2e//evil.example',
  '/a/..//evil.example',
  '/a/%2e%2e//evil.example',
  '/./..//evil.example',
  '/.//user@evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/a\\..\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  '/\u0000/evil.example',
  '/\u0085/evil.example',
  '/./\t/evil.example',
  'https://evil.example',
  'https:/evil.example',
  'https:evil.example',
  '@evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  'evil.example',
  '',
  '/'.padEnd(5_000, 'x'),
  undefined,
  null,
  ['/'],
  { toString: () => '/' },
])('refuses %j', next => expect(ownPath(next)).toBeNull())

it('leads nowhere else, whatever stands between the first slash and the host', () => {
  const pieces = [
    '/',
    '.',
    '..',
    '\\',
    '\t',
    '%2e',
    '%2f',
    '@',
    ';',
    '?',
    '#',
    ':',
    ' ',
    '\u00a0',
    '\u200b',
    '。',
  ]
  for (const one of pieces)
    for (const two of pieces)
      for (const three of pieces) {
        const path = ownPath(`/${one}${two}${three}/evil.example/x`)
        if (path !== null) expect(new URL(path, 'https://portal.example').host).toBe('portal.example')
      }
})
