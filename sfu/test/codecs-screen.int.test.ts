/** Screen shares with layers of their own beside cameras; tracks stopped, published again, and after a full reconnection. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { expectDecoded, lab, PATIENCE_MS } from './room-support/codec-lab.ts'
import type { PatternOptions } from './room-support/codec-page.ts'
import { expectSound, Scenario } from './room-support/scenario.ts'

describe('a shared screen', () => {
  let scenario: Scenario
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(() => scenario.reset())
  afterAll(() => scenario.close())

  const SCREEN: PatternOptions = {
    source: 'screen_share',
    width: 960,
    height: 540,
    fps: 15,
    simulcast: [2],
    lowFps: 5,
    contentHint: 'detail',
  }

  it('has layers of its own beside the camera and its sound, is stopped and shared again in the same lines', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    const camera = await lab(an).publishPattern({ width: 640, height: 360, simulcast: [2] })
    let screen = await lab(an).publishPattern(SCREEN)
    await an.publishTone('screen_share_audio')
    await expectDecoded(binh, camera, { width: 640 })
    await expectDecoded(binh, screen, { width: 960 })
    await expectSound(binh, 'an', 'screen_share_audio')
    const { tracks } = await scenario.sfu.roomService().getParticipant(room, 'an')
    expect(tracks.find(track => track.sid === screen)).toMatchObject({
      simulcast: true,
      layers: [
        { width: 480, rid: 'q', spatialLayer: 0 },
        { width: 960, rid: 'h', spatialLayer: 1 },
      ],
    })
    await binh.setQuality('an', 'screen_share', 'LOW')
    await expectDecoded(binh, screen, { width: 480 })
    await binh.setQuality('an', 'screen_share', 'HIGH')
    await expectDecoded(binh, screen, { width: 960 })

    const sections = await binh.receivingSections()
    for (let n = 0; n < 3; n++) {
      screen = await lab(an).unpublish(screen, true)
      await expectDecoded(binh, screen, { width: 960 })
    }
    expect(await binh.receivingSections()).toBeLessThanOrEqual(sections + 1)
    await expectDecoded(binh, camera, { width: 640 })
  })

  it('in VP9 is one layer with all its sharpness', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    const screen = await lab(an).publishPattern({ ...SCREEN, simulcast: [], codec: 'vp9' })
    await expectDecoded(binh, screen, { codec: 'vp9', width: 960 })
    await binh.setQuality('an', 'screen_share', 'LOW')
    await expectDecoded(binh, screen, { codec: 'vp9', width: 960 })
  })

  it('is shared again by itself, with camera and sound, after a full reconnection of its publisher', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    const before = [await lab(an).publishPattern({}), await lab(an).publishPattern(SCREEN)]
    await an.publishTone('screen_share_audio')
    for (const sid of before) await expectDecoded(binh, sid)
    await an.simulate('full-reconnect')
    await eventually(async () => {
      const tracks = (await an.localTracks()).filter(track => track.source !== 'screen_share_audio')
      const isAnew = tracks.length === 2 && tracks.every(track => track.sid && !before.includes(track.sid))
      return isAnew ? null : `published: ${tracks.map(track => track.sid).join()}`
    }, PATIENCE_MS)
    for (const track of await an.localTracks())
      if (track.source !== 'screen_share_audio') await expectDecoded(binh, track.sid)
    await expectSound(binh, 'an', 'screen_share_audio')
  })
})
