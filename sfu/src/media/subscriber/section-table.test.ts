import type { RtpParameters } from 'mediasoup/types'
import { describe, expect, it } from 'vitest'
import { SectionTable } from './section-table.ts'

const parameters = { codecs: [] } as RtpParameters

describe('sections of a subscriber connection', () => {
  it('give their line to a new one, only after they were seen rejected and only for the same kind', () => {
    const table = new SectionTable<string>()
    const first = table.take('video', 'a')
    table.fill(first, parameters)
    first.wasOffered = true
    table.retire(first)
    expect(table.take('video', 'b').replaces).toBeUndefined()
    table.free(first)
    expect(table.take('audio', 'c').replaces).toBeUndefined()
    const next = table.take('video', 'd')
    expect(next.mid).not.toBe(first.mid)
    expect(table.take('video', 'e').replaces).toBeUndefined()
    table.fill(next, parameters)
    expect(table.listed).toEqual([next])
  })

  it('keep their place once listed and never come to be listed when their track failed before', () => {
    const table = new SectionTable<string>()
    const [failed, good] = [table.take('video', 'a'), table.take('video', 'b')]
    table.retire(failed)
    table.fill(failed, parameters)
    table.fill(good, parameters)
    table.fill(good, parameters)
    expect(table.listed.map(s => s.mid)).toEqual(['2'])
  })

  it('leave the line they claimed to others when their track failed before', () => {
    const table = new SectionTable<string>()
    const first = table.take('audio', 'a')
    table.fill(first, parameters)
    table.free(first)
    expect(first.state).toBe('active')
    first.wasOffered = true
    table.retire(first)
    table.free(first)
    table.retire(table.take('audio', 'b'))
    expect(table.take('audio', 'c').replaces).toBe(first)
  })

  it('disappear when their track ended before any offer had them', () => {
    const table = new SectionTable<string>()
    const [first, second] = [table.take('video', 'a'), table.take('video', 'b')]
    for (const section of [first, second]) table.fill(section, parameters)
    first.wasOffered = true
    table.retire(second)
    expect(table.listed).toEqual([first])
    table.retire(first)
    table.free(first)
    const third = table.take('video', 'c')
    table.fill(third, parameters)
    expect(table.listed).toEqual([third])
    table.retire(third)
    expect(table.listed).toEqual([first])
    expect(table.take('video', 'd').replaces).toBe(first)
  })
})
