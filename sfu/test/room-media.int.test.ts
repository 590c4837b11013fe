/** Conformance of pictures and sound: the stock livekit-client in a real browser, real mediasoup, two workers. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import {
  expectEvent,
  expectNoPicture,
  expectPicture,
  expectSound,
  hasEvent,
  Scenario,
  statsOf,
} from './room-support/scenario.ts'

describe('a browser in a room', () => {
  let scenario: Scenario
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(() => scenario.reset())
  afterAll(() => scenario.close())

  it('sees and hears another on a different worker, both ways, with opus and simulcast VP8', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    await an.publishTone()
    await an.publishDrawing({ simulcast: true, width: 640, height: 360 })
    await binh.publishTone()
    await binh.publishDrawing({})
    await Promise.all([
      expectPicture(binh, 'an'),
      expectSound(binh, 'an'),
      expectPicture(an, 'binh'),
      expectSound(an, 'binh'),
    ])
    const workers = await scenario.sfu.workers()
    expect(workers.map(worker => worker.peers)).toEqual([1, 1])
    const info = await scenario.sfu.roomService().getParticipant(room, 'an')
    const camera = info.tracks.find(track => track.mimeType === 'video/VP8')
    expect(camera).toMatchObject({ simulcast: true, width: 640, height: 360 })
    await expectEvent(an, 'localTrackSubscribed', 'camera')
  })

  it('gets what was published before it came', async () => {
    const room = scenario.newRoom()
    const an = await scenario.join(room, 'an')
    await an.publishDrawing({})
    const binh = await scenario.join(room, 'binh')
    await expectPicture(binh, 'an')
  })

  it('receives H264, VP9 and VP8 in turn through one line of the description', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    let sections = 0
    for (const codec of ['h264', 'vp9', 'vp8'] as const) {
      const sid = await an.publishDrawing({ codec })
      const stats = await expectPicture(binh, 'an')
      expect(stats).toMatchObject({ sid, codec: `video/${codec.toUpperCase()}` })
      sections ||= await binh.receivingSections()
      expect(await binh.receivingSections()).toBe(sections)
      await an.unpublish(sid)
      await expectEvent(binh, 'trackUnpublished', 'an/camera')
      await eventually(async () => ((await statsOf(binh, 'an', 'camera')) ? 'still there' : null))
    }
    const events = await binh.events()
    expect(events.filter(event => event.name === 'trackSubscribed')).toHaveLength(3)
  })

  it('receives a screen share with its sound beside the camera', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    await an.publishDrawing({})
    await an.publishDrawing({ source: 'screen_share', width: 640, height: 360 })
    await an.publishTone('screen_share_audio')
    await Promise.all([
      expectPicture(binh, 'an', 'camera'),
      expectPicture(binh, 'an', 'screen_share'),
      expectSound(binh, 'an', 'screen_share_audio'),
    ])
  })

  it('receives only what it asked for when it does not subscribe automatically', async () => {
    const room = scenario.newRoom()
    const an = await scenario.join(room, 'an')
    await an.publishDrawing({})
    await an.publishTone()
    const binh = await scenario.join(room, 'binh', { connect: { autoSubscribe: false } })
    await binh.setSubscribed('an', 'camera', true)
    await expectPicture(binh, 'an')
    expect(await hasEvent(binh, 'trackSubscribed', 'an/microphone')).toBe(false)
    await binh.setSubscribed('an', 'camera', false)
    await expectEvent(binh, 'trackUnsubscribed', 'an/camera')
    await binh.setSubscribed('an', 'camera', true)
    await expectPicture(binh, 'an')
  })

  it('learns of mute and unmute, by the owner and by the server', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    const sid = await an.publishDrawing({})
    await expectPicture(binh, 'an')
    await an.setMuted(sid, true)
    await expectEvent(binh, 'trackMuted', 'an/camera')
    await expectNoPicture(binh, 'an')
    await an.setMuted(sid, false)
    await expectEvent(binh, 'trackUnmuted', 'an/camera')
    await expectPicture(binh, 'an')

    const tone = await an.publishTone()
    await expectSound(binh, 'an')
    await scenario.sfu.roomService().mutePublishedTrack(room, 'an', tone, true)
    await expectEvent(binh, 'trackMuted', 'an/microphone')
    await eventually(async () =>
      (await an.localTracks()).find(track => track.sid === tone)?.muted ? null : 'not muted at its owner',
    )
    await expect(scenario.sfu.roomService().mutePublishedTrack(room, 'an', tone, false)).rejects.toThrow(
      /unmute/,
    )
  })

  it('gets the layer it shows and nothing while hidden (adaptive stream), and the quality it asks for', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([
      scenario.join(room, 'an'),
      scenario.join(room, 'binh', { room: { adaptiveStream: { pixelDensity: 1 } } }),
    ])
    await an.publishDrawing({ simulcast: true, width: 640, height: 360 })
    await expectEvent(binh, 'trackSubscribed', 'an/camera')
    const expectWidth = (width: number) =>
      eventually(
        async () => {
          const stats = await statsOf(binh, 'an', 'camera')
          return stats?.width === width ? null : `width is ${stats?.width}`
        },
        15_000,
        100,
      )
    await binh.showAt('an', 'camera', 640, 360)
    await expectWidth(640)
    await binh.showAt('an', 'camera', 160, 90)
    await expectWidth(320)
    await binh.hide('an', 'camera')
    await expectNoPicture(binh, 'an')
    await binh.showAt('an', 'camera', 640, 360)
    await expectWidth(640)

    const chi = await scenario.join(room, 'chi')
    await expectPicture(chi, 'an')
    await chi.setQuality('an', 'camera', 'LOW')
    await eventually(
      async () => ((await statsOf(chi, 'an', 'camera'))?.width === 320 ? null : 'not low'),
      15_000,
      100,
    )
    await chi.setQuality('an', 'camera', 'HIGH')
    await eventually(
      async () => ((await statsOf(chi, 'an', 'camera'))?.width === 640 ? null : 'not high'),
      15_000,
      100,
    )
  })

  it('stops encoding layers nobody wants and starts them again (dynacast)', async () => {
    const room = scenario.newRoom()
    const an = await scenario.join(room, 'an', { room: { dynacast: true } })
    const binh = await scenario.join(room, 'binh')
    const sid = await an.publishDrawing({ simulcast: true, width: 640, height: 360 })
    await expectPicture(binh, 'an')
    const expectLayers = (wanted: string) =>
      eventually(
        async () => {
          const active = (await an.activeLayers(sid)).filter(layer => layer.active).map(layer => layer.rid)
          return active.join() === wanted ? null : `active: ${active.join()}`
        },
        15_000,
        200,
      )
    await binh.setQuality('an', 'camera', 'LOW')
    await expectLayers('q')
    await binh.setQuality('an', 'camera', 'HIGH')
    await expectLayers('q,h')
    await expectPicture(binh, 'an')
  })
})
