/**
 * Lips and sound within 80 ms: a clapperboard is published, and one kind of its packets is delayed on the way to each
 * receiver. In step they are only when the receiving WebRTC holds the faster kind back, which it does within a stream.
 */
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NativePeer } from '../../testing/native-peer.ts'
import { NetworkPath } from '../../testing/network-path.ts'
import type { ClapperKind } from './room-support/clapper-page.ts'
import { addressForFirefox, noFirefox, TestFirefox } from './room-support/firefox.ts'
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

if (noFirefox) console.warn(`lip-sync.int.test.ts is left out for Firefox: ${noFirefox}`)

describe('sound and picture of a source', () => {
  let scenario: Scenario
  const announcedAddress = addressForFirefox()
  let closers: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    scenario = await Scenario.create({ sfu: { announcedAddress, env: { SFU_MEDIA_BIND: '0.0.0.0' } } })
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
    const path = await NetworkPath.create(scenario.sfu.wsUrl, { mediaAddress: announcedAddress })
    path.set('down', { delayMs: DELAY_MS, only: [kind === 'sound' ? 'audio' : 'video'] })
    closers.push(() => path.close())
    return path
  }
  const clap = async (room: string, as: ClapperKind = 'camera') => {
    const client = await scenario.join(room, 'clapper')
    await client.page.evaluate(([period, kind]) => window.clapper.publish(period, kind), [
      CLAP_PERIOD_MS,
      as,
    ] as const)
  }
  const close = (step: () => Promise<unknown>) => closers.push(step)

  const browser = async (room: string, kind: string, path: NetworkPath, as: ClapperKind = 'camera') => {
    const client = await scenario.browser.open()
    const token = await scenario.sfu.token({ room, identity: `browser-${kind}` })
    await client.connect(path.wsUrl, token)
    await client.page.evaluate(() => window.clapper.watch())
    return { what: `browser with the ${kind}`, read: browserMarks(client.page, `clapper/${as}`) }
  }
  const native = async (room: string, kind: string, path: NetworkPath) => {
    const grants = { room, identity: `native-${kind}` }
    const peer = await NativePeer.join(scenario.sfu, grants, { url: path.wsUrl })
    close(() => peer.leave())
    const marks = nativeMarks(peer)
    close(() => marks.stop())
    return { what: `native client with the ${kind}`, read: marks.read }
  }

  const inFirefox = async (room: string, kind: string, path: NetworkPath) => {
    const firefox = await TestFirefox.create()
    close(() => firefox.close())
    const client = await firefox.open()
    await client.connect(path.wsUrl, await scenario.sfu.token({ room, identity: `firefox-${kind}` }))
    await client.page.evaluate(() => window.clapper.watch())
    return { what: `Firefox with the ${kind}`, read: browserMarks(client.page, 'clapper/camera') }
  }

  it.skipIf(noFirefox).each(['picture', 'sound'])(
    'come into step in Firefox when the %s is late',
    { timeout: 90_000 },
    async kind => {
      const room = scenario.newRoom()
      const { what, read } = await inFirefox(room, kind, await lateKind(kind))
      await clap(room)
      const offsets = await expectInStep(read, LIMIT_MS)
      console.log(`beep after flash, ms: ${what} ${DELAY_MS} late: ${round(offsets)}`)
      expect(Math.abs(medianOf(offsets.slice(-CLAPS)))).toBeLessThan(LIMIT_MS)
    },
  )

  it('come into step in a browser when they are a shared screen and its sound', {
    timeout: 90_000,
  }, async () => {
    const room = scenario.newRoom()
    const { read } = await browser(room, 'sound', await lateKind('sound'), 'screen')
    await clap(room, 'screen')
    const offsets = await expectInStep(read, LIMIT_MS)
    console.log(
      `beep after flash, ms: browser with the sound of a screen ${DELAY_MS} late: ${round(offsets)}`,
    )
    expect(Math.abs(medianOf(offsets.slice(-CLAPS)))).toBeLessThan(LIMIT_MS)
  })

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
