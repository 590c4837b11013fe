/** The backup codec of the stock client: published when somebody cannot decode the first one, and only then. */
import { BackupCodecPolicy, TrackInfo } from '@livekit/protocol'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import type { BrowserClient } from './room-support/browser.ts'
import { expectDecoded, expectEncoded, lab, PATIENCE_MS } from './room-support/codec-lab.ts'
import { expectEvent, hasEvent, Scenario } from './room-support/scenario.ts'

describe('a backup codec', () => {
  let scenario: Scenario
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(() => scenario.reset())
  afterAll(() => scenario.close())

  /** A client on a browser that has no such decoders. */
  async function joinWithout(room: string, identity: string, ...refused: string[]): Promise<BrowserClient> {
    const client = await scenario.browser.open()
    await lab(client).refuseCodecs(refused)
    await client.connect(scenario.sfu.wsUrl, await scenario.sfu.token({ room, identity }))
    return client
  }
  const infoOf = async (room: string, sid: string) => {
    const { tracks } = await scenario.sfu.roomService().getParticipant(room, 'an')
    return TrackInfo.fromJson(tracks.find(track => track.sid === sid)!.toJson())
  }

  it('is taken by everybody in the default policy, and the first one is not encoded any more', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    const sid = await lab(an).publishPattern({ codec: 'vp9', simulcast: [2], backupCodec: true })
    await expectDecoded(binh, sid, { codec: 'vp9' })
    expect(await lab(an).encoded(sid)).toHaveLength(1)
    expect((await infoOf(room, sid)).codecs).toMatchObject([{ mimeType: 'video/VP9' }, { mid: '' }])

    const chi = await joinWithout(room, 'chi', 'vp9', 'av1')
    await expectDecoded(chi, sid, { codec: 'vp8' })
    await expectDecoded(binh, sid, { codec: 'vp8' })
    await expectEncoded(an, sid, 'vp8:h vp8:q')
    const [vp9, vp8] = (await infoOf(room, sid)).codecs
    expect(vp9).toMatchObject({ mimeType: 'video/VP9', layers: [{}, {}, {}] })
    expect(vp8).toMatchObject({
      mimeType: 'video/VP8',
      layers: [{ rid: 'q' }, { rid: 'h', spatialLayer: 1 }],
    })
    expect(vp8!.mid).not.toBe('')
    expect(vp8!.mid).not.toBe(vp9!.mid)
    // Layers and mute work in the second codec as in the first.
    await binh.setQuality('an', 'camera', 'LOW')
    await expectDecoded(binh, sid, { codec: 'vp8', width: vp8!.layers[0]!.width })
    const dung = await scenario.join(room, 'dung')
    await expectDecoded(dung, sid, { codec: 'vp8' })
  })

  it('comes by itself for the next track, before whose publisher the server knows who needs it', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), joinWithout(room, 'binh', 'vp9')])
    for (const name of ['one', 'two']) {
      const track = { codec: 'vp9', width: 320, height: 180, backupCodec: true, name } as const
      await expectDecoded(binh, await lab(an).publishPattern(track), { codec: 'vp8' })
    }
  })

  it('goes only to those who need it when the publisher asks for both', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    const chi = await joinWithout(room, 'chi', 'av1')
    const sid = await lab(an).publishPattern({
      codec: 'av1',
      width: 320,
      height: 180,
      scalabilityMode: 'L1T3',
      backupCodec: 'h264',
      backupCodecPolicy: BackupCodecPolicy.SIMULCAST,
    })
    await expectDecoded(chi, sid, { codec: 'h264' })
    await expectDecoded(binh, sid, { codec: 'av1' })
    await expectEncoded(an, sid, 'av1 h264')
    // The last one who needed it leaves: the second encoder rests, nobody else notices.
    await chi.leave()
    await expectEncoded(an, sid, 'av1')
    await expectDecoded(binh, sid, { codec: 'av1' })
    expect((await binh.events()).filter(event => event.name === 'trackSubscribed')).toHaveLength(1)
    // And is there at once for the next.
    const dung = await joinWithout(room, 'dung', 'av1')
    await expectDecoded(dung, sid, { codec: 'h264' })
  })

  it('that was not announced is told to be missing, while all else goes on', async () => {
    const room = scenario.newRoom()
    const an = await scenario.join(room, 'an')
    const binh = await joinWithout(room, 'binh', 'vp9')
    const refused = await lab(an).publishPattern({ codec: 'vp9', width: 320, height: 180, name: 'one' })
    await expectEvent(binh, 'trackSubscriptionFailed', `an/${refused}`)
    const taken = await lab(an).publishPattern({ codec: 'vp8', width: 320, height: 180, name: 'two' })
    await expectDecoded(binh, taken, { codec: 'vp8' })
    expect(await hasEvent(binh, 'disconnected')).toBe(false)
    await eventually(
      async () => ((await lab(an).encoded(taken))[0]?.framesEncoded ? null : 'not encoded'),
      PATIENCE_MS,
    )
  })
})
