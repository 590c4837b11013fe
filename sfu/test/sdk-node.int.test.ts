/** The stock Node SDK: what the other native tests do not ask of it. Media between two of them: native-media.int.test.ts. */
import { ConnectionState, dispose, RoomEvent } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { NetworkPath } from '../../testing/network-path.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'

describe('the Node SDK', () => {
  let sfu: RunningSfu
  let roomNumber = 0
  const peers: NativePeer[] = []

  beforeAll(async () => {
    sfu = await startSfu({ workers: 2 })
  })
  afterEach(async () => {
    for (const peer of peers.splice(0)) await peer.leave()
  })
  afterAll(async () => {
    await sfu?.stop()
    await dispose()
  })

  async function join(room: string, identity: string, url?: string): Promise<NativePeer> {
    const peer = await NativePeer.join(
      sfu,
      { room, identity, canUpdateOwnMetadata: true },
      url === undefined ? {} : { url },
    )
    peers.push(peer)
    return peer
  }
  const newRoom = () => `node-${++roomNumber}`

  it('calls another by RPC, and is told of a method that is not there', async () => {
    const room = newRoom()
    const [an, binh] = await Promise.all([join(room, 'an'), join(room, 'binh')])
    binh.room.localParticipant!.registerRpcMethod('backwards', async ({ payload }) =>
      [...payload].reverse().join(''),
    )
    const call = (method: string) =>
      an.room.localParticipant!.performRpc({ destinationIdentity: 'binh', method, payload: 'xin chào' })
    expect(await call('backwards')).toBe('oàhc nix')
    await expect(call('unknown')).rejects.toThrow(/not supported/i)
  })

  it('tells and is told metadata, name and attributes', async () => {
    const room = newRoom()
    const [an, binh] = await Promise.all([join(room, 'an'), join(room, 'binh')])
    const local = an.room.localParticipant!
    await local.updateMetadata('xã Bình An')
    await local.setAttributes({ seat: '4' })
    await local.updateName('Nguyễn Văn An')
    await eventually(() => {
      const seen = binh.room.remoteParticipants.get('an')
      const facts = [seen?.metadata, seen?.name, seen?.attributes.seat].join(', ')
      return facts === 'xã Bình An, Nguyễn Văn An, 4' ? null : facts
    })
  })

  it('is subscribed to a track that was muted before it came', async () => {
    const room = newRoom()
    const an = await join(room, 'an')
    const sid = await an.publishCamera()
    await sfu.roomService().mutePublishedTrack(room, 'an', sid, true)
    const binh = await join(room, 'binh')
    const seen = () => binh.room.remoteParticipants.get('an')?.trackPublications.get(sid)
    await eventually(() => (seen()?.track && seen()?.muted ? null : 'not subscribed'))
    expect(binh.videoFramesBySid.get(sid)).toBeUndefined()
  })

  it('joins by an address with a slash at its end, moves with its track, and is told to go', async () => {
    const [from, to] = [newRoom(), newRoom()]
    const [an, there] = [await join(from, 'an', `${sfu.wsUrl}/`), await join(to, 'there')]
    await an.publishCamera()
    let reconnections = 0
    an.room.on(RoomEvent.Reconnected, () => reconnections++)
    await sfu.roomService().moveParticipant(from, 'an', to)
    await eventually(() => (there.from('an').videoFrames > 10 ? null : 'no picture'))
    expect(an.room.connectionState).toBe(ConnectionState.CONN_CONNECTED)
    await sfu.roomService().removeParticipant(to, 'an')
    await eventually(() => (an.disconnectedBy === undefined ? 'still there' : null))
  })

  // The SDK waits for 15 s when it sends on a connection that has closed, and comes back only then.
  it('comes back at once although it goes on sending data while the word for it is on its way', async () => {
    const [from, to] = [newRoom(), newRoom()]
    const path = await NetworkPath.create(sfu.wsUrl)
    let sent = 0
    let timer: NodeJS.Timeout | undefined
    try {
      const an = await join(from, 'an', path.wsUrl)
      const there = await join(to, 'there')
      let reconnections = 0
      an.room.on(RoomEvent.Reconnected, () => reconnections++)
      await an.send('first', { reliable: true })
      timer = setInterval(() => {
        // What is sent while it comes back may fail.
        an.send(`${++sent}`, { reliable: true }).catch(() => {})
      }, 20)
      path.holdSignal()
      await sfu.roomService().moveParticipant(from, 'an', to)
      const before = sent
      await eventually(() => (sent > before + 5 ? null : 'nothing was sent'))
      const toldAt = performance.now()
      path.releaseSignal()
      await eventually(() => (reconnections > 0 ? null : 'not back'), 30_000)
      expect(performance.now() - toldAt).toBeLessThan(10_000)
      await eventually(() => (there.data.some(({ from }) => from === 'an') ? null : 'nothing is heard'))
      expect(an.room.connectionState).toBe(ConnectionState.CONN_CONNECTED)
    } finally {
      clearInterval(timer)
      await path.close()
    }
  })
})
