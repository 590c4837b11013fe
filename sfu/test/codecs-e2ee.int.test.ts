/** End-to-end encryption of the stock client with its worker: the SFU forwards what it cannot read. */
import { Encryption_Type } from '@livekit/protocol'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import type { BrowserClient } from './room-support/browser.ts'
import { decodedOf, expectDecoded, lab, PATIENCE_MS } from './room-support/codec-lab.ts'
import type { PatternOptions } from './room-support/codec-page.ts'
import { expectSound, Scenario } from './room-support/scenario.ts'

/** Not green: that is what noise decodes to. */
const HUE = 300

const PATTERNS: PatternOptions[] = [
  { codec: 'vp8', simulcast: [2], name: 'VP8 simulcast', hue: HUE },
  { codec: 'vp9', name: 'VP9 SVC', hue: HUE },
  { codec: 'h264', name: 'H264', hue: HUE },
]

describe('end-to-end encryption', () => {
  let scenario: Scenario
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(() => scenario.reset())
  afterAll(() => scenario.close())

  async function joinWithKey(room: string, identity: string, key: string): Promise<BrowserClient> {
    const client = await scenario.browser.open()
    await lab(client).connectEncrypted(scenario.sfu.wsUrl, await scenario.sfu.token({ room, identity }), key)
    return client
  }
  const showsPattern = async (client: BrowserClient, sid: string) => {
    const hue = await lab(client).hueOf(sid)
    return hue !== undefined && Math.abs(hue - HUE) < 25
  }

  it('lets those with the key see, hear and read, and nobody else, whatever the codec and layer', async () => {
    const room = scenario.newRoom()
    const an = await joinWithKey(room, 'an', 'right')
    const [binh, chi, dung] = await Promise.all([
      joinWithKey(room, 'binh', 'right'),
      joinWithKey(room, 'chi', 'wrong'),
      scenario.join(room, 'dung'),
    ])
    const sids: string[] = []
    for (const pattern of PATTERNS) sids.push(await lab(an).publishPattern(pattern))
    const tone = await an.publishTone()
    const { tracks } = await scenario.sfu.roomService().getParticipant(room, 'an')
    expect(tracks.map(track => track.encryption)).toEqual([1, 1, 1, 1].map(() => Encryption_Type.GCM))

    await Promise.all(
      sids.map((sid, n) => expectDecoded(binh, sid, { codec: PATTERNS[n]!.codec!, width: 640 })),
    )
    for (const sid of sids)
      await eventually(async () => ((await showsPattern(binh, sid)) ? null : 'not the picture'), PATIENCE_MS)
    await lab(binh).setSize(sids[0]!, 320, 180)
    await expectDecoded(binh, sids[0]!, { width: 320 })
    await eventually(
      async () => ((await showsPattern(binh, sids[0]!)) ? null : 'not the picture'),
      PATIENCE_MS,
    )
    await expectSound(binh, 'an')
    expect((await lab(binh).events()).some(event => event === 'encrypted an=true')).toBe(true)

    const heard = (await decodedOf(binh, tone))!.energy
    for (const sid of [...sids, tone])
      for (const other of [chi, dung])
        await eventually(
          async () => ((await decodedOf(other, sid))!.bytes > 2_000 ? null : 'nothing arrived'),
          PATIENCE_MS,
        )
    for (const sid of sids) {
      expect(await showsPattern(chi, sid)).toBe(false)
      expect(await showsPattern(dung, sid)).toBe(false)
      expect((await decodedOf(chi, sid))!.framesDecoded).toBe(0)
    }
    expect((await decodedOf(chi, tone))!.energy).toBeLessThan(heard / 100)

    await an.send('only for those with the key', { topic: 'chat' })
    await eventually(async () => ((await binh.data()).length > 0 ? null : 'no data'), PATIENCE_MS)
    expect((await binh.data())[0]).toMatchObject({
      text: 'only for those with the key',
      from: 'an',
      topic: 'chat',
    })
    await dung.send('in the open')
    await eventually(async () => ((await chi.data()).length > 0 ? null : 'no data'), PATIENCE_MS)
    for (const other of [chi, dung])
      expect((await other.data()).map(({ text }) => text)).not.toContain('only for those with the key')
  })
})
