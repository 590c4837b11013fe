/** What the stock browser SDK asks for to test itself (SimulateScenario), and calls from the API, on a real connection. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import type { BrowserClient } from './room-support/browser.ts'
import { expectEvent, expectPicture, Scenario, statsOf } from './room-support/scenario.ts'

let scenario: Scenario
beforeAll(async () => {
  scenario = await Scenario.create()
})
afterEach(() => scenario.reset())
afterAll(() => scenario?.close())

/** Protocols of the connections in use, as the browser's own statistics tell. */
const protocolsOf = (client: BrowserClient): Promise<string[]> =>
  client.page.evaluate(async () => {
    const manager = window.roomClient.room?.engine.pcManager
    const found: string[] = []
    for (const side of [manager?.publisher, manager?.subscriber]) {
      const stats = [...((await side?.getStats()) ?? new Map()).values()]
      const transport = stats.find(stat => stat.type === 'transport')
      const pair = stats.find(stat => stat.id === transport?.selectedCandidatePairId)
      const candidate = stats.find(stat => stat.id === pair?.localCandidateId)
      if (candidate) found.push(candidate.protocol)
    }
    return found
  })

const comesBackAnew = async (client: BrowserClient, sid: string) => {
  await eventually(async () => {
    const { state, sid: now } = await client.state()
    return state === 'connected' && now !== '' && now !== sid ? null : `${state} as ${now}`
  }, 25_000)
}

describe('a browser that simulates', () => {
  it('a blocked UDP comes back over TCP only', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    await Promise.all([an.publishDrawing({}), binh.publishDrawing({})])
    await Promise.all([expectPicture(binh, 'an'), expectPicture(an, 'binh')])
    expect(await protocolsOf(an)).toEqual(['udp', 'udp'])
    const { sid } = await an.state()
    await an.simulate('force-tcp')
    await comesBackAnew(an, sid)
    await Promise.all([expectPicture(binh, 'an'), expectPicture(an, 'binh')])
    await eventually(async () => {
      const protocols = await protocolsOf(an)
      return protocols.join() === 'tcp,tcp' ? null : protocols.join()
    })
    expect(await protocolsOf(binh)).toEqual(['udp', 'udp'])
  })

  it('a narrow link gets the small picture, and the large one when it is lifted', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    // The fake camera, because a drawing is so simple that its large picture fits through any link.
    await an.page.evaluate(() =>
      window.roomClient.room?.localParticipant.setCameraEnabled(true, {
        resolution: { width: 640, height: 360 },
      }),
    )
    const widthIs = (fits: (width: number) => boolean) =>
      eventually(
        async () => {
          const { width = 0 } = (await statsOf(binh, 'an', 'camera')) ?? {}
          return fits(width) ? null : `the picture is ${width} wide`
        },
        30_000,
        200,
      )
    await widthIs(width => width >= 640)
    await binh.page.evaluate(() => window.roomClient.room?.simulateScenario('subscriber-bandwidth', 250_000))
    await widthIs(width => width > 0 && width <= 320)
    await binh.page.evaluate(() => window.roomClient.room?.simulateScenario('subscriber-bandwidth', 0))
    await widthIs(width => width >= 640)
  })

  it('a node that died without a word comes back from the start; a resume cut off before its reply resumes', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    await an.publishDrawing({})
    await expectPicture(binh, 'an')
    const { sid } = await an.state()
    await an.simulate('disconnect-signal-on-resume-no-messages')
    await expectEvent(an, 'reconnected')
    expect((await an.state()).sid).toBe(sid)
    await an.simulate('node-failure')
    await comesBackAnew(an, sid)
    await expectPicture(binh, 'an')
  })
})

describe('the API', () => {
  it('calls a method of a browser, which answers as to any other caller', async () => {
    const room = scenario.newRoom()
    const an = await scenario.join(room, 'an')
    await an.page.evaluate(() =>
      window.roomClient.room?.registerRpcMethod('greet', async ({ payload }) => `${payload}, đây là An`),
    )
    const { url, apiKey, apiSecret } = scenario.sfu
    const { AccessToken } = await import('livekit-server-sdk')
    const token = new AccessToken(apiKey, apiSecret)
    token.addGrant({ roomAdmin: true, room })
    const perform = async (method: string) => {
      const response = await fetch(`${url}/twirp/livekit.RoomService/PerformRpc`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${await token.toJwt()}` },
        body: JSON.stringify({ room, destination_identity: 'an', method, payload: 'Chào' }),
      })
      return await response.json()
    }
    expect(await perform('greet')).toEqual({ payload: 'Chào, đây là An' })
    expect(await perform('dance')).toMatchObject({
      code: 'invalid_argument',
      msg: expect.stringContaining('RpcError 1400'),
    })
  })

  it('tells a page of another origin the regions: this node, as it was reached', async () => {
    const an = await scenario.join(scenario.newRoom(), 'an')
    const { url } = scenario.sfu
    const token = await scenario.sfu.token({ room: 'any', identity: 'an' })
    const settings = await an.page.evaluate(
      async ([address, authorization]) =>
        (
          await fetch(`${address}/settings/regions`, {
            headers: { authorization: `Bearer ${authorization}` },
          })
        ).json(),
      [url, token] as const,
    )
    expect(settings).toEqual({
      regions: [{ region: 'local', url: url.replace('http', 'ws'), distance: '0' }],
    })
    expect((await fetch(`${url}/settings/regions`)).status).toBe(401)
  })
})
