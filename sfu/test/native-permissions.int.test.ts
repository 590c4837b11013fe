/** Who may receive what, with the stock native SDK as the one that is kept out: by the publisher's word and by its own token. */
import { dispose } from '@livekit/rtc-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { PATIENCE_MS } from './room-support/codec-lab.ts'
import { Scenario } from './room-support/scenario.ts'

describe('a native client', () => {
  let scenario: Scenario
  const peers: NativePeer[] = []
  beforeAll(async () => {
    scenario = await Scenario.create()
  })
  afterAll(async () => {
    await Promise.all(peers.map(peer => peer.leave()))
    await scenario.close()
    await dispose()
  })

  it('receives only what the publisher and its token allow, and gets the rest when they do', async () => {
    const room = scenario.newRoom()
    const native = async (identity: string, grants: { canSubscribe?: boolean } = {}) => {
      const peer = await NativePeer.join(scenario.sfu, { room, identity, ...grants })
      peers.push(peer)
      return peer
    }
    const an = await scenario.join(room, 'an')
    await an.allowSubscribers(['binh', 'dung'])
    await an.publishDrawing({})
    const [binh, chi, dung] = await Promise.all([
      native('binh'),
      native('chi'),
      native('dung', { canSubscribe: false }),
    ])
    const pictures = (peer: NativePeer) => peer.from('an').videoFrames
    const seen = (peer: NativePeer) => () => (pictures(peer) > 20 ? null : `${pictures(peer)} pictures`)
    await eventually(seen(binh), PATIENCE_MS)
    expect([pictures(chi), pictures(dung)]).toEqual([0, 0])
    expect(chi.room.remoteParticipants.get('an')?.trackPublications.size).toBe(1)

    await an.allowSubscribers(['chi', 'dung'])
    await eventually(seen(chi), PATIENCE_MS)
    await scenario.sfu.roomService().updateParticipant(room, 'dung', {
      permission: { canSubscribe: true, canPublish: true, canPublishData: true },
    })
    await eventually(seen(dung), PATIENCE_MS)
    const before = pictures(binh)
    const others = pictures(chi)
    await eventually(() => (pictures(chi) > others + 20 ? null : 'chi sees too little'), PATIENCE_MS)
    expect(pictures(binh)).toBe(before)
  })
})
