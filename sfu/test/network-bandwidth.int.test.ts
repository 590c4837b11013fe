/**
 * A subscriber behind a link that becomes narrow and wide again, in a real browser. Outcomes are judged with generous
 * limits; the times are printed, docs/networks.md names them.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NetworkPath } from '../../testing/network-path.ts'
import type { NoiseOptions } from './room-support/bandwidth-page.ts'
import type { BrowserClient } from './room-support/browser.ts'
import { expectWidth, FlowMeter, percent, secondsSince } from './room-support/flow-meter.ts'
import { Scenario } from './room-support/scenario.ts'

/** livekit-client makes three layers only of pictures from 960 pixels on. */
const LAYERED: NoiseOptions = {
  width: 960,
  height: 540,
  fps: 15,
  bitrate: 1_800_000,
  lower: [
    { width: 160, height: 90, bitrate: 130_000 },
    { width: 480, height: 270, bitrate: 750_000 },
  ],
}
/** Sound is hurt in the first part of this time after the link was narrowed, until what fills its queue is stopped. */
const NOTICE_MS = 3_000
/** The queue itself takes 0.3 s, and packets that it drops are missed as long after. */
const MAX_BROKEN_MS = 1_500
/** Of the tone, with all headers. */
const SOUND_KBPS = 58
const LOWEST_KBPS = 130
/** More than that a link does not carry beside its other packets; who fills it gets more than this. */
const FILLED = 0.93
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
      s => window.bandwidth.streamStates.filter(e => e.source === s && e.identity === 'an').map(e => e.state),
      source,
    )
  const joinBehind = async (room: string, identity: string) => {
    const client = await scenario.join(room, identity, { url: path.wsUrl })
    await client.page.evaluate(() => window.bandwidth.watch())
    return client
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
    const isFull = (width: number) => width >= 900
    const isMiddle = (width: number) => width >= 300 && width < 600
    // An encoder may round a width up a little.
    const isLowest = (width: number) => width < 200
    say(`unlimited: full size after ${await expectWidth(picture, isFull, 40_000)}`)
    // Its encoder takes some seconds to spend what it may, and on a busy machine finds no time for all of it.
    let fullKbps = 0
    for (let i = 0; i < 10 && fullKbps + SOUND_KBPS < 1_500; i++)
      fullKbps = Math.max(fullKbps, (await picture.during(2_000)).kbps)
    say(`full size is ${fullKbps.toFixed(0)} kbit/s`)
    const isTooWide = fullKbps + SOUND_KBPS >= 1_500

    /** What flows for some seconds, and what the queue of the link drops meanwhile. */
    const measure = async () => {
      const before = { ...path.down.counters }
      const [heard, seen] = await Promise.all([sound.during(4_000), picture.during(4_000)])
      const { width } = await picture.sample()
      const after = path.down.counters
      const dropped = after.overflowed - before.overflowed
      const share = dropped / Math.max(after.packets - before.packets + dropped, 1)
      return { ...seen, width, dropped: share, heard }
    }
    type Measured = Awaited<ReturnType<typeof measure>>
    const inWords = ({ width, kbps, fps, dropped }: Measured) =>
      `picture ${width} wide, ${kbps.toFixed(0)} kbit/s, ${fps.toFixed(0)} frames/s, ${percent(dropped)} dropped`
    /** What is wrong with a flow that should have come to rest on its link. */
    const whatIsWrong = ({ heard, kbps, dropped, fps, width }: Measured, linkKbps: number | undefined) => {
      if (heard.lost > 0.02 || heard.concealed > 0.1)
        return `sound ${percent(heard.lost)} lost, ${percent(heard.concealed)} concealed`
      if (linkKbps === undefined) return null
      if (kbps + SOUND_KBPS > linkKbps * FILLED || dropped > 0.05) return 'the queue of the link is full'
      if (linkKbps < SOUND_KBPS + LOWEST_KBPS) return fps === 0 ? null : 'a picture that does not fit'
      if (isTooWide && width >= 600) return 'a layer that does not fit'
      return fps > 6 ? null : `${fps.toFixed(0)} frames/s`
    }
    /** A busy machine stumbles; a link whose queue is full stays so. */
    const settled = async (linkKbps: number | undefined) => {
      for (let windows = 1; ; windows++) {
        const flow = await measure()
        const wrong = whatIsWrong(flow, linkKbps)
        if (wrong === null || windows === 6) return { flow, wrong }
        say(`${linkKbps ?? 'unlimited'} kbit/s, not yet steady: ${inWords(flow)}: ${wrong}`)
      }
    }
    const narrow = async (kbps: number | undefined, maxBrokenMs: number, change: () => Promise<string>) => {
      const before = await sound.sample()
      path.set('down', { kbps })
      const [took, transition] = await Promise.all([
        change(),
        new Promise(resolve => setTimeout(resolve, NOTICE_MS)).then(() => sound.since(before)),
      ])
      // What was in the queue when the pictures went is still on its way.
      await sound.during(1_500)
      const { flow, wrong } = await settled(kbps)
      const steady = flow.heard
      const brokenMs = transition.concealed * transition.seconds * 1_000
      say(
        `${kbps ?? 'unlimited'} kbit/s: changed after ${took}; then ${inWords(flow)}; sound broken for ${brokenMs.toFixed(0)} ms of the first ${NOTICE_MS / 1000} s, ` +
          `${percent(steady.concealed)} after (lost for good ${percent(transition.lost)}, ${percent(steady.lost)})`,
      )
      expect(brokenMs).toBeLessThan(maxBrokenMs)
      expect(wrong, `${kbps ?? 'unlimited'} kbit/s`).toBeNull()
    }
    await narrow(1_500, 800, () => expectWidth(picture, isTooWide ? isMiddle : () => true, 30_000))
    await narrow(500, 1_000, () => expectWidth(picture, isLowest, 20_000))
    await narrow(150, MAX_BROKEN_MS, async () => {
      const start = performance.now()
      await eventually(
        async () => ((await streamStates(binh, 'camera')).at(-1) === 'paused' ? null : 'not told'),
        5_000,
      )
      return secondsSince(start)
    })
    const start = performance.now()
    await narrow(undefined, 800, () => expectWidth(picture, () => true, 25_000))
    expect((await streamStates(binh, 'camera')).at(-1)).toBe('active')
    await expectWidth(picture, width => width >= 300, 60_000)
    say(`medium size again ${secondsSince(start)} after the link was`)
    await expectWidth(picture, isFull, 60_000)
    say(`full size again ${secondsSince(start)} after the link was`)
    await narrow(500, MAX_BROKEN_MS, () => expectWidth(picture, isLowest, 30_000))
  })

  it('loses the camera before the shared screen, and of two cameras the one shown small, when each has one layer only', {
    timeout: 240_000,
  }, async () => {
    const room = scenario.newRoom()
    const an = await scenario.join(room, 'an')
    const single = { width: 480, height: 270, fps: 15 }
    await publishNoise(an, { ...single, bitrate: 400_000 })
    const screenSid = await publishNoise(an, { ...single, bitrate: 300_000, source: 'screen_share' })
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
    /** The one that is kept may have been paused for a moment too. */
    const settle = async (kept: FlowMeter) => {
      await kept.during(2_000)
      await expectWidth(kept, () => true, 20_000)
    }
    path.set('down', { kbps: 550 })
    say(`single layers at 550 kbit/s: camera paused after ${await told('camera', 'paused', 10_000)}`)
    await settle(screen)
    const [kept, gone, heard] = await Promise.all([
      screen.during(4_000),
      camera.during(4_000),
      sound.during(4_000),
    ])
    say(`screen ${kept.fps.toFixed(0)} frames/s, sound lost ${percent(heard.lost)}`)
    expect(gone.fps).toBe(0)
    expect(kept.fps).toBeGreaterThan(6)
    expect(heard.lost).toBeLessThan(0.02)

    path.set('down', { kbps: undefined })
    say(`unlimited again: camera back after ${await told('camera', 'active', 40_000)}`)
    await expectWidth(camera, () => true, 20_000)

    await an.unpublish(screenSid)
    const chi = await scenario.join(room, 'chi')
    await publishNoise(chi, { ...single, bitrate: 300_000 })
    const large = new FlowMeter(binh, 'chi', 'camera')
    await eventually(async () => void (await large.sample()), 15_000)
    await expectWidth(large, () => true, 20_000)
    await binh.page.evaluate(() => {
      window.bandwidth.showAs('an', { width: 160, height: 90 })
      window.bandwidth.showAs('chi', { width: 960, height: 540 })
    })
    path.set('down', { kbps: 600 })
    say(`two cameras at 600 kbit/s: the small one paused after ${await told('camera', 'paused', 10_000)}`)
    await settle(large)
    const [big, small, voice] = await Promise.all([
      large.during(4_000),
      camera.during(4_000),
      sound.during(4_000),
    ])
    say(
      `large camera ${big.fps.toFixed(0)} frames/s, small ${small.fps.toFixed(0)}, sound lost ${percent(voice.lost)}`,
    )
    expect(small.fps).toBe(0)
    expect(big.fps).toBeGreaterThan(6)
    expect(voice.lost).toBeLessThan(0.02)
  })
})
