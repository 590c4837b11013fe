/**
 * Lips and sound within 80 ms: a clapperboard is published, and one kind of its packets is delayed on the way to each
 * receiver. In step they are only when the receiving WebRTC holds the faster kind back, which it does within a stream.
 */
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NativePeer } from './harness/native-peer.ts'
import { NetworkPath } from './harness/network-path.ts'
import { Scenario } from './room-support/scenario.ts'
import {
  browserMarks,
  CLAP_PERIOD_MS,
  CLAPS,
  expectInStep,
  medianOf,
  nativeMarks,
} from './room-support/sync-lab.ts'

/** How much later one kind arrives than the other, ms. */
const DELAY_MS = 250
const LIMIT_MS = 80

const round = (values: number[]) => values.map(Math.round).join(' ')

describe('sound and picture of a source', () => {
  let scenario: Scenario
  let closers: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(async () => {
    for (const close of closers.reverse()) await close()
    closers = []
    await scenario.reset()
  })
  afterAll(async () => {
    await scenario.close()
    await dispose()
  })

  const lateKind = async (only: 'audio' | 'video'): Promise<NetworkPath> => {
    const path = await NetworkPath.create(scenario.sfu.wsUrl)
    path.set('down', { delayMs: DELAY_MS, only: [only] })
    closers.push(() => path.close())
    return path
  }
  const clap = async (room: string) => {
    const client = await scenario.join(room, 'clapper')
    await client.page.evaluate(period => window.clapper.publish(period), CLAP_PERIOD_MS)
  }
  const close = (step: () => Promise<unknown>) => closers.push(step)

  it('come into step in a browser and in the native SDK, whichever of them is late', {
    timeout: 90_000,
  }, async () => {
    const room = scenario.newRoom()
    const viewer = await scenario.browser.open()
    const latePicture = await lateKind('video')
    await viewer.connect(latePicture.wsUrl, await scenario.sfu.token({ room, identity: 'browser' }))
    await viewer.page.evaluate(() => window.clapper.watch())
    const lateSound = await lateKind('audio')
    const peer = await NativePeer.join(scenario.sfu, { room, identity: 'native' }, { url: lateSound.wsUrl })
    close(() => peer.leave())
    const native = nativeMarks(peer)
    close(() => native.stop())

    await clap(room)
    const [inBrowser, inNative] = await Promise.all([
      expectInStep(browserMarks(viewer, 'clapper/camera'), LIMIT_MS),
      expectInStep(native.read, LIMIT_MS),
    ])
    console.log(
      `beep after flash, ms: browser with the picture ${DELAY_MS} late: ${round(inBrowser)}; ` +
        `native with the sound ${DELAY_MS} late: ${round(inNative)}`,
    )
    expect(Math.abs(medianOf(inBrowser.slice(-CLAPS)))).toBeLessThan(LIMIT_MS)
    expect(Math.abs(medianOf(inNative.slice(-CLAPS)))).toBeLessThan(LIMIT_MS)
  })
})
