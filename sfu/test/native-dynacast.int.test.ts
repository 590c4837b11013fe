/** Dynacast of the native SDK: what nobody watches is not encoded, and what somebody wants comes back. */
import { dispose, RoomEvent } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { expectEncoder } from './room-support/encoder.ts'

const ROOM = 'native-dynacast'
let sfu: RunningSfu
const peers: NativePeer[] = []
beforeAll(async () => {
  sfu = await startSfu({ workers: 2 })
})
afterEach(() => Promise.all(peers.splice(0).map(peer => peer.leave())))
afterAll(async () => {
  await sfu.stop()
  await dispose()
})

it('a native publisher encodes only while somebody watches', async () => {
  const an = await NativePeer.join(sfu, { room: ROOM, identity: 'an' }, { dynacast: true })
  const binh = await NativePeer.join(sfu, { room: ROOM, identity: 'binh' })
  peers.push(an, binh)
  const sid = await an.publishCamera({ width: 640, height: 360, simulcast: true })
  await eventually(() => (binh.from('an').videoFrames > 5 ? null : 'no picture yet'), 20_000)
  await expectEncoder(an, true, 1_000)
  const publication = binh.room.remoteParticipants.get('an')?.trackPublications.get(sid)
  expect(publication).toBeDefined()
  publication?.setSubscribed(false)
  await expectEncoder(an, false, 1_000)
  const seen = binh.from('an').videoFrames
  const back = new Promise(resolve => binh.room.once(RoomEvent.TrackSubscribed, resolve))
  publication?.setSubscribed(true)
  await back
  await eventually(() => (binh.from('an').videoFrames > seen + 5 ? null : 'the picture is not back'), 20_000)
  await expectEncoder(an, true, 1_000)
})
