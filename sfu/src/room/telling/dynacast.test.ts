import type { TrackId } from '@diemcau/core/ids.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Demand, Dynacast, qualityUpdateOf } from './dynacast.ts'

describe('Dynacast', () => {
  const TRACK = 'TR_1' as TrackId
  const vp8 = (maxSpatialLayer: number, spatialLayers = 3) => [
    { mimeType: 'video/VP8', maxSpatialLayer, spatialLayers },
  ]
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('tells less only when it lasts and more at once', () => {
    const dynacast = new Dynacast(5_000)
    const told: number[] = []
    const update = (layer: number) =>
      dynacast.update(TRACK, vp8(layer), demand => told.push(demand[0]!.maxSpatialLayer))
    update(2)
    vi.advanceTimersByTime(5_000)
    update(0)
    vi.advanceTimersByTime(4_000)
    update(2)
    vi.advanceTimersByTime(10_000)
    expect(told).toEqual([2])
    update(-1)
    vi.advanceTimersByTime(5_000)
    update(1)
    expect(told).toEqual([2, -1, 1])
    update(0)
    dynacast.close()
    vi.advanceTimersByTime(10_000)
    expect(told).toEqual([2, -1, 1])
  })

  it('asks for a codec that is not published yet at once, even as its first word', () => {
    const dynacast = new Dynacast(5_000)
    const told: string[] = []
    const backup = { mimeType: 'video/VP8', maxSpatialLayer: 1, spatialLayers: 0 }
    const primary = { mimeType: 'video/VP9', maxSpatialLayer: -1, spatialLayers: 3 }
    dynacast.update(TRACK, [primary, backup], demand => told.push(JSON.stringify(demand)))
    expect(told).toEqual([JSON.stringify([primary, backup])])
    const [vp9, asked] = qualityUpdateOf(TRACK, [primary, backup]).subscribedCodecs
    expect(vp9).toMatchObject({
      codec: 'vp9',
      qualities: [false, false, false].map(enabled => ({ enabled })),
    })
    expect(asked).toMatchObject({ codec: 'vp8', qualities: [true, true, true].map(enabled => ({ enabled })) })
    dynacast.close()
  })

  it('says again what it asks for in a codec that is not there yet, also when nobody does for a moment', () => {
    const dynacast = new Dynacast(5_000)
    const told: Demand[] = []
    const primary = { mimeType: 'video/VP9', maxSpatialLayer: -1, spatialLayers: 3 }
    const backup = (maxSpatialLayer: number, spatialLayers: number) => [
      primary,
      { mimeType: 'video/VP8', maxSpatialLayer, spatialLayers },
    ]
    const update = (demand: Demand) => dynacast.update(TRACK, demand, settled => told.push(settled))
    const asked = backup(1, 0)
    update(asked)
    update(backup(-1, 0))
    vi.advanceTimersByTime(1_000)
    expect(told).toEqual([asked, asked])
    update(asked)
    // Published: what was asked for with all its layers is wanted with two of three.
    const published = backup(1, 3)
    update(published)
    vi.advanceTimersByTime(10_000)
    expect(told).toEqual([asked, asked, asked, published])
    update(backup(-1, 3))
    update(asked)
    vi.advanceTimersByTime(500)
    dynacast.close()
    expect(vi.getTimerCount()).toBe(0)
    update(backup(2, 0))
    vi.advanceTimersByTime(60_000)
    expect(told.slice(4)).toEqual([asked, backup(2, 0), backup(2, 0), backup(2, 0)])
  })

  it('turns layers into qualities; the top layer stands for all', () => {
    const enabled = (layer: number, layers: number) =>
      qualityUpdateOf(TRACK, vp8(layer, layers)).subscribedQualities.map(quality => quality.enabled)
    expect(enabled(-1, 3)).toEqual([false, false, false])
    expect(enabled(0, 3)).toEqual([true, false, false])
    expect(enabled(1, 3)).toEqual([true, true, false])
    expect(enabled(1, 2)).toEqual([true, true, true])
    expect(enabled(0, 1)).toEqual([true, true, true])
    expect(qualityUpdateOf(TRACK, vp8(0)).subscribedCodecs[0]?.codec).toBe('vp8')
  })
})
