/**
 * The stock ConnectionCheck of livekit-client, every check that is not for LiveKit's cloud, and media that can only go through a
 * TURN server: Chromium, Debian's coturn, the SFU's time-limited credentials. Nearly all at the same time, because it is mostly waiting.
 */
import { createHmac } from 'node:crypto'
import { CheckStatus } from 'livekit-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { noTurnServer, TurnServer } from '../../testing/turn-server.ts'
import { expectWays, iceLab } from './room-support/ice-lab.ts'
import type { CheckName } from './room-support/ice-page.ts'
import { expectEvent, expectPicture, expectSound, Scenario } from './room-support/scenario.ts'

/** What a check may warn of here: the tests' server speaks ws:, and a busy machine limits an encoder. */
const ACCEPTED_WARNINGS = /^Server is insecure|limited|packets lost/

if (noTurnServer) console.warn(`connection-check.int.test.ts is left out: ${noTurnServer}`)

let turn: TurnServer
let scenario: Scenario
beforeAll(async () => {
  if (noTurnServer) return
  turn = await TurnServer.create()
  scenario = await Scenario.create({
    sfu: { workers: 2, env: turn.env },
    browserArgs: [`--ignore-certificate-errors-spki-list=${turn.spki}`],
  })
})
afterAll(async () => {
  await scenario?.close()
  await turn?.stop()
})

async function expectToPass(name: CheckName): Promise<void> {
  const client = await scenario.browser.open()
  const token = await scenario.sfu.token({ room: scenario.newRoom(), identity: name })
  const protocols = new Set<string>()
  const watch = setInterval(async () => {
    for (const { protocol } of await iceLab(client)
      .ways()
      .catch(() => []))
      protocols.add(protocol)
  }, 500)
  const { status, logs, data } = await iceLab(client).check(name, scenario.sfu.wsUrl, token)
  clearInterval(watch)
  const said = logs.map(({ level, message }) => `${level}: ${message}`).join('\n')
  expect(status, said).toBe(CheckStatus.SUCCESS)
  const warnings = logs.filter(({ level, message }) => level !== 'info' && !ACCEPTED_WARNINGS.test(message))
  expect(warnings, said).toEqual([])
  console.log(`${name}:\n${said}\n${JSON.stringify(data ?? '')}`)
  // Else it would have compared UDP with UDP.
  if (name === 'checkConnectionProtocol')
    expect([...protocols]).toEqual(expect.arrayContaining(['udp', 'tcp']))
  await client.leave()
}

describe.skipIf(noTurnServer)('ConnectionCheck', { concurrent: true, timeout: 120_000 }, () => {
  it.each<CheckName>([
    // The longest one first.
    'checkConnectionProtocol',
    'checkWebsocket',
    'checkWebRTC',
    'checkTURN',
    'checkPublishAudio',
    'checkPublishVideo',
  ])('%s passes without a warning', expectToPass)
})

describe.skipIf(noTurnServer)('ConnectionCheck, alone because it gives itself 5 s only,', () => {
  it.each<CheckName>(['checkReconnect'])('%s passes without a warning', expectToPass)
})

describe.skipIf(noTurnServer)(
  'a browser that can reach a TURN server only',
  { concurrent: true, timeout: 120_000 },
  () => {
    it('publishes and receives over UDP, TCP and TLS', async () => {
      const room = scenario.newRoom()
      const ways = [
        { relayProtocol: 'udp', urls: 'transport=udp' },
        { relayProtocol: 'tcp', urls: '^turn:.*transport=tcp' },
        { relayProtocol: 'tls', urls: '^turns:' },
      ]
      const walled = await Promise.all(
        ways.map(async ({ relayProtocol, urls }) => {
          const client = await scenario.browser.open()
          await iceLab(client).allowTurn(urls)
          const token = await scenario.sfu.token({ room, identity: relayProtocol })
          const rtcConfig = { iceTransportPolicy: 'relay' as const }
          await client.connect(scenario.sfu.wsUrl, token, {}, { rtcConfig })
          return { client, relayProtocol }
        }),
      )
      const open = await scenario.join(room, 'open')
      await open.publishDrawing({})
      await Promise.all(
        walled.map(async ({ client, relayProtocol }) => {
          await Promise.all([client.publishDrawing({}), client.publishTone()])
          await expectPicture(open, relayProtocol)
          await expectSound(open, relayProtocol)
          await expectPicture(client, 'open')
          await expectWays(client, 2, way => way.localType === 'relay' && way.relayProtocol === relayProtocol)
          await client.send(`by ${relayProtocol}`)
        }),
      )
      await expectWays(open, 2, way => way.localType !== 'relay')
      await eventually(async () => {
        const heard = (await open.data()).map(({ text }) => text).sort()
        return `${heard}` === 'by tcp,by tls,by udp' ? null : `heard: ${heard}`
      })
    })

    it('is given fresh credentials with a resume, and its media goes on through the relay', async () => {
      const room = scenario.newRoom()
      const connect = { rtcConfig: { iceTransportPolicy: 'relay' as const } }
      const [walled, open] = await Promise.all([
        scenario.join(room, 'walled', { connect }),
        scenario.join(room, 'open'),
      ])
      await walled.publishDrawing({})
      await expectPicture(open, 'walled')
      const [before] = await iceLab(walled).iceServers()
      const { sid } = await walled.state()
      expect(before?.username).toMatch(new RegExp(`^\\d{10}:${sid}$`))
      await walled.simulate('signal-reconnect')
      await expectEvent(walled, 'reconnected')
      await expectPicture(open, 'walled')
      await expectWays(walled, 2, way => way.localType === 'relay')
      const [after] = await iceLab(walled).iceServers()
      expect(Number.parseInt(after!.username, 10)).toBeGreaterThan(Number.parseInt(before!.username, 10))
    })

    it('gets no relay with a credential that has expired, that was made up, or that names another', async () => {
      const client = await scenario.browser.open()
      const urls = [`turn:127.0.0.1:${turn.port}?transport=udp`]
      const sign = (username: string, secret = turn.secret) => ({
        urls,
        username,
        credential: createHmac('sha1', secret).update(username).digest('base64'),
      })
      const now = Math.floor(Date.now() / 1000)
      const good = sign(`${now + 60}:PA_x`)
      const allocate = iceLab(client).allocate
      expect((await allocate(good)).relayed).not.toEqual([])
      const bad = {
        expired: sign(`${now - 5}:PA_x`),
        'made up': sign(`${now + 60}:PA_x`, 'guessed'),
        'of another': { ...good, username: `${now + 9_999}:PA_x` },
      }
      for (const [what, server] of Object.entries(bad)) {
        const { relayed, errors } = await allocate(server)
        expect(relayed, what).toEqual([])
        expect(errors, what).toContain(401)
      }
    })
  },
)
