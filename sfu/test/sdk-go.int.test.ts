/** The stock Go SDK (server-sdk-go on pion) in a room with the native SDK: what it publishes, receives, says and survives. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { dispose } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import { NativePeer } from '../../testing/native-peer.ts'
import { type RunningSfu, startSfu } from '../../testing/start-sfu.ts'
import { noGo, SdkPeer } from './room-support/sdk-peer.ts'

if (noGo) console.warn(`sdk-go.int.test.ts is left out: ${noGo}`)

const FFMPEG = process.env.FFMPEG_PATH ?? 'ffmpeg'

/** Files the SDK publishes from: longer than any test lasts. */
async function record(folder: string, name: string, args: string[]): Promise<string> {
  const file = path.join(folder, name)
  const child = spawn(FFMPEG, ['-loglevel', 'error', '-y', '-f', 'lavfi', ...args, '-t', '30', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = await once(child, 'close')
  expect(code, name).toBe(0)
  return file
}

const picture = (size: string) => ['-i', `testsrc2=size=${size}:rate=10`]
const VP8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '100k', '-g', '10']
const H264 = ['-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'ultrafast', '-b:v', '100k', '-g', '10']

describe.skipIf(noGo)('the Go SDK', () => {
  let sfu: RunningSfu
  let folder: string
  let files: Record<'vp8' | 'h264' | 'small' | 'tone', string>
  let roomNumber = 0
  const peers: (SdkPeer | NativePeer)[] = []

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'diemcau-go-'))
    const [started, vp8, h264, small, tone] = await Promise.all([
      startSfu({ workers: 2 }),
      record(folder, 'vp8.ivf', [...picture('160x120'), ...VP8]),
      record(folder, 'h264.h264', [...picture('160x120'), ...H264]),
      record(folder, 'small.ivf', [...picture('80x64'), ...VP8]),
      record(folder, 'tone.ogg', ['-i', 'sine=frequency=440', '-c:a', 'libopus', '-page_duration', '20000']),
    ])
    sfu = started
    files = { vp8, h264, small, tone }
  })
  afterEach(async () => {
    for (const peer of peers.splice(0)) await ('leave' in peer ? peer.leave() : peer.close())
  })
  afterAll(async () => {
    await sfu?.stop()
    await rm(folder, { recursive: true, force: true })
    await dispose()
  })

  async function go(room: string, identity: string, options: object = {}): Promise<SdkPeer> {
    const peer = SdkPeer.go()
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
  const newRoom = () => `go-${++roomNumber}`
  const camera = (file: string) => ({ file, source: 'CAMERA' })
  const sees = (viewer: NativePeer, sid: string) =>
    eventually(() => {
      const frames = viewer.videoFramesBySid.get(sid) ?? 0
      return frames > 10 ? null : `${frames} pictures of ${sid}`
    })

  it('publishes sound, VP8 and then H.264 on one connection, each seen and heard', async () => {
    const room = newRoom()
    const viewer = await native(room, 'viewer')
    const publisher = await go(room, 'go')
    const first = await publisher.call('publish', camera(files.vp8))
    await sees(viewer, first.sid as string)
    const second = await publisher.call('publish', { file: files.h264, source: 'SCREEN_SHARE' })
    await publisher.call('publish', { file: files.tone, source: 'MICROPHONE' })
    await sees(viewer, second.sid as string)
    await eventually(() => (viewer.from('go').loudFrames > 5 ? null : 'no sound'))
    const { tracks } = await sfu.roomService().getParticipant(room, 'go')
    expect(tracks.map(({ mimeType }) => mimeType).sort()).toEqual(['audio/opus', 'video/H264', 'video/VP8'])
    await publisher.call('unpublish', { sid: first.sid })
    await eventually(async () => {
      const left = (await sfu.roomService().getParticipant(room, 'go')).tracks.length
      return left === 2 ? null : `${left} tracks`
    })
  })

  it.each([
    ['microphone', 'tone', 'MICROPHONE'],
    ['VP8 camera', 'vp8', 'CAMERA'],
    ['H.264 camera', 'h264', 'CAMERA'],
  ] as const)(
    'hears of a muted %s at once, and receives it when it is unmuted',
    async (_what, file, source) => {
      const room = newRoom()
      const publisher = await go(room, 'publisher')
      const { sid } = await publisher.call('publish', { file: files[file], source })
      await publisher.call('mute', { sid, muted: true })
      await eventually(async () => {
        const { tracks } = await sfu.roomService().getParticipant(room, 'publisher')
        return tracks[0]?.muted ? null : 'not muted'
      })
      const [late, browserLike] = await Promise.all([go(room, 'late'), native(room, 'native')])
      expect(await late.until('trackSubscribed', { sid })).toMatchObject({
        muted: true,
        identity: 'publisher',
      })
      await publisher.call('mute', { sid, muted: false })
      await late.until('trackUnmuted', { sid })
      await late.until('trackFlows', { sid })
      if (source === 'CAMERA') await sees(browserLike, sid as string)
      // Muted and unmuted again it stays the track it is.
      const told = late.all('trackSubscribed', { sid }).length
      await publisher.call('mute', { sid, muted: true })
      await late.until('trackMuted', { sid })
      await publisher.call('mute', { sid, muted: false })
      await late.until('trackUnmuted', { sid }, 2)
      expect(late.all('trackSubscribed', { sid })).toHaveLength(told)
    },
  )

  it('publishes simulcast layers, of which a viewer gets the high one', async () => {
    const room = newRoom()
    const publisher = await go(room, 'publisher')
    const layers = [
      { file: files.small, quality: 0, width: 80, height: 64 },
      { file: files.vp8, quality: 2, width: 160, height: 120 },
    ]
    const simulcast = await publisher.call('publish', { layers, source: 'CAMERA' })
    const viewer = await native(room, 'viewer')
    await sees(viewer, simulcast.sid as string)
    await eventually(() => {
      const size = viewer.from('publisher').videoSize
      return size === '160x120' ? null : `the picture is ${size}`
    })
  })

  it('sends the backup codec of a track when somebody can take no other', async () => {
    const room = newRoom()
    const publisher = await go(room, 'publisher')
    const published = { file: files.h264, backup: files.vp8, source: 'SCREEN_SHARE' }
    const { sid } = await publisher.call('publish', published)
    const viewer = await native(room, 'viewer')
    await sees(viewer, sid as string)
    const weak = await go(room, 'weak', { codecs: ['audio/opus', 'video/VP8'] })
    expect(await weak.until('trackSubscribed', { sid })).toMatchObject({ codec: 'video/VP8' })
    await weak.until('trackFlows', { sid })
    const [track] = (await sfu.roomService().getParticipant(room, 'publisher')).tracks
    expect(track?.codecs.map(({ mimeType, mid }) => [mimeType, mid !== ''])).toEqual([
      ['video/H264', true],
      ['video/VP8', true],
    ])
  })

  it('talks: data of both kinds, remote calls, metadata and attributes', async () => {
    const room = newRoom()
    const [an, binh, viewer] = await Promise.all([go(room, 'an'), go(room, 'binh'), native(room, 'viewer')])
    await an.until('participantConnected', { identity: 'viewer' }).catch(() => an.call('room'))
    for (const reliable of [true, false]) {
      const text = reliable ? 'must arrive' : 'may arrive'
      await an.call('data', { text, topic: 'chat', reliable })
      await binh.until('data', { text, topic: 'chat', identity: 'an' })
      await eventually(() => (viewer.data.some(data => data.text === text) ? null : `no ${text}`))
    }
    await an.call('data', { text: 'for binh', to: 'binh', reliable: true, topic: 'chat' })
    await binh.until('data', { text: 'for binh' })
    expect(viewer.data.map(({ text }) => text)).not.toContain('for binh')
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

  it('comes back after its socket was lost, with its track, and is told to go when it is removed', async () => {
    const room = newRoom()
    const viewer = await native(room, 'viewer')
    const publisher = await go(room, 'publisher')
    const { sid } = await publisher.call('publish', camera(files.vp8))
    await sees(viewer, sid as string)
    await publisher.call('loseSignal')
    await publisher.until('reconnected')
    const seen = viewer.videoFramesBySid.get(sid as string) ?? 0
    await eventually(() =>
      (viewer.videoFramesBySid.get(sid as string) ?? 0) > seen + 10 ? null : 'no picture',
    )
    await sfu.roomService().removeParticipant(room, 'publisher')
    await publisher.until('disconnected', { reason: 'removed by server' })
  })

  it('joins by an address with a slash at its end, and is refused in words when it asks for a single connection', async () => {
    const room = newRoom()
    const url = `${sfu.wsUrl}/`
    const [an, slash] = [await go(room, 'an'), await go(room, 'slash', { url })]
    await slash.call('data', { text: 'here', topic: '', reliable: true })
    await an.until('data', { text: 'here', identity: 'slash' })
    expect((await slash.call('room')).remote).toEqual(['an'])
    const single = SdkPeer.go()
    peers.push(single)
    const token = await sfu.token({ room, identity: 'single' })
    await expect(single.call('join', { url, token, singlePeer: true })).rejects.toThrow(/not found/)
    // The same process, without the option.
    await single.call('join', { url, token })
  })

  it('is moved to another room and goes on there', async () => {
    const [from, to] = [newRoom(), newRoom()]
    const there = await go(to, 'there')
    const moved = await go(from, 'moved')
    await sfu.roomService().moveParticipant(from, 'moved', to)
    await moved.until('roomMoved', { room: to, hasToken: true })
    await there.until('participantConnected', { identity: 'moved' })
    expect((await moved.call('room')).room).toBe(to)
  })

  it('tells and is told which packet trailers a track has', async () => {
    const room = newRoom()
    const viewer = await go(room, 'viewer')
    const publisher = await go(room, 'publisher')
    const published = await publisher.call('publish', { ...camera(files.vp8), trailer: true })
    const features = ['PTF_USER_TIMESTAMP', 'PTF_FRAME_ID']
    expect(published.trailer).toEqual(features)
    expect(await viewer.until('trackSubscribed', { sid: published.sid })).toMatchObject({ trailer: features })
  })
})
