/** Stock livekit-clients of earlier years beside today's one, in Chromium and in Firefox. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { addressForFirefox, noFirefox, TestFirefox } from './room-support/firefox.ts'
import type { RemoteClient } from './room-support/remote-client.ts'
import { expectEvent, expectPicture, expectSound, Scenario } from './room-support/scenario.ts'

if (noFirefox) console.warn(`older-clients.int.test.ts is left out for Firefox: ${noFirefox}`)

describe('an older livekit-client', () => {
  let scenario: Scenario
  let firefox: TestFirefox | undefined
  beforeAll(async () => {
    const sfu = { announcedAddress: addressForFirefox(), env: { SFU_MEDIA_BIND: '0.0.0.0' } }
    scenario = await Scenario.create({ sfu })
    if (!noFirefox) firefox = await TestFirefox.create()
  })
  afterEach(() => Promise.all([scenario.reset(), firefox?.leaveAll()]))
  afterAll(() => Promise.all([scenario?.close(), firefox?.close()]))

  const publishBoth = (client: RemoteClient) => Promise.all([client.publishDrawing({}), client.publishTone()])
  const expectBoth = (viewer: RemoteClient, publisher: string) =>
    Promise.all([expectPicture(viewer, publisher), expectSound(viewer, publisher)])

  const versions = ['livekit-client-2.5', 'livekit-client-2.21'] as const
  const browsers = noFirefox ? (['Chromium'] as const) : (['Chromium', 'Firefox'] as const)
  it.each(versions.flatMap(version => browsers.map(name => [version, name] as const)))(
    '%s in %s publishes, receives whatever comes while it publishes, and comes back',
    async (version, name) => {
      const room = scenario.newRoom()
      const an = await scenario.join(room, 'an')
      const old = await (name === 'Firefox' ? firefox! : scenario.browser).open(version)
      await old.connect(scenario.sfu.wsUrl, await scenario.sfu.token({ room, identity: 'old' }))
      // Offers and answers of both directions cross.
      await Promise.all([publishBoth(old), publishBoth(an)])
      await Promise.all([expectBoth(an, 'old'), expectBoth(old, 'an')])
      await Promise.all([
        old.publishDrawing({ source: 'screen_share' }),
        an.publishDrawing({ source: 'screen_share' }),
      ])
      await Promise.all([expectPicture(an, 'old', 'screen_share'), expectPicture(old, 'an', 'screen_share')])
      await Promise.all([old.send('from the older'), an.send('from the newer')])
      await eventually(async () => {
        const heard = [...(await an.data()), ...(await old.data())].map(({ text }) => text)
        return `${heard}` === 'from the older,from the newer' ? null : `heard: ${heard}`
      })

      const { sid } = await old.state()
      await old.simulate('signal-reconnect')
      await expectEvent(old, 'reconnected')
      expect((await old.state()).sid).toBe(sid)
      await Promise.all([expectBoth(an, 'old'), expectBoth(old, 'an')])
      await old.simulate('full-reconnect')
      await eventually(async () => {
        const state = await old.state()
        return state.state === 'connected' && state.sid !== sid ? null : JSON.stringify(state)
      }, 20_000)
      await Promise.all([expectBoth(an, 'old'), expectBoth(old, 'an')])
    },
  )
})
