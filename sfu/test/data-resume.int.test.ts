/** Reliable data through lost connections: nothing is missed, nothing comes twice, and who cannot keep up comes back. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NetworkPath } from '../../testing/network-path.ts'
import type { BrowserClient } from './room-support/browser.ts'
import { data } from './room-support/data-lab.ts'
import { expectEvent, Scenario } from './room-support/scenario.ts'

const PATIENCE_MS = 30_000

describe('reliable data', () => {
  let scenario: Scenario
  const paths: NetworkPath[] = []
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(async () => {
    await scenario.reset()
    for (const path of paths.splice(0)) await path.close()
  })
  afterAll(() => scenario.close())

  const texts = async (client: BrowserClient) => (await client.data()).map(message => message.text.trim())
  const expectTexts = (client: BrowserClient, wanted: string[]) =>
    eventually(
      async () => {
        const found = await texts(client)
        return JSON.stringify(found) === JSON.stringify(wanted) ? null : `has ${found.join()}`
      },
      PATIENCE_MS,
      100,
    )
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => `n${from + i}`)

  it('that a receiver lost comes again when it resumes, in order, once, and before what is newer', async () => {
    const room = scenario.newRoom()
    const [an, binh, chi] = await Promise.all([
      scenario.join(room, 'an'),
      scenario.join(room, 'binh'),
      scenario.join(room, 'chi'),
    ])
    const say = async (from: number, to: number) => {
      for (const text of numbers(from, to)) await an.send(text)
    }
    await say(1, 5)
    await expectTexts(binh, numbers(1, 5))
    await data(binh).loseReliable()
    await say(6, 10)
    await an.send('for chi', { to: ['chi'] })
    await expectTexts(chi, [...numbers(1, 10), 'for chi'])
    await data(binh).stopLosingOnResume()
    await binh.simulate('signal-reconnect')
    await expectEvent(binh, 'signalReconnecting')
    await say(11, 15)
    await expectEvent(binh, 'reconnected')
    await say(16, 20)
    await expectTexts(binh, numbers(1, 20))
    await expectTexts(chi, [...numbers(1, 10), 'for chi', ...numbers(11, 20)])
  })

  it('that a sender says while its media and signalling are cut arrives once, in order', async () => {
    const room = scenario.newRoom()
    const binh = await scenario.join(room, 'binh')
    const path = await NetworkPath.create(scenario.sfu.wsUrl)
    paths.push(path)
    const an = await scenario.browser.open()
    await an.connect(path.wsUrl, await scenario.sfu.token({ room, identity: 'an' }))
    for (const text of numbers(1, 5)) await an.send(text)
    await expectTexts(binh, numbers(1, 5))
    path.cutMedia()
    // On their way when the link goes: the connection itself and the client both send them again.
    for (const text of numbers(6, 10)) await an.send(text)
    path.cutSignal()
    await expectEvent(an, 'signalReconnecting')
    for (const text of numbers(11, 15)) await an.send(text)
    path.restoreMedia()
    await expectEvent(an, 'reconnected')
    for (const text of numbers(16, 20)) await an.send(text)
    await expectTexts(binh, numbers(1, 20))
  })

  it('for a receiver that is 16 MiB behind ends with its reconnecting by itself; nobody else misses anything', async () => {
    const room = scenario.newRoom()
    const [an, chi] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'chi')])
    const path = await NetworkPath.create(scenario.sfu.wsUrl)
    paths.push(path)
    const slow = await scenario.browser.open()
    await slow.connect(path.wsUrl, await scenario.sfu.token({ room, identity: 'slow' }))
    const { sid } = await slow.state()
    path.cutMedia()
    const count = 320
    for (let i = 0; i < count; i++) {
      await an.send(`b${i} `, { size: 60_000 })
      // On a busy machine the good receiver shall not be the slow one.
      if (i % 40 === 39)
        await eventually(
          async () => ((await chi.data()).length > i - 40 ? null : 'chi does not keep up'),
          PATIENCE_MS,
        )
    }
    await expectEvent(slow, 'reconnecting')
    expect(scenario.sfu.output).toMatch(/has to reconnect for its data/)
    path.restoreMedia()
    await expectEvent(slow, 'reconnected')
    expect((await slow.state()).sid).not.toBe(sid)
    await eventually(
      async () => ((await chi.data()).length === count ? null : `chi has ${(await chi.data()).length}`),
      PATIENCE_MS,
      200,
    )
    const heard = (await chi.data()).map(message => message.text.split(' ')[0])
    expect(heard).toEqual(Array.from({ length: count }, (_, i) => `b${i}`))
    // The way back works: the slow one hears again.
    await eventually(
      async () => {
        await an.send('welcome back', { reliable: false })
        return (await texts(slow)).includes('welcome back') ? null : 'hears nothing'
      },
      PATIENCE_MS,
      200,
    )
  }, 120_000)
})
