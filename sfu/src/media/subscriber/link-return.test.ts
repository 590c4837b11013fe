import { describe, expect, it } from 'vitest'
import { LinkReturn } from './link-return.ts'

describe('a link that was gone', () => {
  const back = () => {
    const link = new LinkReturn()
    expect(link.note(1_200_000, 0)).toBe(true)
    expect(link.note(0, 20_000)).toBe(false)
    expect(link.note(54_000, 40_000)).toBe(true)
    return link
  }

  it('is taken for what it was, until its estimate says more or some seconds have passed', () => {
    const link = back()
    expect(link.trustedBps(54_000, 40_000)).toBe(1_200_000)
    expect(link.note(320_000, 43_000)).toBe(true)
    expect(link.trustedBps(320_000, 43_000)).toBe(1_200_000)
    expect(link.trustedBps(1_300_000, 43_000)).toBeUndefined()
    expect(link.trustedBps(320_000, 46_000)).toBeUndefined()
  })

  it('that goes again meanwhile is still taken for what it was at first', () => {
    const link = back()
    expect(link.note(0, 42_000)).toBe(false)
    link.note(60_000, 50_000)
    expect(link.trustedBps(60_000, 50_000)).toBe(1_200_000)
  })

  it('is not trusted when it drops packets, nor when nothing was known of it', () => {
    const link = back()
    link.distrust()
    expect(link.trustedBps(54_000, 40_001)).toBeUndefined()
    const unknown = new LinkReturn()
    unknown.note(0, 0)
    unknown.note(54_000, 1_000)
    expect(unknown.trustedBps(54_000, 1_000)).toBeUndefined()
  })
})

it('a link that never went is as estimated', () => {
  const link = new LinkReturn()
  link.note(2_000_000, 0)
  link.note(300_000, 1_000)
  expect(link.trustedBps(300_000, 1_000)).toBeUndefined()
})
