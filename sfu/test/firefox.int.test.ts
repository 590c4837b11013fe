/** The stock livekit-client in Firefox, beside Chromium in the same room. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { addressForFirefox, type FirefoxClient, noFirefox, TestFirefox } from './room-support/firefox.ts'
import {
  expectEvent,
  expectNoPicture,
  expectPicture,
  expectSound,
  hasEvent,
  Scenario,
  statsOf,
} from './room-support/scenario.ts'

if (noFirefox) console.warn(`firefox.int.test.ts is left out: ${noFirefox}`)

describe.skipIf(noFirefox)('Firefox', () => {
  let scenario: Scenario
  let firefox: TestFirefox
  beforeAll(async () => {
    const announcedAddress = addressForFirefox()
    const sfu = { announcedAddress, env: { SFU_MEDIA_BIND: '0.0.0.0' } }
    ;[scenario, firefox] = await Promise.all([Scenario.create({ sfu }), TestFirefox.create()])
  })
  afterEach(() => Promise.all([scenario.reset(), firefox.leaveAll()]))
  afterAll(() => Promise.all([scenario?.close(), firefox?.close()]))

  async function join(room: string, identity: string): Promise<FirefoxClient> {
    const client = await firefox.open()
    await client.connect(scenario.sfu.wsUrl, await scenario.sfu.token({ room, identity, name: identity }))
    return client
  }

  /** The fake device, in simulcast; a drawing would not fill the higher layers. */
  const publishCamera = (client: FirefoxClient): Promise<string> =>
    client.page.evaluate(async () => {
      const { localParticipant } = window.roomClient.room!
      const publication = await localParticipant.setCameraEnabled(true, {
        resolution: { width: 1280, height: 720 },
      })
      return publication?.trackSid ?? ''
    })

  it('publishes camera, sound, screen and data to Chromium, and receives all of them from it', async () => {
    const room = scenario.newRoom()
    const [fox, an] = await Promise.all([join(room, 'fox'), scenario.join(room, 'an')])
    const [camera] = await Promise.all([
      publishCamera(fox),
      fox.publishTone(),
      an.publishDrawing({ simulcast: true, width: 640, height: 360 }),
      an.publishTone(),
    ])
    // Headless browsers have no screen; to signalling and media a screen is a source like any other.
    await Promise.all([
      fox.publishDrawing({ source: 'screen_share', width: 800, height: 600 }),
      an.publishDrawing({ source: 'screen_share', width: 800, height: 600 }),
    ])
    for (const [viewer, publisher] of [
      [an, 'fox'],
      [fox, 'an'],
    ] as const) {
      await Promise.all([
        expectPicture(viewer, publisher),
        expectSound(viewer, publisher),
        expectPicture(viewer, publisher, 'screen_share'),
      ])
    }
    expect(camera).toMatch(/^TR_/)
    await fox.setMuted(camera!, true)
    await expectEvent(an, 'trackMuted', 'fox/camera')
    await expectNoPicture(an, 'fox')
    await fox.setMuted(camera!, false)
    await expectPicture(an, 'fox')
    // Firefox starts the higher simulcast layers seconds later than Chromium: it does not probe for bandwidth. Sizes are
    // compared with one another, because on a busy machine it makes all of them smaller.
    await an.setQuality('fox', 'camera', 'LOW')
    const low = (await expectPicture(an, 'fox')).width
    await an.setQuality('fox', 'camera', 'HIGH')
    await eventually(async () => {
      const width = (await statsOf(an, 'fox', 'camera'))?.width ?? 0
      return width > low ? null : `LOW was ${low} wide, HIGH is ${width}`
    }, 30_000)

    await Promise.all([fox.send('from Firefox'), an.send('from Chromium')])
    await eventually(async () => {
      const heard = [...(await an.data()), ...(await fox.data())].map(({ text }) => text)
      return `${heard}` === 'from Firefox,from Chromium' ? null : `heard: ${heard}`
    })
    await fox.unpublish(camera!)
    await expectEvent(an, 'trackUnpublished', 'fox/camera')
  })

  it('sends the codec an answer names first, whatever follows and whatever it prefers itself', async () => {
    const fox = await firefox.open()
    const sent = await fox.page.evaluate(async () => {
      const [from, to] = [new RTCPeerConnection(), new RTCPeerConnection()]
      const described = async (pc: RTCPeerConnection, description: RTCSessionDescriptionInit) => {
        await pc.setLocalDescription(description)
        while (pc.iceGatheringState !== 'complete') await new Promise(resolve => setTimeout(resolve, 20))
        return pc.localDescription!
      }
      const canvas = document.createElement('canvas')
      const context = canvas.getContext('2d')!
      let count = 0
      const drawing = setInterval(() => context.fillRect(count++ % 200, 0, 50, 50), 50)
      from.addTrack(canvas.captureStream(15).getVideoTracks()[0]!)
      const offer = await described(from, await from.createOffer())
      await to.setRemoteDescription(offer)
      const answer = await described(to, await to.createAnswer())
      const [, vp9 = ''] = /a=rtpmap:(\d+) VP9/.exec(answer.sdp) ?? []
      const sdp = answer.sdp.replace(/^(m=video \d+ \S+) (.*)$/m, (_line, start: string, types: string) => {
        const others = types
          .trim()
          .split(' ')
          .filter(type => type !== vp9)
        return [start, vp9, ...others].join(' ')
      })
      await from.setRemoteDescription({ type: 'answer', sdp })
      let sends = ''
      for (let tries = 0; tries < 500 && sends === ''; tries++) {
        await new Promise(resolve => setTimeout(resolve, 20))
        const report = await from.getStats()
        for (const stats of report.values())
          if (stats.type === 'outbound-rtp' && stats.bytesSent > 0 && stats.codecId)
            sends = report.get(stats.codecId)?.mimeType ?? ''
      }
      clearInterval(drawing)
      from.close()
      to.close()
      const offered = [...offer.sdp.matchAll(/a=rtpmap:\d+ (\w+)/g)].map(([, name]) => name)
      return { sends, offered }
    })
    expect(sent.offered[0]).toBe('VP8')
    expect(sent.sends).toBe('video/VP9')
  })

  it('resumes after its socket was lost, and comes back from a full reconnect, with its tracks', async () => {
    const room = scenario.newRoom()
    const [fox, an] = await Promise.all([join(room, 'fox'), scenario.join(room, 'an')])
    await Promise.all([fox.publishDrawing({}), fox.publishTone(), an.publishDrawing({})])
    await Promise.all([expectPicture(an, 'fox'), expectPicture(fox, 'an')])
    const { sid } = await fox.state()
    await fox.simulate('signal-reconnect')
    await expectEvent(fox, 'reconnected')
    expect((await fox.state()).sid).toBe(sid)
    await Promise.all([expectPicture(an, 'fox'), expectSound(an, 'fox'), expectPicture(fox, 'an')])
    expect(await hasEvent(an, 'participantDisconnected')).toBe(false)

    await fox.simulate('full-reconnect')
    await eventually(async () => {
      const state = await fox.state()
      return state.state === 'connected' && state.sid !== sid ? null : JSON.stringify(state)
    }, 20_000)
    await Promise.all([expectPicture(an, 'fox'), expectSound(an, 'fox'), expectPicture(fox, 'an')])
    await an.send('after')
    await eventually(async () => ((await fox.data()).length === 1 ? null : 'no data after the reconnects'))
  })
})
