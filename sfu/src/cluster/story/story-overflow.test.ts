/** What is put aside when too many webhooks wait. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readConfig } from '../../config.ts'
import { type Log, silentLog } from '../../room/base/log.ts'
import { StoryOverflow } from './story-overflow.ts'

let folder: string
let file: string
let alarms: Record<string, unknown>[]
const log: Log = { ...silentLog, error: context => alarms.push({ ...context }) }
const event = (id: string, key = 'hall') => ({ id, key, at: 5, body: `{"id":"${id}"}` })
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'overflow-'))
  file = path.join(folder, 'outbox', 'aside')
  alarms = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('begins beyond the bound, and makes room for a tenth of it', () => {
  const overflow = new StoryOverflow({ file, log, most: 300 })
  expect([0, 300, 301, 1_000].map(waiting => overflow.excess(waiting))).toEqual([0, 0, 31, 730])
  const most = readConfig({ REDIS_URL: 'redis://127.0.0.1', CLUSTER_SECRET: 'x' }).cluster!.webhooksWaiting
  const byDefault = new StoryOverflow({ file, log })
  expect([most, most + 1].map(waiting => byDefault.excess(waiting) > 0)).toEqual([false, true])
})

it('writes each down, and gives one alarm for all of a room name', () => {
  const overflow = new StoryOverflow({ file, log, most: 300 })
  overflow.keep([event('a'), event('b')], 'http://x')
  overflow.keep([event('c')], 'http://y')
  overflow.keep([event('d', 'other')], 'http://y')
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  expect(lines.map(line => JSON.parse(line))).toEqual([
    expect.objectContaining({ ...event('a'), url: 'http://x' }),
    expect.objectContaining({ ...event('b'), url: 'http://x' }),
    expect.objectContaining({ ...event('c'), url: 'http://y' }),
    expect.objectContaining({ ...event('d', 'other'), url: 'http://y' }),
  ])
  expect([overflow.aside, alarms]).toEqual([4, []])
  for (const room of ['hall', 'hall', 'other', 'nowhere']) overflow.alarm(room)
  expect(alarms).toEqual([
    { room: 'hall', aside: 3, lost: 0, keptIn: file },
    { room: 'other', aside: 1, lost: 0, keptIn: file },
  ])
})

it('says how many are lost when the file has no room, or cannot be written', () => {
  const full = new StoryOverflow({ file, log, fileBytes: 50 })
  full.keep([event('a')], 'http://x')
  full.keep([event('b'), event('c')], 'http://x')
  full.alarm('hall')
  writeFileSync(path.join(folder, 'no-folder'), '')
  const broken = new StoryOverflow({ file: path.join(folder, 'no-folder', 'aside'), log })
  broken.keep([event('d')], 'http://x')
  broken.alarm('hall')
  expect(alarms).toEqual([
    expect.objectContaining({ aside: 1, lost: 2, err: expect.any(Error) }),
    expect.objectContaining({ aside: 0, lost: 1, err: expect.any(Error) }),
  ])
  expect(full.aside).toBe(3)
})
