/** End-to-end encryption of the native SDK, with itself and with the stock browser client: the SFU forwards what it cannot read. */
import { Encryption_Type } from '@livekit/protocol'
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { lab, PATIENCE_MS } from './room-support/codec-lab.ts'
import { expectPicture, expectSound, Scenario } from './room-support/scenario.ts'

/** Of 10 ms each. */
const NOISE_FRAMES = 10

describe('end-to-end encryption of a native client', () => {
  let scenario: Scenario
  const peers: NativePeer[] = []
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterEach(async () => {
    await Promise.all(peers.splice(0).map(peer => peer.leave()))
    await scenario.reset()
  })
  afterAll(async () => {
    await scenario.close()
    await dispose()
  })

  it('is understood by native clients and browsers that have the key, and by nobody else', async () => {
    const room = scenario.newRoom()
    const native = async (identity: string, key: string) => {
      const peer = await NativePeer.join(scenario.sfu, { room, identity }, { key })
      peers.push(peer)
      return peer
    }
    const [an, binh, chi] = await Promise.all([
      native('an', 'right'),
      native('binh', 'right'),
      native('chi', 'wrong'),
    ])
    const web = await scenario.browser.open()
    await lab(web).connectEncrypted(
      scenario.sfu.wsUrl,
      await scenario.sfu.token({ room, identity: 'web' }),
      'right',
    )
    await Promise.all([an.publishCamera(), an.publishMicrophone()])
    await lab(web).publishPattern({ codec: 'vp8' })
    await web.publishTone()
    for (const identity of ['an', 'web'])
      await eventually(async () => {
        const { tracks } = await scenario.sfu.roomService().getParticipant(room, identity)
        const isEncrypted = tracks.every(track => track.encryption === Encryption_Type.GCM)
        return tracks.length === 2 && isEncrypted ? null : `${identity} has ${tracks.length} tracks`
      }, PATIENCE_MS)

    const understands = (peer: NativePeer, identity: string) => () => {
      const { videoFrames, loudFrames } = peer.from(identity)
      return videoFrames > 5 && loudFrames > 3 * NOISE_FRAMES
        ? null
        : `${videoFrames} pictures, ${loudFrames} loud frames`
    }
    await eventually(understands(binh, 'an'), PATIENCE_MS)
    await eventually(understands(binh, 'web'), PATIENCE_MS)
    await expectPicture(web, 'an')
    await expectSound(web, 'an')
    // By now the others have seen and heard for a while. The SDK plays what comes before its decryption is set up as it is, a moment of noise.
    for (const identity of ['an', 'web']) {
      expect(chi.from(identity).videoFrames).toBe(0)
      expect(chi.from(identity).loudFrames).toBeLessThan(NOISE_FRAMES)
      expect(binh.from(identity).loudFrames).toBeGreaterThan(3 * NOISE_FRAMES)
    }
  })
})
