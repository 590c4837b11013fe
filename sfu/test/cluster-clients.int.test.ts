/** The stock clients of four kinds in one room on three nodes: two browsers, Node and Python, with one node killed in front of them. */
import { dispose } from '@livekit/rtc-node'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { noRedisServer } from '../../testing/redis-server.ts'
import { EntryPoint } from './cluster-support/entry-point.ts'
import { Ground } from './cluster-support/ground.ts'
import { expectHeardLoud, expectSeen } from './cluster-support/scenarios/media.ts'
import { type OpenProcesses, openProcesses } from './cluster-support/set-ups.ts'
import { TestBrowser } from './room-support/browser.ts'
import { expectPicture, expectSound } from './room-support/scenario.ts'
import { noPython, SdkPeer } from './room-support/sdk-peer.ts'

const missing = noRedisServer ?? noPython
if (missing) console.warn(`cluster-clients.int.test.ts is left out: ${missing}`)

describe.skipIf(missing)('browsers, Node and Python on three nodes', () => {
  let cluster: OpenProcesses
  let ground: Ground
  let browser: TestBrowser | undefined
  const closers: (() => Promise<void>)[] = []
  beforeAll(async () => {
    const open: Parameters<typeof Ground.create>[0]['open'] = async webhooks => {
      cluster = await openProcesses(webhooks)
      return cluster
    }
    ground = await Ground.create(
      { name: 'three processes', open },
      async () => (browser ??= await TestBrowser.create()),
    )
  })
  afterAll(async () => {
    for (const close of closers.reverse()) await close()
    await ground?.close()
    await browser?.close()
    await dispose()
  })

  /** A URL that leads to that node, and to another when it does not answer. */
  async function entry(at: number): Promise<string> {
    const point = await EntryPoint.create(ground.nodes)
    closers.push(() => point.close())
    point.prefer(ground.node(at))
    return point.wsUrl
  }

  it('see and hear each other, also after the node of two of them was killed', {
    timeout: 180_000,
  }, async () => {
    const room = ground.newRoom()
    const identities = ['web-0', 'web-1', 'native', 'python']
    const python = SdkPeer.python()
    closers.push(() => python.close())
    const token = await ground.node(1).token({ room, identity: 'python' })
    const [web0, web1, native] = await Promise.all([
      ground.page(room, 'web-0', {}, { url: await entry(0) }),
      ground.page(room, 'web-1', {}, { url: await entry(1) }),
      ground.join(room, 'native', {}, { url: await entry(2) }),
      python.call('join', { url: await entry(1), token }),
    ])
    await Promise.all([
      ...[web0, web1].flatMap(web => [web.publishDrawing({}), web.publishTone()]),
      ...[native.publishCamera(), native.publishMicrophone()],
      ...['SOURCE_CAMERA', 'SOURCE_MICROPHONE'].map(source => python.call('publish', { source })),
    ])
    const others = (self: string) => identities.filter(identity => identity !== self)
    /** `fresh`: how often Python has been subscribed to each of them. */
    const expectAll = (fresh: Record<string, number>) =>
      Promise.all([
        ...others('web-0').flatMap(identity => [expectPicture(web0, identity), expectSound(web0, identity)]),
        ...others('web-1').flatMap(identity => [expectPicture(web1, identity), expectSound(web1, identity)]),
        ...others('native').flatMap(identity => [
          expectSeen(native, identity),
          expectHeardLoud(native, identity),
        ]),
        ...others('python').flatMap(identity =>
          ['picture', 'sound'].map(event => python.until(event, { identity }, fresh[identity])),
        ),
      ])
    await expectAll({ 'web-0': 1, 'web-1': 1, native: 1 })
    await cluster.nodes[1]?.kill()
    const killedAt = performance.now()
    await python.until('reconnected')
    await expectAll({ 'web-0': 2, 'web-1': 2, native: 2 })
    console.log(
      `a node killed: all see and hear all again after ${Math.round(performance.now() - killedAt)} ms`,
    )
    await cluster.nodes[1]?.start()
    await ground.expectListed(room, identities)
  })
})
