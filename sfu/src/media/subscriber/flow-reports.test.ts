import { describe, expect, it } from 'vitest'
import { reportFlows } from './flow-reports.ts'
import type { Subscription } from './subscription.ts'

interface Flow {
  kind?: 'audio' | 'video'
  lost?: number
  bitrate?: number
  paused?: boolean
  verdict?: string
}

/** Asked consumers note their name in `asked`. */
const subscriptionsOf = (flows: Flow[], asked: string[] = []) =>
  flows.map(({ kind = 'audio', lost = 0, bitrate = 1, paused = false, verdict = 'free' }, n) => ({
    isLive: true,
    isWanted: true,
    verdict,
    track: { kind },
    consumer: {
      paused,
      producerPaused: false,
      getStats: async () => {
        asked.push(`${kind} ${n}`)
        return [
          { type: 'outbound-rtp', bitrate, fractionLost: lost, roundTripTime: 41.6 },
          { type: 'inbound-rtp', bitrate, fractionLost: 255 },
        ]
      },
    },
  })) as unknown as Subscription[]

describe('the reports of what a subscriber receives', () => {
  it('tell loss as a share of one and the round trip, of what flows', async () => {
    const flows = [{ lost: 64 }, { lost: 128, bitrate: 0 }, { lost: 128, paused: true }]
    expect(await reportFlows(subscriptionsOf(flows))).toEqual([{ fractionLost: 0.25, rttMs: 42 }])
  })

  it('are of a few flows, pictures first', async () => {
    const asked: string[] = []
    const kinds = ['audio', 'audio', 'audio', 'video', 'audio', 'video'] as const
    await reportFlows(
      subscriptionsOf(
        kinds.map(kind => ({ kind })),
        asked,
      ),
    )
    expect(asked).toEqual(['video 3', 'video 5', 'audio 0', 'audio 1'])
  })

  it('name a picture that is held, and none that is only thinned', async () => {
    const held = await reportFlows(subscriptionsOf([{}, { kind: 'video', paused: true, verdict: 'held' }]))
    expect(held.filter(({ isHeld }) => isHeld)).toHaveLength(1)
    const thinned = await reportFlows(subscriptionsOf([{}, { kind: 'video', verdict: 'lowest' }]))
    expect(thinned.some(({ isHeld }) => isHeld)).toBe(false)
  })
})
