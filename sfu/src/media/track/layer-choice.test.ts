import { describe, expect, it } from 'vitest'
import {
  chooseSpatialLayer,
  chooseTemporalLayer,
  DEFAULT_SETTINGS,
  rankOf,
  type TrackSettings,
} from './layer-choice.ts'

const layers = [
  { quality: 0, width: 320, height: 180 },
  { quality: 1, width: 640, height: 360 },
  { quality: 2, width: 1280, height: 720 },
]
const at = (width: number, height: number, of = layers, count = 3) =>
  chooseSpatialLayer({ ...DEFAULT_SETTINGS, width, height, quality: 0 }, count, of)

describe('the spatial layer', () => {
  it('is the highest when the client wants nothing special', () => {
    expect(chooseSpatialLayer(DEFAULT_SETTINGS, 3, layers)).toBe(2)
    expect(chooseSpatialLayer(DEFAULT_SETTINGS, 1, layers)).toBe(0)
  })

  it('is the smallest that covers the shown size, whatever the quality says', () => {
    expect([at(160, 90), at(320, 180), at(400, 225), at(640, 360), at(700, 390), at(1920, 1080)]).toEqual([
      0, 0, 1, 1, 1, 2,
    ])
  })

  it('follows the quality when no size is given', () => {
    expect(
      [0, 1, 2, 9].map(quality => chooseSpatialLayer({ ...DEFAULT_SETTINGS, quality }, 3, layers)),
    ).toEqual([0, 1, 2, 2])
  })

  it('measures a portrait picture by its width', () => {
    const portrait = layers.map(l => ({ ...l, width: l.height, height: l.width }))
    expect(at(180, 180, portrait)).toBe(0)
    expect(at(360, 200, portrait)).toBe(1)
  })

  it('halves the largest announced size for layers nobody announced, and gives the highest without any', () => {
    expect(at(320, 180, [layers[2]!])).toBe(0)
    expect(at(640, 360, [layers[2]!])).toBe(1)
    expect(at(320, 180, [])).toBe(2)
    expect(at(320, 180, layers.slice(2), 1)).toBe(0)
  })
})

describe('the temporal layer', () => {
  it('follows the wanted frame rate', () => {
    expect([0, 30, 15, 7].map(chooseTemporalLayer)).toEqual([undefined, undefined, 1, 0])
  })
})

describe('rankOf', () => {
  const of = (settings: Partial<TrackSettings>, isScreen = false) =>
    rankOf({ ...DEFAULT_SETTINGS, ...settings }, isScreen)
  it('serves a shared screen first, then by the priority given, then by the size shown', () => {
    const order = [
      of({}, true),
      of({ priority: 1, height: 90 }),
      of({ priority: 10, height: 1080 }),
      of({ priority: 4_000_000_000 }),
      of({ height: 720 }),
      of({ height: 360 }),
      of({ height: 90 }),
    ]
    expect(order).toEqual(order.toSorted((a, b) => b - a))
    expect(new Set(order).size).toBe(order.length)
    expect(order.every(rank => rank >= 1 && rank <= 255)).toBe(true)
  })
})
