/** Sound as it was sent: in stereo, and with opus' own redundancy where packets are lost. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './harness/eventually.ts'
import { NetworkPath } from './harness/network-path.ts'
import { expectSound, Scenario } from './room-support/scenario.ts'

describe('sound', () => {
  let scenario: Scenario
  let paths: NetworkPath[] = []
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(async () => {
    await scenario.reset()
    await Promise.all(paths.map(path => path.close()))
    paths = []
  })
  afterAll(async () => {
    await scenario.close()
  })

  it('of a stereo track stays on its side, and of a mono track does not', async () => {
    for (const stereo of [true, false]) {
      const room = scenario.newRoom()
      const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
      await an.page.evaluate(
        options => window.audioLab.publishLeft(options),
        stereo ? { stereo, maxBitrate: 128_000 } : { stereo },
      )
      await expectSound(binh, 'an')
      await eventually(
        async () => {
          const { left, right, channels } = await binh.page.evaluate(() => window.audioLab.hear())
          const isOnItsSide = channels === 2 && left > 0.1 && right < left / 4
          const isOnBoth = left > 0.05 && (channels === 1 || Math.abs(left - right) < left / 4)
          return (stereo ? isOnItsSide : isOnBoth) ? null : `left ${left}, right ${right} of ${channels}`
        },
        20_000,
        100,
      )
      await scenario.reset()
    }
  })

  it('carries forward error correction when packets are lost', async () => {
    const room = scenario.newRoom()
    const up = await NetworkPath.create(scenario.sfu.wsUrl)
    paths.push(up)
    // Lost on the way up, where no other copy exists; the encoder adds redundancy when it is told of loss.
    up.set('up', { loss: 0.1, only: ['audio'] })
    const binh = await scenario.join(room, 'binh')
    const an = await scenario.join(room, 'an', { url: up.wsUrl })
    await an.publishTone()
    await expectSound(binh, 'an')
    const stats = () => binh.page.evaluate(() => window.audioLab.received())
    await eventually(
      async () => {
        const { fecPackets, packets, lost } = await stats()
        return fecPackets > 10 ? null : `${fecPackets} packets with redundancy of ${packets}, ${lost} lost`
      },
      40_000,
      500,
    )
    const { fmtp, ...figures } = await stats()
    console.log(`10 % of the sound's packets lost: ${JSON.stringify(figures)}`)
    expect(fmtp).toContain('useinbandfec=1')
  })
})
