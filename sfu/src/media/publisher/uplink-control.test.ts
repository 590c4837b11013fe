import type { ProducerStat, WebRtcTransport } from 'mediasoup/types'
import pino from 'pino'
import { beforeEach, describe, expect, it } from 'vitest'
import { UplinkControl } from './uplink-control.ts'

describe('the control of an uplink', () => {
  let told: number[]
  let control: UplinkControl
  let packets: number
  let repaired: number
  beforeEach(() => {
    told = []
    packets = 0
    repaired = 0
    const transport = {
      closed: false,
      getStats: async () => [{ recvBitrate: 256_000 }],
      setMaxIncomingBitrate: async (bps: number) => void told.push(bps),
    }
    control = new UplinkControl(transport as unknown as WebRtcTransport, pino({ level: 'silent' }))
  })
  /** Some seconds in which packets of `kind` were missed and came when they were asked for again. */
  const observe = async (missed: number, kind: 'audio' | 'video' = 'audio') => {
    packets += 250
    repaired += missed
    const loud = {
      kind,
      ssrc: 1,
      bitrate: 56_000,
      packetCount: packets,
      packetsLost: 0,
      packetsRepaired: repaired,
    }
    const picture = {
      kind: 'video',
      ssrc: 2,
      bitrate: 200_000,
      packetCount: 9,
      packetsLost: 9,
      packetsRepaired: 9,
    }
    await control.observe([loud, picture] as unknown as ProducerStat[])
  }

  it('tells the publisher a maximum when sound is missed, also when it came in the end, and each only once', async () => {
    // What was missed before nobody knows when.
    await observe(100)
    await observe(2)
    expect(told).toEqual([])
    await observe(40)
    expect(told).toEqual([170_000])
    await observe(0)
    await observe(0)
    expect(told).toEqual([170_000])
  })

  it('does not mind pictures that are missed', async () => {
    await observe(0, 'video')
    await observe(100, 'video')
    expect(told).toEqual([])
  })

  it('takes the maximum away when the client comes back by another way', async () => {
    await observe(0)
    await observe(40)
    await control.reset()
    expect(told).toEqual([170_000, 0])
    await observe(0)
    expect(told).toEqual([170_000, 0])
  })
})
