import { describe, expect, it } from 'vitest'
import { ReorderBuffer } from './reorder-buffer.ts'
import type { RtpPacket } from './rtp.ts'

const packet = (sequence: number): RtpPacket => ({
  payloadType: 96,
  marker: false,
  sequence: sequence & 0xffff,
  timestamp: 0,
  ssrc: 1,
  payload: Buffer.of(1),
})
const numbers = (packets: { sequence: number }[]) => packets.map(({ sequence }) => sequence)

describe('ReorderBuffer', () => {
  it('lets packets through that come in order, also over the wrap', () => {
    const buffer = new ReorderBuffer()
    expect(numbers([65_535, 0, 1].flatMap(n => buffer.push(packet(n), 0)))).toEqual([65_535, 0, 1])
  })

  it('waits for a retransmission and drops repeats', () => {
    const buffer = new ReorderBuffer(700)
    expect(numbers(buffer.push(packet(1), 0))).toEqual([1])
    expect(buffer.push(packet(3), 10)).toEqual([])
    expect(buffer.push(packet(3), 20)).toEqual([])
    expect(buffer.flush(700)).toEqual([])
    const released = buffer.push(packet(2), 705)
    expect(numbers(released)).toEqual([2, 3])
    expect(released.some(({ afterLoss }) => afterLoss)).toBe(false)
    expect(buffer.push(packet(2), 706)).toEqual([])
  })

  it('gives up after the wait and marks what follows the loss', () => {
    const buffer = new ReorderBuffer(700)
    buffer.push(packet(1), 0)
    buffer.push(packet(3), 10)
    buffer.push(packet(4), 20)
    const released = buffer.flush(711)
    expect(released.map(({ sequence, afterLoss }) => [sequence, afterLoss])).toEqual([
      [3, true],
      [4, false],
    ])
  })

  it('holds no more than it may', () => {
    const buffer = new ReorderBuffer(1e9, 3)
    buffer.push(packet(1), 0)
    expect([3, 4, 6].flatMap(n => numbers(buffer.push(packet(n), 1)))).toEqual([3, 4])
    expect(numbers(buffer.drain())).toEqual([6])
  })

  it('begins anew when the sender does, and says that something is missing', () => {
    const buffer = new ReorderBuffer()
    for (let n = 30_000; n < 30_010; n += 1) buffer.push(packet(n), 0)
    const released = Array.from({ length: 30 }, (_, n) => buffer.push(packet(10_000 + n), 1)).flat()
    expect(released[0]).toMatchObject({ sequence: 10_009, afterLoss: true })
    expect(released.at(-1)).toMatchObject({ sequence: 10_029, afterLoss: false })
  })
})
