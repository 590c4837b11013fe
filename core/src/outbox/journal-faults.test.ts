import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Journal } from './journal.ts'

/** Calls to the file system still to succeed; then one fails as on a disk or process that has run out. */
const disk = vi.hoisted(() => ({ callsLeft: Number.POSITIVE_INFINITY }))

vi.mock('node:fs', async importOriginal => {
  const real = await importOriginal<typeof import('node:fs')>()
  const failing = ['openSync', 'ftruncateSync', 'writeSync', 'fsyncSync', 'renameSync'] as const
  const wrapped = failing.map(name => [
    name,
    (...args: unknown[]) => {
      if (disk.callsLeft-- === 0) throw Object.assign(new Error(`${name} failed`), { code: 'EMFILE' })
      return (real[name] as (...args: unknown[]) => unknown)(...args)
    },
  ])
  return { ...real, ...Object.fromEntries(wrapped) }
})

describe('a journal whose compaction fails', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'journal-'))
    file = path.join(folder, 'journal.jsonl')
  })
  afterEach(() => {
    disk.callsLeft = Number.POSITIVE_INFINITY
    rmSync(folder, { recursive: true })
  })

  it('at whatever step goes on where it was, and may be compacted later', () => {
    let failures = 0
    for (let step = 0; ; step++) {
      rmSync(file, { force: true })
      const { journal } = Journal.open<{ n: number }>(file, value => value as { n: number })
      for (const n of [1, 2, 3]) journal.append({ n })
      disk.callsLeft = step
      let isDone = true
      try {
        journal.compact([{ n: 3 }])
      } catch {
        isDone = false
        failures += 1
      }
      disk.callsLeft = Number.POSITIVE_INFINITY
      journal.append({ n: 4 })
      const numbers = () => [...readFileSync(file, 'utf8').matchAll(/\d/g)].map(Number)
      expect([step, numbers()]).toEqual([step, isDone ? [3, 4] : [1, 2, 3, 4]])
      journal.compact([{ n: 4 }])
      journal.append({ n: 5 })
      expect([step, numbers()]).toEqual([step, [4, 5]])
      journal.close()
      if (isDone) break
    }
    expect(failures).toBeGreaterThan(2)
  })
})
