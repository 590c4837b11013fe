/** Sound as it was sent: in stereo, and with opus' own redundancy where packets are lost. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { disposeNativeSdk, NativePeer } from '../../testing/native-peer.ts'
import { NetworkPath } from '../../testing/network-path.ts'
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
    await disposeNativeSdk()
  })

  const speakInBrowser = async (room: string, path: NetworkPath) => {
    const an = await scenario.join(room, 'an', { url: path.wsUrl })
    await an.publishTone()
    return () => an.leave()
  }
  const speakNatively = async (room: string, path: NetworkPath) => {
    const an = await NativePeer.join(scenario.sfu, { room, identity: 'an' }, { url: path.wsUrl })
    await an.publishMicrophone()
    return () => an.leave()
  }

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

  it.each(['a browser', 'a native client'])('lost on the way up is sent again by %s', async kind => {
    const room = scenario.newRoom()
    const up = await NetworkPath.create(scenario.sfu.wsUrl)
    paths.push(up)
    up.set('both', { delayMs: 15 })
    const binh = await scenario.join(room, 'binh')
    const leave = await (kind === 'a browser' ? speakInBrowser(room, up) : speakNatively(room, up))
    await expectSound(binh, 'an')
    up.set('up', { loss: 0.1, only: ['audio'] })
    const stats = () => binh.page.evaluate(() => window.audioLab.received())
    const heardAfter = async (packets: number) => {
      const start = await stats()
      let now = start
      await eventually(async () => {
        now = await stats()
        return now.packets - start.packets > packets ? null : `${now.packets - start.packets} packets`
      }, 60_000)
      return (now.concealed - start.concealed) / (now.samples - start.samples)
    }
    // The jitter buffer learns how long a retransmission takes.
    await heardAfter(300)
    const before = up.up.counters.lost
    const concealed = await heardAfter(500)
    const lost = up.up.counters.lost - before
    console.log(`${lost} packets of ${kind} lost, ${(concealed * 100).toFixed(1)} % of the sound concealed`)
    expect(lost).toBeGreaterThan(30)
    // What is lost and not sent again is a tenth of the sound.
    expect(concealed).toBeLessThan(0.03)
    await leave()
  })

  it('carries forward error correction when packets are lost', async () => {
    const room = scenario.newRoom()
    const up = await NetworkPath.create(scenario.sfu.wsUrl)
    paths.push(up)
    // What is sent again comes too late on so long a way; the encoder adds redundancy when it is told of loss.
    up.set('up', { loss: 0.25, delayMs: 600, only: ['audio'] })
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
    console.log(`25 % of the sound's packets lost: ${JSON.stringify(figures)}`)
    expect(fmtp).toContain('useinbandfec=1')
  })
})
