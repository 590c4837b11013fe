import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Journal } from './journal.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'journal-'))
  file = path.join(folder, 'deep', 'journal.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = () => Journal.open<{ n: number }>(file, value => value as { n: number })

describe('journal', () => {
  it('gives back what was appended, in order, without having been closed', () => {
    const { journal } = open()
    journal.append({ n: 1 })
    journal.append({ n: 2 })
    const second = open()
    expect(second.entries).toEqual([{ n: 1 }, { n: 2 }])
    second.journal.close()
    journal.close()
  })

  it('cuts a torn last line off and goes on after it', () => {
    const first = open()
    first.journal.append({ n: 1 })
    first.journal.close()
    appendFileSync(file, '{"n":2,"text":"đi')
    const second = open()
    expect(second.entries).toEqual([{ n: 1 }])
    second.journal.append({ n: 3 })
    second.journal.close()
    const third = open()
    expect(third.entries).toEqual([{ n: 1 }, { n: 3 }])
    third.journal.close()
  })

  it('skips a broken line in the middle and counts it', () => {
    open().journal.close()
    writeFileSync(file, '{"n":1}\n{"n":\n{"n":3}\n')
    const { entries, skipped, journal } = open()
    expect(entries).toEqual([{ n: 1 }, { n: 3 }])
    expect(skipped).toBe(1)
    journal.close()
  })

  it('compacts in one step and appends to the new file', () => {
    const { journal } = open()
    for (let n = 0; n < 10; n++) journal.append({ n })
    journal.compact([{ n: 9 }])
    journal.append({ n: 10 })
    journal.close()
    expect(readFileSync(file, 'utf8')).toBe('{"n":9}\n{"n":10}\n')
  })

  it('ignores what a crash while compacting left behind', () => {
    const first = open()
    first.journal.append({ n: 1 })
    first.journal.close()
    writeFileSync(`${file}.new`, '{"n":7')
    const second = open()
    expect(second.entries).toEqual([{ n: 1 }])
    expect(existsSync(`${file}.new`)).toBe(false)
    second.journal.close()
  })

  it('may be closed twice and refuses appends afterwards', () => {
    const { journal } = open()
    journal.close()
    journal.close()
    expect(() => journal.append({ n: 1 })).toThrow('closed')
  })
})
