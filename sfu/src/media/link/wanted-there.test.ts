import { describe, expect, it } from 'vitest'
import { combineWanted, isRaised } from './wanted-there.ts'

const VP8 = 'video/VP8'
const VP9 = 'video/VP9'

describe('the wishes of one node', () => {
  it('are the highest layer of each codec, and aside only if everybody asks so', () => {
    const combined = combineWanted([
      { mimeType: VP8, maxSpatialLayer: 0 },
      { mimeType: VP8, maxSpatialLayer: 2, isAside: true },
      { mimeType: VP9, maxSpatialLayer: -1, isAside: true },
      { mimeType: VP9, maxSpatialLayer: 1, isAside: true, isLive: false },
    ])
    expect([...combined]).toEqual([
      [VP8, { maxSpatialLayer: 2, isAside: false, isFlowing: true }],
      [VP9, { maxSpatialLayer: 1, isAside: true, isFlowing: false }],
    ])
    expect(combineWanted([]).size).toBe(0)
  })

  it('are raised by a higher layer, a further codec, somebody who can take it now, or does not ask aside', () => {
    const of = (maxSpatialLayer: number, isAside = false, isFlowing = false) =>
      new Map([[VP8, { maxSpatialLayer, isAside, isFlowing }]])
    expect(isRaised(of(1, false, true), of(1))).toBe(true)
    expect(isRaised(of(1), of(1, false, true))).toBe(false)
    expect(isRaised(of(1), of(0))).toBe(true)
    expect(isRaised(of(0), new Map())).toBe(true)
    expect(isRaised(of(1), of(1, true))).toBe(true)
    expect(isRaised(of(1), of(1))).toBe(false)
    expect(isRaised(of(0), of(1))).toBe(false)
    expect(isRaised(of(-1), new Map())).toBe(false)
    expect(isRaised(of(1, true), of(1))).toBe(false)
    expect(isRaised(new Map(), of(2))).toBe(false)
  })
})
