import type { RtpParameters } from 'mediasoup/types'
import { describe, expect, it } from 'vitest'
import { SectionTable } from './section-table.ts'

const parameters = { codecs: [] } as RtpParameters

describe('sections of a subscriber connection', () => {
  it('are used again only after they were seen inactive, and only for the same kind', () => {
    const table = new SectionTable<string>()
    const first = table.take('video', 'a')
    table.fill(first, parameters)
    table.retire(first)
    expect(table.take('video', 'b')).not.toBe(first)
    first.state = 'free'
    expect(table.take('audio', 'c')).not.toBe(first)
    expect(table.take('video', 'd')).toBe(first)
    expect(first).toMatchObject({ state: 'active', user: 'd' })
    expect(table.listed).toEqual([first])
  })

  it('keep their place once listed and never come to be listed when their track failed before', () => {
    const table = new SectionTable<string>()
    const [failed, good] = [table.take('video', 'a'), table.take('video', 'b')]
    table.retire(failed)
    table.fill(good, parameters)
    table.fill(good, parameters)
    expect(table.listed.map(s => s.mid)).toEqual(['2'])
  })

  it('stay dead when the client refused them', () => {
    const table = new SectionTable<string>()
    const section = table.take('video', 'a')
    table.fill(section, parameters)
    section.state = 'dead'
    table.retire(section)
    expect(section.state).toBe('dead')
    expect(table.take('video', 'b')).not.toBe(section)
  })
})
