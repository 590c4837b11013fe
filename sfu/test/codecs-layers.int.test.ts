/** Every codec of the stock client in every shape: decoded, in the size asked for, muted, joined late, taken natively. */
import { dispose, VideoCodec } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { expectDecoded, expectStill, lab, PATIENCE_MS } from './room-support/codec-lab.ts'
import type { PatternOptions } from './room-support/codec-page.ts'
import { Scenario } from './room-support/scenario.ts'

const CASES: { name: string; pattern: PatternOptions; widths: [low: number, high: number] }[] = [
  {
    name: 'VP8 simulcast',
    pattern: { codec: 'vp8', width: 960, height: 540, simulcast: [4, 2] },
    widths: [240, 960],
  },
  { name: 'H264 simulcast', pattern: { codec: 'h264', simulcast: [2] }, widths: [320, 640] },
  { name: 'VP9 SVC', pattern: { codec: 'vp9', width: 960, height: 540 }, widths: [240, 960] },
  // Of three layers announced Chrome sends two: below 240x135 it makes none.
  { name: 'AV1 SVC', pattern: { codec: 'av1' }, widths: [320, 640] },
]

/** Waits until the native client has decoded pictures of `identity`. */
const expectNative = (peer: NativePeer, identity: string, frames = 4) =>
  eventually(() => {
    const { videoFrames } = peer.from(identity)
    return videoFrames >= frames ? null : `${videoFrames} frames decoded natively`
  }, PATIENCE_MS)

describe('a track in', () => {
  let scenario: Scenario
  let peers: NativePeer[] = []
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(async () => {
    await Promise.all(peers.map(peer => peer.leave()))
    peers = []
    await scenario.reset()
  })
  afterAll(async () => {
    await scenario.close()
    await dispose()
  })

  const joinNatively = async (room: string, identity = 'native') => {
    const peer = await NativePeer.join(scenario.sfu, { room, identity })
    peers.push(peer)
    return peer
  }

  it.each(CASES)('$name', async ({ name, pattern, widths: [low, high] }) => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    const sid = await lab(an).publishPattern(pattern)
    const { codec } = pattern
    await expectDecoded(binh, sid, { codec, width: high })
    await binh.setQuality('an', 'camera', 'LOW')
    await expectDecoded(binh, sid, { codec, width: low })
    await binh.setQuality('an', 'camera', 'HIGH')
    await expectDecoded(binh, sid, { codec, width: high })

    await an.setMuted(sid, true)
    await expectStill(binh, sid)
    await an.setMuted(sid, false)
    await expectDecoded(binh, sid, { codec })

    const joinedAt = performance.now()
    const chi = await scenario.join(room, 'chi')
    const native = joinNatively(room)
    await expectDecoded(chi, sid, { codec }, 0)
    console.log(
      `${name}: a late joiner has pictures ${Math.round(performance.now() - joinedAt)} ms after its page opened`,
    )
    await expectNative(await native, 'an')
  })

  it('each codec in one layer, as four cameras of one participant under several names', async () => {
    const room = scenario.newRoom()
    const [an, binh] = await Promise.all([scenario.join(room, 'an'), scenario.join(room, 'binh')])
    const native = await joinNatively(room)
    const codecs = ['vp8', 'h264', 'vp9', 'av1'] as const
    const sids: string[] = []
    for (const codec of codecs)
      sids.push(
        await lab(an).publishPattern({
          codec,
          name: `camera ${codec}`,
          width: 320,
          height: 180,
          scalabilityMode: 'L1T3',
        }),
      )
    await Promise.all(sids.map((sid, n) => expectDecoded(binh, sid, { codec: codecs[n]!, width: 320 })))
    expect((await lab(binh).decoded()).map(({ name }) => name).sort()).toEqual(
      codecs.map(c => `camera ${c}`).sort(),
    )
    await eventually(() => {
      const decoded = [...native.videoFramesBySid.values()].filter(frames => frames >= 2).length
      return decoded === codecs.length ? null : `${decoded} of the tracks decoded natively`
    }, PATIENCE_MS)
  })

  it.each([
    { codec: VideoCodec.H264, name: 'h264' },
    { codec: VideoCodec.VP9, name: 'vp9' },
  ])('$name from the native SDK reaches browsers and native clients', async ({ codec, name }) => {
    const room = scenario.newRoom()
    const binh = await scenario.join(room, 'binh')
    const [publisher, viewer] = [await joinNatively(room, 'an'), await joinNatively(room)]
    const sid = await publisher.publishCamera({ codec, simulcast: codec === VideoCodec.H264 })
    await expectDecoded(binh, sid, { codec: name })
    await expectNative(viewer, 'an')
  })

  it('AV1 from the native SDK, which lacks the dependency descriptor, is refused and not shown as a black picture', async () => {
    const room = scenario.newRoom()
    const binh = await scenario.join(room, 'binh')
    const publisher = await joinNatively(room, 'an')
    const refused = await publisher.publishCamera({ codec: VideoCodec.AV1 })
    const sid = await publisher.publishCamera()
    await expectDecoded(binh, sid, { codec: 'vp8' })
    const { tracks } = await scenario.sfu.roomService().getParticipant(room, 'an')
    expect(tracks.map(track => track.sid)).toEqual([sid])
    expect(refused).not.toBe(sid)
  })
})
