/** The stock Python SDK (on the Rust core) in a room with the native SDK of Node: media, data, data tracks, calls, frame metadata. */
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { noPython, SdkPeer } from './room-support/sdk-peer.ts'

if (noPython) console.warn(`sdk-python.int.test.ts is left out: ${noPython}`)

describe.skipIf(noPython)('the Python SDK', () => {
  let sfu: RunningSfu
  let roomNumber = 0
  const peers: (SdkPeer | NativePeer)[] = []

  beforeAll(async () => {
    sfu = await startSfu({ workers: 2 })
  })
  afterEach(async () => {
    for (const peer of peers.splice(0)) await ('leave' in peer ? peer.leave() : peer.close())
  })
  afterAll(async () => {
    await sfu?.stop()
    await dispose()
  })

  async function python(room: string, identity: string, options: object = {}): Promise<SdkPeer> {
    const peer = SdkPeer.python()
    peers.push(peer)
    const token = await sfu.token({ room, identity, canUpdateOwnMetadata: true })
    await peer.call('join', { url: sfu.wsUrl, token, ...options })
    return peer
  }
  async function native(room: string, identity: string): Promise<NativePeer> {
    const peer = await NativePeer.join(sfu, { room, identity })
    peers.push(peer)
    return peer
  }
  const newRoom = () => `python-${++roomNumber}`
  const sees = (viewer: NativePeer, sid: string) =>
    eventually(() => {
      const frames = viewer.videoFramesBySid.get(sid) ?? 0
      return frames > 10 ? null : `${frames} pictures of ${sid}`
    })

  it('sees and hears another SDK, and is seen and heard in VP8 and H.264', async () => {
    const room = newRoom()
    const viewer = await native(room, 'viewer')
    const peer = await python(room, 'python')
    await Promise.all([viewer.publishCamera(), viewer.publishMicrophone()])
    await peer.until('picture', { identity: 'viewer' })
    await peer.until('sound', { identity: 'viewer' })
    const vp8 = await peer.call('publish', { source: 'SOURCE_CAMERA', codec: 'VP8' })
    const h264 = await peer.call('publish', { source: 'SOURCE_SCREENSHARE', codec: 'H264' })
    await peer.call('publish', { source: 'SOURCE_MICROPHONE' })
    await Promise.all([sees(viewer, vp8.sid as string), sees(viewer, h264.sid as string)])
    await eventually(() => (viewer.from('python').loudFrames > 5 ? null : 'no sound'))
    const { tracks } = await sfu.roomService().getParticipant(room, 'python')
    expect(tracks.map(({ mimeType }) => mimeType).sort()).toEqual(['audio/opus', 'video/H264', 'video/VP8'])
  })

  it('is subscribed to a muted track at once, and hears it when it is unmuted', async () => {
    const room = newRoom()
    const publisher = await python(room, 'publisher')
    const { sid } = await publisher.call('publish', { source: 'SOURCE_MICROPHONE' })
    await publisher.call('mute', { sid, muted: true })
    await eventually(async () => {
      const { tracks } = await sfu.roomService().getParticipant(room, 'publisher')
      return tracks[0]?.muted ? null : 'not muted'
    })
    const late = await python(room, 'late')
    expect(await late.until('trackSubscribed', { sid })).toMatchObject({ muted: true })
    await publisher.call('mute', { sid, muted: false })
    await late.until('sound', { identity: 'publisher' })
  })

  it('receives the metadata of each frame', async () => {
    const room = newRoom()
    const viewer = await python(room, 'viewer')
    const publisher = await python(room, 'publisher')
    await publisher.call('publish', { source: 'SOURCE_CAMERA', trailer: ['FMF_FRAME_ID'] })
    expect(await viewer.until('trackSubscribed', { identity: 'publisher' })).toMatchObject({
      trailer: ['FMF_FRAME_ID'],
    })
    await viewer.until('frameMetadata', { identity: 'publisher' }, 3)
    const numbers = viewer.all('frameMetadata').map(({ frameId }) => Number(frameId))
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    expect(new Set(numbers).size).toBe(numbers.length)
  })

  it('exchanges data tracks, which end for their subscribers with the track and with its publisher', async () => {
    const room = newRoom()
    const viewer = await python(room, 'viewer')
    const publisher = await python(room, 'publisher')
    const push = (name: string, text: string) =>
      eventually(async () => {
        // Frames before the subscription is known are lost, as all lossy data.
        await publisher.call('pushData', { name, text })
        return viewer.all('dataFrame', { name, text }).length > 0 ? null : `no frame of ${name}`
      })
    await publisher.call('publishDataTrack', { name: 'first' })
    await publisher.call('publishDataTrack', { name: 'second' })
    await push('first', 'one')
    await push('second', 'two')
    await publisher.call('unpublishDataTrack', { name: 'first' })
    await viewer.until('dataTrackEnded', { name: 'first' })
    await push('second', 'three')
    // A new track gets another handle, and no frame of it is taken for one of the old.
    await publisher.call('publishDataTrack', { name: 'first again' })
    await push('first again', 'four')
    expect(viewer.all('dataFrame', { name: 'first', text: 'four' })).toEqual([])
    await sfu.roomService().removeParticipant(room, 'publisher')
    await viewer.until('dataTrackEnded', { name: 'second' })
    await viewer.until('dataTrackEnded', { name: 'first again' })
  })

  it('talks: data of both kinds, remote calls, metadata and attributes', async () => {
    const room = newRoom()
    const [an, binh] = [await python(room, 'an'), await python(room, 'binh')]
    for (const reliable of [true, false]) {
      const text = reliable ? 'must arrive' : 'may arrive'
      await an.call('data', { text, topic: 'chat', reliable })
      await binh.until('data', { text, topic: 'chat', identity: 'an' })
    }
    expect(await an.call('rpc', { to: 'binh', method: 'backwards', text: 'xin chào' })).toEqual({
      result: 'oàhc nix',
    })
    await expect(an.call('rpc', { to: 'binh', method: 'unknown', text: '' })).rejects.toThrow(
      /not supported/i,
    )
    await an.call('describe', { metadata: 'xã Bình An', attributes: { seat: '4' } })
    await binh.until('metadata', { identity: 'an', metadata: 'xã Bình An' })
    expect(await binh.until('attributes', { identity: 'an' })).toMatchObject({ changed: { seat: '4' } })
  })

  it('comes back after its socket was lost, is moved to another room, and is told to go when it is removed', async () => {
    const [room, to] = [newRoom(), newRoom()]
    const viewer = await native(room, 'viewer')
    const [peer, there] = [await python(room, 'python', { singlePeer: false }), await python(to, 'there')]
    const { sid } = await peer.call('publish', { source: 'SOURCE_CAMERA' })
    await sees(viewer, sid as string)
    await peer.call('loseSignal')
    await peer.until('reconnected')
    const seen = viewer.videoFramesBySid.get(sid as string) ?? 0
    await eventually(() =>
      (viewer.videoFramesBySid.get(sid as string) ?? 0) > seen + 10 ? null : 'no picture',
    )
    await sfu.roomService().moveParticipant(room, 'python', to)
    await there.until('participantConnected', { identity: 'python' })
    await there.until('picture', { identity: 'python' })
    await sfu.roomService().removeParticipant(to, 'python')
    await peer.until('disconnected', { reason: 'PARTICIPANT_REMOVED' })
  })
})
