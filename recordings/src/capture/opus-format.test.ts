import { describe, expect, it } from 'vitest'
import { opusDurationMs } from './opus-format.ts'

describe('opusDurationMs', () => {
  it.each([
    ['one CELT frame of 20 ms, as browsers send', [0xfc], 20],
    ['one SILK frame of 60 ms', [0x18], 60],
    ['two hybrid frames of 10 ms', [0x61], 20],
    ['three CELT frames of 2.5 ms', [0x83, 0x03], 7.5],
    ['nothing', [], 0],
  ])('%s', (_, bytes, expected) => {
    expect(opusDurationMs(Buffer.from(bytes))).toBe(expected)
  })
})
