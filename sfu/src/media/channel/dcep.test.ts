import { describe, expect, it } from 'vitest'
import { kindOfLabel, LABELS, parseDcep, writeDcepAck, writeDcepOpen } from './dcep.ts'

describe('DCEP', () => {
  it('reads back what it writes', () => {
    expect(parseDcep(writeDcepAck())).toEqual({ type: 'ack' })
    for (const kind of ['reliable', 'lossy', 'data_track'] as const)
      expect(parseDcep(writeDcepOpen(kind))).toEqual({ type: 'open', label: LABELS[kind] })
  })

  it('opens the reliable channel in order and the lossy one unordered without retransmission', () => {
    expect([...writeDcepOpen('reliable').subarray(0, 8)]).toEqual([3, 0, 0, 0, 0, 0, 0, 0])
    expect([...writeDcepOpen('lossy').subarray(0, 8)]).toEqual([3, 0x81, 0, 0, 0, 0, 0, 0])
  })

  it('takes nothing from truncated or foreign messages', () => {
    const open = writeDcepOpen('reliable')
    for (let length = 0; length < open.length; length++)
      expect(parseDcep(open.subarray(0, length))).toBeUndefined()
    expect(parseDcep(Buffer.from([9, 9, 9]))).toBeUndefined()
    const lying = Buffer.from(open)
    lying.writeUInt16BE(60_000, 8)
    expect(parseDcep(lying)).toBeUndefined()
  })

  it('knows the three labels and no other', () => {
    expect(kindOfLabel('_lossy')).toBe('lossy')
    expect(kindOfLabel('toString')).toBeUndefined()
  })
})
