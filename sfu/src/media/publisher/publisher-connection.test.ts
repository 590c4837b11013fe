import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import type { ParticipantId, TrackId } from '@diemcau/core/ids.ts'
import pino from 'pino'
import { beforeEach, describe, expect, it } from 'vitest'
import { transportFacts } from '../../../test/transport-facts.ts'
import type { TrackClaim } from '../../room/base/ports.ts'
import { TrackDirectory } from '../track/track-directory.ts'
import type { RoomRouter } from '../worker/room-router.ts'
import { PublisherConnection } from './publisher-connection.ts'

const none = () => {}
const offer = readFileSync(
  new URL('../../sdp/fixtures/chromium-opus-vp8-simulcast.sdp', import.meta.url),
  'utf8',
)
const CAMERA = 'TR_camera' as TrackId
const camera: TrackClaim = {
  trackId: CAMERA,
  cid: 'ff27628e-8683-4491-bbf8-458ebaf99335',
  codecs: [],
  kind: 'video',
  layerCount: 3,
  layers: [],
  muted: false,
  stream: 'camera',
  disableDtx: false,
  stereo: false,
}

interface Stat {
  kind: 'audio' | 'video'
  ssrc: number
  bitrate: number
  packetCount: number
  packetsLost: number
  packetsRepaired: number
  fractionLost: number
  roundTripTime?: number
}

describe('the connection of a publisher', () => {
  let connection: PublisherConnection
  let produced: { kind: string; paused: boolean; keyFrameRequestDelay?: number }[]
  let stats: Stat[]
  let limits: number[]
  let restarts: number
  beforeEach(() => {
    produced = []
    stats = []
    limits = []
    restarts = 0
    const channel = async () => Object.assign(new EventEmitter(), { id: 'd' })
    const transport = Object.assign(new EventEmitter(), {
      closed: false,
      connect: async () => {},
      close: none,
      produceData: channel,
      produce: async (options: (typeof produced)[number]) => {
        produced.push(options)
        return {
          id: `${produced.length}`,
          closed: false,
          paused: false,
          close: none,
          getStats: async () => stats,
        }
      },
      restartIce: async () => void restarts++,
      getStats: async () => [{ recvBitrate: 256_000 }],
      setMaxIncomingBitrate: async (bps: number) => void limits.push(bps),
    })
    const home = {
      direct: { consumeData: channel },
      createWebRtcTransport: async () => transport,
      observe: async () => {},
      describe: transportFacts,
    }
    connection = new PublisherConnection(
      'PA_1' as ParticipantId,
      home as unknown as RoomRouter,
      new TrackDirectory(),
      pino({ level: 'silent' }),
      { onConnected: none, onDisconnected: none, onData: none, onDemand: none },
      { address: '' },
    )
  })

  it.each([true, false])('produces a track muted as it was announced (%s)', async muted => {
    const { published } = await connection.handleOffer(offer, [{ ...camera, muted }])
    expect(published.map(({ trackId }) => trackId)).toEqual([CAMERA])
    // libwebrtc ignores a second request for a key frame within 300 ms.
    expect(produced).toMatchObject([{ kind: 'video', paused: muted, keyFrameRequestDelay: 350 }])
    connection.close()
  })

  it('does not publish again what the server has unpublished and the client goes on offering', async () => {
    await connection.handleOffer(offer, [camera])
    await connection.unpublish(CAMERA)
    const again = await connection.handleOffer(offer, [camera])
    expect(again.published).toEqual([])
    expect(again.answer).toMatch(/m=video[\s\S]*a=inactive/)
    expect(produced).toHaveLength(1)
    connection.close()
  })

  it('makes one producer of a track that an offer names in many sections', async () => {
    const [head = '', ...sections] = offer.split(/^(?=m=)/m)
    const video = sections.find(section => section.startsWith('m=video'))!
    const others = sections.filter(section => section !== video)
    const many = Array.from({ length: 60 }, (_, n) => video.replace(/^a=mid:.*$/m, `a=mid:v${n}`))
    const { published, refused } = await connection.handleOffer([head, ...others, ...many].join(''), [camera])
    expect(produced).toHaveLength(1)
    expect(published).toHaveLength(1)
    expect(
      refused.filter(({ trackId, reason }) => trackId === CAMERA && reason === 'already published'),
    ).toHaveLength(59)
    connection.close()
  })

  it('says which tracks go on in fewer codecs, and which have ended', async () => {
    const [head = '', ...sections] = offer.split(/^(?=m=)/m)
    const video = sections.find(section => section.startsWith('m=video'))!
    const backup = video.replace(/^a=mid:.*$/m, 'a=mid:b').replaceAll(camera.cid, 'backup')
    const idle = (section: string) => section.replace(/^a=sendonly/m, 'a=inactive')
    const claims = [
      {
        ...camera,
        codecs: [
          { codec: 'vp8', cid: camera.cid },
          { codec: 'h264', cid: 'backup' },
        ],
      },
    ]
    const ask = (...given: string[]) => connection.handleOffer([head, ...given].join(''), claims)
    const both = await ask(video, backup)
    expect(both.published.map(({ mimeType }) => mimeType)).toEqual(['video/VP8', 'video/H264'])
    expect(await ask(video, idle(backup))).toMatchObject({ reduced: [CAMERA], unpublished: [] })
    expect(await ask(idle(video), idle(backup))).toMatchObject({ reduced: [], unpublished: [CAMERA] })
    connection.close()
  })

  it('reports what flows, not the last of a layer that rests', async () => {
    await connection.handleOffer(offer, [camera])
    const stat = { kind: 'video', packetCount: 1, packetsLost: 0, packetsRepaired: 0 } as const
    stats = [
      { ...stat, ssrc: 1, bitrate: 90_000, fractionLost: 64, roundTripTime: 41.6 },
      { ...stat, ssrc: 2, bitrate: 0, fractionLost: 255 },
    ]
    expect(await connection.reports()).toEqual([{ fractionLost: 0.25, rttMs: 42 }])
    connection.close()
  })

  it('forgets the limit of its uplink when it comes back by another way', async () => {
    await connection.handleOffer(offer, [camera])
    const sound = { kind: 'audio', ssrc: 1, bitrate: 56_000, packetsLost: 0, fractionLost: 0 } as const
    stats = [{ ...sound, packetCount: 250, packetsRepaired: 0 }]
    await connection.reports()
    stats = [{ ...sound, packetCount: 500, packetsRepaired: 40 }]
    await connection.reports()
    await connection.handleOffer(offer, [camera])
    expect([limits, restarts]).toEqual([[170_000], 0])
    await connection.handleOffer(offer.replaceAll(/a=ice-ufrag:\S+/g, 'a=ice-ufrag:another'), [camera])
    expect([limits, restarts]).toEqual([[170_000, 0], 1])
    connection.close()
  })
})
