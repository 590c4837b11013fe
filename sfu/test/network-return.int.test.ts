/** A subscriber whose link was gone for long: how soon it sees again all that it saw. Figures go to docs/networks.md. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NetworkPath } from '../../testing/network-path.ts'
import { expectWidth, FlowMeter, secondsSince } from './room-support/flow-meter.ts'
import { Scenario } from './room-support/scenario.ts'

/** ICE is lost 15 to 18 s after the last packet. */
const CUT_MS = 25_000
/** From the first pictures on; by growing 8 % a second from 50 kbit/s it would take three times as long. */
const FULL_LIMIT_MS = 12_000

describe('a subscriber whose link was gone', () => {
  let scenario: Scenario
  let path: NetworkPath
  beforeAll(async () => {
    scenario = await Scenario.create()
    path = await NetworkPath.create(scenario.sfu.wsUrl)
    path.set('both', { delayMs: 15, queueMs: 300 })
  })
  afterEach(() => scenario.reset())
  afterAll(async () => {
    await scenario?.close()
    await path?.close()
  })

  it('gets all pictures again, in the size they had', { timeout: 150_000 }, async () => {
    const room = scenario.newRoom()
    const an = await scenario.join(room, 'an')
    await an.page.evaluate(async () => {
      await window.bandwidth.publishNoise({
        width: 960,
        height: 540,
        fps: 15,
        bitrate: 1_200_000,
        lower: [
          { width: 160, height: 90, bitrate: 130_000 },
          { width: 480, height: 270, bitrate: 400_000 },
        ],
      })
      await window.bandwidth.publishNoise({
        width: 480,
        height: 270,
        fps: 15,
        bitrate: 300_000,
        source: 'screen_share',
      })
    })
    const binh = await scenario.join(room, 'binh', { url: path.wsUrl })
    await binh.page.evaluate(() => window.bandwidth.watch())
    const camera = new FlowMeter(binh, 'an', 'camera')
    const screen = new FlowMeter(binh, 'an', 'screen_share')
    await eventually(async () => void (await Promise.all([camera.sample(), screen.sample()])), 15_000)
    const isFull = (width: number) => width >= 900
    await Promise.all([expectWidth(camera, isFull, 40_000), expectWidth(screen, () => true, 20_000)])
    await sleep(3_000)

    path.cutMedia()
    path.cutSignal()
    path.refuseSignal()
    await sleep(CUT_MS)
    path.restoreMedia()
    path.admitSignal()
    const start = performance.now()
    const since = (what: string) => () =>
      console.log(`[network] gone for 25 s: ${what} after ${secondsSince(start)}`)
    await Promise.all([
      expectWidth(camera, () => true, 30_000).then(since('camera')),
      expectWidth(screen, () => true, 30_000).then(since('screen')),
    ])
    await expectWidth(camera, isFull, FULL_LIMIT_MS).then(since('camera in full'))
    await eventually(async () => {
      const { state } = await binh.state()
      return state === 'connected' ? null : state
    })
  })
})
