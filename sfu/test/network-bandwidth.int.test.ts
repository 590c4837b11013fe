/**
 * A subscriber behind a link that becomes narrow and wide again, in a real browser. Outcomes are judged with generous
 * limits; the times are printed, docs/networks.md names them.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './harness/eventually.ts'
import { NetworkPath } from './harness/network-path.ts'
import type { NoiseOptions } from './room-support/bandwidth-page.ts'
import type { BrowserClient } from './room-support/browser.ts'
import { FlowMeter, percent, secondsSince } from './room-support/flow-meter.ts'
import { Scenario } from './room-support/scenario.ts'

const LAYERED: NoiseOptions = {
  width: 640,
  height: 360,
  fps: 15,
  bitrate: 1_600_000,
  lower: [
    { width: 160, height: 90, bitrate: 130_000 },
    { width: 320, height: 180, bitrate: 420_000 },
  ],
}
/** Sound is hurt in the first part of this time after the link was narrowed, until what fills its queue is stopped. */
const NOTICE_MS = 3_000
/** The queue itself takes 0.3 s, and packets that it drops are missed as long after. */
const MAX_BROKEN_MS = 1_500
const say = (line: string) => console.log(`[network] ${line}`)

describe('a subscriber on a link that becomes narrow', () => {
  let scenario: Scenario
  let path: NetworkPath
  beforeAll(async () => {
    scenario = await Scenario.create()
    path = await NetworkPath.create(scenario.sfu.wsUrl)
    path.set('both', { delayMs: 15, queueMs: 300 })
  })
  afterEach(async () => {
    path.set('down', { kbps: undefined })
    await scenario.reset()
  })
  afterAll(async () => {
    await scenario.close()
    await path.close()
  })

  const publishNoise = (client: BrowserClient, options: NoiseOptions) =>
    client.page.evaluate(o => window.bandwidth.publishNoise(o), options)
  const streamStates = (client: BrowserClient, source: string) =>
    client.page.evaluate(
      s => window.bandwidth.streamStates.filter(e => e.source === s).map(e => e.state),
      source,
    )
  const joinBehind = async (room: string, identity: string) => {
    const client = await scenario.join(room, identity, { url: path.wsUrl })
    await client.page.evaluate(() => window.bandwidth.watch())
    return client
  }

  /** Waits for a picture of at most or at least that width that moves; resolves with the time it took. */
  async function expectWidth(meter: FlowMeter, isRight: (width: number) => boolean, limitMs: number) {
    const start = performance.now()
    let before = await meter.sample()
    await eventually(
      async () => {
        const now = await meter.sample()
        const frames = now.framesDecoded - before.framesDecoded
        before = now
        return isRight(now.width) && frames > 0 ? null : `${frames} frames of width ${now.width}`
      },
      limitMs,
      300,
    )
    return secondsSince(start)
  }

  it('gets lower layers, then sound only and is told so, then all again; sound goes on', {
    timeout: 240_000,
  }, async () => {
    const room = scenario.newRoom()
    const an = await scenario.join(room, 'an')
    await publishNoise(an, LAYERED)
    await an.publishTone()
    const binh = await joinBehind(room, 'binh')
    const picture = new FlowMeter(binh, 'an', 'camera')
    const sound = new FlowMeter(binh, 'an', 'microphone')
    await eventually(async () => void (await Promise.all([picture.sample(), sound.sample()])), 15_000)
    say(`unlimited: full size after ${await expectWidth(picture, width => width >= 640, 40_000)}`)

    const narrow = async (kbps: number | undefined, change: () => Promise<string>) => {
      const before = await sound.sample()
      path.set('down', { kbps })
      const [took, transition] = await Promise.all([
        change(),
        new Promise(resolve => setTimeout(resolve, NOTICE_MS)).then(() => sound.since(before)),
      ])
      // What was in the queue when the pictures went is still on its way.
      await sound.during(1_500)
      const [steady, flow] = await Promise.all([sound.during(4_000), picture.during(4_000)])
      const brokenMs = transition.concealed * transition.seconds * 1_000
      say(
        `${kbps ?? 'unlimited'} kbit/s: changed after ${took}; then picture ${flow.kbps.toFixed(0)} kbit/s, ` +
          `${flow.fps.toFixed(0)} frames/s; sound broken for ${brokenMs.toFixed(0)} ms of the first ${NOTICE_MS / 1000} s, ` +
          `${percent(steady.concealed)} after (lost for good ${percent(transition.lost)}, ${percent(steady.lost)})`,
      )
      expect(brokenMs).toBeLessThan(MAX_BROKEN_MS)
      expect(steady.lost).toBeLessThan(0.05)
      expect(steady.concealed).toBeLessThan(0.1)
      return flow
    }
    // How much the publisher's encoder finds time for on a busy machine decides whether all of it still fits here.
    await narrow(1_500, () => expectWidth(picture, () => true, 20_000))
    // An encoder may round a width up a little.
    await narrow(500, () => expectWidth(picture, width => width < 200, 40_000))
    const nothing = await narrow(150, async () => {
      const start = performance.now()
      await eventually(
        async () => ((await streamStates(binh, 'camera')).at(-1) === 'paused' ? null : 'not told'),
        20_000,
      )
      return secondsSince(start)
    })
    expect(nothing.fps).toBeLessThan(3)
    const start = performance.now()
    await narrow(undefined, () => expectWidth(picture, () => true, 60_000))
    expect((await streamStates(binh, 'camera')).at(-1)).toBe('active')
    await expectWidth(picture, width => width >= 300, 60_000)
    say(`medium size again ${secondsSince(start)} after the link was`)
  })

  it('loses the camera before the shared screen when both have one layer only', {
    timeout: 180_000,
  }, async () => {
    const room = scenario.newRoom()
    const an = await scenario.join(room, 'an')
    const single = { width: 480, height: 270, fps: 15 }
    await publishNoise(an, { ...single, bitrate: 500_000 })
    await publishNoise(an, { ...single, bitrate: 300_000, source: 'screen_share' })
    await an.publishTone()
    const binh = await joinBehind(room, 'binh')
    const meters = ['camera', 'screen_share', 'microphone'].map(s => new FlowMeter(binh, 'an', s))
    const [camera, screen, sound] = meters as [FlowMeter, FlowMeter, FlowMeter]
    await eventually(async () => void (await Promise.all(meters.map(meter => meter.sample()))), 15_000)
    await Promise.all([camera, screen].map(meter => expectWidth(meter, () => true, 20_000)))

    const told = async (source: string, state: string, limitMs: number) => {
      const start = performance.now()
      await eventually(async () => {
        const states = await streamStates(binh, source)
        return states.at(-1) === state ? null : `${source} is ${states.join()}`
      }, limitMs)
      return secondsSince(start)
    }
    path.set('down', { kbps: 550 })
    say(`single layers at 550 kbit/s: camera paused after ${await told('camera', 'paused', 20_000)}`)
    await told('screen_share', 'active', 30_000).catch(() => {})
    const [kept, gone, heard] = await Promise.all([
      screen.during(4_000),
      camera.during(4_000),
      sound.during(4_000),
    ])
    say(`screen ${kept.fps.toFixed(0)} frames/s, sound lost ${percent(heard.lost)}`)
    expect(gone.fps).toBeLessThan(1)
    expect(kept.fps).toBeGreaterThan(3)
    expect(heard.lost).toBeLessThan(0.05)

    path.set('down', { kbps: undefined })
    say(`unlimited again: camera back after ${await told('camera', 'active', 60_000)}`)
    await expectWidth(camera, () => true, 20_000)
  })
})
