import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DataHistory } from './data-history.ts'

const bounds = { dataHistoryMs: 20_000, dataHistoryPublisherBytes: 10_000, dataHistoryRoomBytes: 25_000 }
const sent = (senderSid: string, sequence: number, size = 100) => ({
  payload: new Uint8Array(size),
  senderSid,
  sequence,
  destinations: undefined,
  isMetrics: false,
})
const names = (list: { senderSid: string; sequence: number }[]) =>
  list.map(({ senderSid, sequence }) => `${senderSid}${sequence}`)

describe('packets kept for those who resume', () => {
  let history: DataHistory
  beforeEach(() => {
    vi.useFakeTimers()
    history = new DataHistory(bounds, Date.now)
  })
  afterEach(() => {
    history.close()
    vi.useRealTimers()
  })

  it('are given back in the order of the room, by what the client had of each publisher it names', () => {
    for (const packet of [sent('A', 1), sent('B', 1), sent('A', 2), sent('C', 9), sent('B', 2), sent('A', 3)])
      history.add(packet)
    const had = new Map([
      ['A', 1],
      ['B', 0],
      ['nobody', 5],
    ])
    expect(names(history.missed(had, history.mark, 0))).toEqual(['B1', 'A2', 'B2', 'A3'])
  })

  it('do not count when sent after the mark or before the client joined', () => {
    history.add(sent('A', 1))
    vi.advanceTimersByTime(1_000)
    const joinedAt = Date.now()
    history.add(sent('A', 2))
    const mark = history.mark
    history.add(sent('A', 3))
    expect(names(history.missed(new Map([['A', 0]]), mark, joinedAt))).toEqual(['A2'])
  })

  it('are not kept without a number or a sender', () => {
    history.add(sent('', 1))
    history.add(sent('A', 0))
    expect(history.bytes).toBe(0)
  })

  it('are forgotten after their time, also when nothing else happens', () => {
    history.add(sent('A', 1))
    vi.advanceTimersByTime(15_000)
    history.add(sent('A', 2))
    vi.advanceTimersByTime(6_000)
    expect(names(history.missed(new Map([['A', 0]]), history.mark, 0))).toEqual(['A2'])
    vi.advanceTimersByTime(60_000)
    expect(history.bytes).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('are forgotten oldest first when a publisher or the room has too many', () => {
    for (let i = 1; i <= 30; i++) history.add(sent('A', i, 744))
    expect(history.bytes).toBeLessThanOrEqual(bounds.dataHistoryPublisherBytes)
    expect(names(history.missed(new Map([['A', 0]]), history.mark, 0))).toEqual(
      Array.from({ length: 10 }, (_, i) => `A${21 + i}`),
    )
    for (const publisher of ['B', 'C', 'D']) for (let i = 1; i <= 9; i++) history.add(sent(publisher, i, 744))
    expect(history.bytes).toBeLessThanOrEqual(bounds.dataHistoryRoomBytes)
    expect(names(history.missed(new Map([['D', 0]]), history.mark, 0))).toHaveLength(9)
    expect(history.missed(new Map([['A', 0]]), history.mark, 0)).toEqual([])
  })
})
