import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defaultLimits } from '../base/limits.ts'
import type { DataKind } from '../base/ports.ts'
import { DataInlet } from './data-inlet.ts'

function open(rest = {}) {
  const taken: string[] = []
  const dropped: string[] = []
  const state = { isFlooding: false }
  const inlet = new DataInlet({
    limits: { ...defaultLimits, dataPacketsPerS: 100, dataPacketBurst: 10, dataPacketBytes: 1_000, ...rest },
    now: Date.now,
    onPacket: (kind: DataKind, payload) => taken.push(`${kind} ${Buffer.from(payload)}`),
    onDropped: (kind, why) => dropped.push(`${kind} ${why}`),
    onFlood: () => {
      state.isFlooding = true
    },
  })
  return { inlet, taken, dropped, state }
}

describe('data from one client', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('waits in order when it is reliable and over the rate', () => {
    const { inlet, taken, dropped } = open()
    for (let i = 0; i < 100; i++) inlet.take('reliable', Buffer.from(`${i}`))
    expect(taken).toHaveLength(10)
    vi.advanceTimersByTime(500)
    expect(taken.length).toBeGreaterThan(50)
    expect(taken.length).toBeLessThan(70)
    vi.advanceTimersByTime(1_000)
    expect(taken).toEqual(Array.from({ length: 100 }, (_, i) => `reliable ${i}`))
    expect(dropped).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is dropped when it is lossy and over the rate, and told once in a row', () => {
    const { inlet, taken, dropped } = open()
    for (let i = 0; i < 50; i++) inlet.take('lossy', Buffer.from('l'))
    expect(taken).toHaveLength(10)
    expect(dropped).toEqual(['lossy too_many'])
    vi.advanceTimersByTime(1_000)
    inlet.take('lossy', Buffer.from('l'))
    expect(taken).toHaveLength(11)
  })

  it('of data tracks has a rate of its own', () => {
    const { inlet, taken } = open({ dataTrackPacketBurst: 3, dataTrackPacketsPerS: 2 })
    const flood = () => {
      for (let i = 0; i < 10; i++) inlet.take('data_track', Buffer.from('d'))
      return taken.splice(0).length
    }
    expect(flood()).toBe(3)
    inlet.take('lossy', Buffer.from('l'))
    expect(taken.splice(0)).toEqual(['lossy l'])
    vi.advanceTimersByTime(1_000)
    expect(flood()).toBe(2)
  })

  it('is dropped above the size', () => {
    const { inlet, taken, dropped } = open()
    inlet.take('reliable', new Uint8Array(1_001))
    inlet.take('reliable', new Uint8Array(1_000))
    expect(taken).toHaveLength(1)
    expect(dropped).toEqual(['reliable too_large'])
  })

  it('ends with a flood when too much of it waits, with nothing left behind', () => {
    const { inlet, taken, state } = open({ dataInletBytes: 5_000 })
    // Each costs something beside its content.
    for (let i = 0; i < 17; i++) inlet.take('reliable', Buffer.alloc(500))
    vi.advanceTimersByTime(1)
    expect(state.isFlooding).toBe(false)
    for (let i = 0; i < 2; i++) inlet.take('reliable', Buffer.alloc(500))
    expect(state.isFlooding).toBe(false)
    vi.advanceTimersByTime(1)
    expect(state.isFlooding).toBe(true)
    vi.advanceTimersByTime(5_000)
    expect(taken).toHaveLength(10)
    expect(vi.getTimerCount()).toBe(0)
    inlet.close()
  })
})
