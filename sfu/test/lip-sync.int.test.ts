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

  const lateKind = async (kind: string): Promise<NetworkPath> => {
    const path = await NetworkPath.create(scenario.sfu.wsUrl)
    path.set('down', { delayMs: DELAY_MS, only: [kind === 'sound' ? 'audio' : 'video'] })
    closers.push(() => path.close())
    return path
  }
  const clap = async (room: string) => {
    const client = await scenario.join(room, 'clapper')
    await client.page.evaluate(period => window.clapper.publish(period), CLAP_PERIOD_MS)
  }
  const close = (step: () => Promise<unknown>) => closers.push(step)

  const browser = async (room: string, kind: string, path: NetworkPath) => {
    const client = await scenario.browser.open()
    const token = await scenario.sfu.token({ room, identity: `browser-${kind}` })
    await client.connect(path.wsUrl, token)
    await client.page.evaluate(() => window.clapper.watch())
    return { what: `browser with the ${kind}`, read: browserMarks(client, 'clapper/camera') }
  }
  const native = async (room: string, kind: string, path: NetworkPath) => {
    const grants = { room, identity: `native-${kind}` }
    const peer = await NativePeer.join(scenario.sfu, grants, { url: path.wsUrl })
    close(() => peer.leave())
    const marks = nativeMarks(peer)
    close(() => marks.stop())
    return { what: `native client with the ${kind}`, read: marks.read }
  }

  it.each(['picture', 'sound'])(
    'come into step in a browser and in the native SDK when the %s is late',
    {
      timeout: 90_000,
    },
    async kind => {
      const room = scenario.newRoom()
      const paths = await Promise.all([lateKind(kind), lateKind(kind)])
      const readers = await Promise.all([browser(room, kind, paths[0]), native(room, kind, paths[1])])

      await clap(room)
      const seen = await Promise.all(readers.map(({ read }) => expectInStep(read, LIMIT_MS)))
      for (const [i, { what }] of readers.entries())
        console.log(`beep after flash, ms: ${what} ${DELAY_MS} late: ${round(seen[i]!)}`)
      for (const offsets of seen) expect(Math.abs(medianOf(offsets.slice(-CLAPS)))).toBeLessThan(LIMIT_MS)
    },
  )
})
