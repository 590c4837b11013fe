/** Dynacast and adaptive stream with real encoders: what nobody wants is not encoded, what somebody wants comes back. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import type { BrowserClient } from './room-support/browser.ts'
import {
  decodedOf,
  expectDecoded,
  expectEncoded,
  expectStill,
  lab,
  PATIENCE_MS,
} from './room-support/codec-lab.ts'
import { Scenario } from './room-support/scenario.ts'

describe('a publisher with dynacast', () => {
  let scenario: Scenario
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(() => scenario.reset())
  afterAll(() => scenario.close())

  it('encodes the layers its viewers want together, nothing for nobody, and all again at once', async () => {
    const room = scenario.newRoom()
    const [an, binh, chi] = await Promise.all([
      scenario.join(room, 'an', { room: { dynacast: true } }),
      scenario.join(room, 'binh'),
      scenario.join(room, 'chi'),
    ])
    const vp8 = await lab(an).publishPattern({ width: 960, height: 540, simulcast: [4, 2], name: 'vp8' })
    const vp9 = await lab(an).publishPattern({ codec: 'vp9', width: 480, height: 270, name: 'vp9' })
    const both = [vp8, vp9]
    const viewers = [binh, chi]
    for (const viewer of viewers) {
      await expectDecoded(viewer, vp8, { width: 960 })
      await expectDecoded(viewer, vp9, { codec: 'vp9' })
    }
    await expectEncoded(an, vp8, 'vp8:f vp8:h vp8:q')

    await lab(binh).setSize(vp8, 240, 135)
    await lab(chi).setSize(vp8, 400, 225)
    for (const viewer of viewers) await lab(viewer).setEnabled(vp9, false)
    await expectEncoded(an, vp8, 'vp8:h vp8:q')
    await expectEncoded(an, vp9, '')
    await expectDecoded(binh, vp8, { width: 240 })
    await expectDecoded(chi, vp8, { width: 480 })

    // A third viewer wants all of it: the others keep theirs.
    const wantedAt = performance.now()
    const dung = await scenario.join(room, 'dung')
    await expectDecoded(dung, vp8, { width: 960 }, 1)
    await expectDecoded(dung, vp9, { codec: 'vp9' }, 1)
    const backMs = performance.now() - wantedAt
    console.log(`a joining viewer has the layers that rested ${Math.round(backMs)} ms after its page opened`)
    await expectDecoded(binh, vp8, { width: 240 })
    await expectDecoded(chi, vp8, { width: 480 })
    for (const viewer of viewers) await expectStill(viewer, vp9)

    await Promise.all([dung, ...viewers].map(viewer => viewer.leave()))
    for (const sid of both) await expectEncoded(an, sid, '')
    const again = await scenario.join(room, 'again')
    await expectDecoded(again, vp8, { width: 960 })
    await expectDecoded(again, vp9, { codec: 'vp9' })
  })

  it('gives a viewer the frame rate it asks for and another one all frames', async () => {
    const room = scenario.newRoom()
    const [an, binh, chi] = await Promise.all([
      scenario.join(room, 'an'),
      scenario.join(room, 'binh'),
      scenario.join(room, 'chi'),
    ])
    const sid = await lab(an).publishPattern({ codec: 'vp9', fps: 20 })
    for (const viewer of [binh, chi]) await expectDecoded(viewer, sid, { width: 640 })
    await lab(binh).setFps(sid, 5)
    const framesOf = async (viewer: BrowserClient) => (await decodedOf(viewer, sid))!.framesDecoded
    /** Frames decoded by binh while chi, who takes all, decodes 20, as a share of those. */
    const expectShare = (isRight: (share: number) => boolean) =>
      eventually(async () => {
        const [slow, all] = [await framesOf(binh), await framesOf(chi)]
        await expectDecoded(chi, sid, {}, 20)
        const share = ((await framesOf(binh)) - slow) / ((await framesOf(chi)) - all)
        return isRight(share) ? null : `binh decodes ${share.toFixed(2)} of what chi decodes`
      }, PATIENCE_MS)
    await lab(binh).setFps(sid, 5)
    await expectShare(share => share > 0 && share < 0.5)
    await lab(binh).setFps(sid, 30)
    await expectShare(share => share > 0.8)
    expect((await decodedOf(binh, sid))!.width).toBe(640)
  })
})
