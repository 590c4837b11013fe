import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { keepAside } from './aside-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'aside-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const event = (id: string) => ({
  id,
  key: 'hall',
  at: 5,
  url: 'http://x',
  reason: '400',
  body: '{"a":"ă\\n"}',
})

it('adds lines to what is there, and says when there is no room for more', () => {
  const file = path.join(folder, 'outbox', 'aside')
  keepAside(file, [event('a')], 150)
  keepAside(file, [event('b'), event('c')], 150)
  expect(() => keepAside(file, [event('d')], 150)).toThrow('is full')
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  expect(lines.map(line => JSON.parse(line))).toEqual([event('a'), event('b'), event('c')])
})

it('begins on a line of its own behind one that a crash cut off', () => {
  const file = path.join(folder, 'aside')
  writeFileSync(file, '{"id":"a"}\n{"id":"b')
  keepAside(file, [event('c')])
  expect(readFileSync(file, 'utf8').split('\n')).toEqual([
    '{"id":"a"}',
    '{"id":"b',
    expect.stringContaining('"id":"c"'),
    '',
  ])
})
