/** Dynacast of the native SDK: what nobody watches is not encoded, and what somebody wants comes back. */
import { dispose, RoomEvent } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { eventually } from './harness/eventually.ts'
import { NativePeer } from './harness/native-peer.ts'
import { type RunningSfu, startSfu } from './harness/start-sfu.ts'

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

/** Pictures encoded since it joined, all layers together. */
async function framesEncoded(peer: NativePeer): Promise<number> {
  const { publisherStats } = await peer.room.getRtcStats()
  let frames = 0
  for (const { stats } of publisherStats)
    if (stats.case === 'outboundRtp') frames += stats.value.outbound?.framesEncoded ?? 0
  return frames
}

/** Waits until a second goes by with the encoder at rest, or at work. */
async function expectEncoder(peer: NativePeer, isAtWork: boolean): Promise<void> {
  let before = await framesEncoded(peer)
  await eventually(
    async () => {
      const now = await framesEncoded(peer)
      const grown = now - before
      before = now
      return grown > 0 === isAtWork ? null : `${grown} pictures encoded in a second`
    },
    30_000,
    1_000,
  )
}

it('a native publisher encodes only while somebody watches', async () => {
  const an = await NativePeer.join(sfu, { room: ROOM, identity: 'an' }, { dynacast: true })
  const binh = await NativePeer.join(sfu, { room: ROOM, identity: 'binh' })
  peers.push(an, binh)
  const sid = await an.publishCamera({ width: 640, height: 360, simulcast: true })
  await eventually(() => (binh.from('an').videoFrames > 5 ? null : 'no picture yet'), 20_000)
  await expectEncoder(an, true)
  const publication = binh.room.remoteParticipants.get('an')?.trackPublications.get(sid)
  expect(publication).toBeDefined()
  publication?.setSubscribed(false)
  await expectEncoder(an, false)
  const seen = binh.from('an').videoFrames
  const back = new Promise(resolve => binh.room.once(RoomEvent.TrackSubscribed, resolve))
  publication?.setSubscribed(true)
  await back
  await eventually(() => (binh.from('an').videoFrames > seen + 5 ? null : 'the picture is not back'), 20_000)
  await expectEncoder(an, true)
})
