import { newRoomId, type ParticipantId, type TrackId } from '@diemcau/core/ids.ts'
import type { Browser } from '@playwright/test'
import { observer } from 'mediasoup'
import type { Transport } from 'mediasoup/types'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../testing/eventually.ts'
import { launchBrowser, MediaClient } from '../../test/media-client.ts'
import type { MediaNode, RoomMedia } from '../room/base/ports.ts'
import { createMediaNode } from './media-node.ts'

const FIRST_PORT = 21_200
let browser: Browser
let node: MediaNode
let room: RoomMedia
let speakers: { participantId: ParticipantId; trackId: TrackId; level: number }[][] = []
let demands: { trackId: TrackId; mimeType: string; maxSpatialLayer: number }[] = []

/** Every transport mediasoup made; a test thins one out. */
const transports: Transport[] = []
observer.on('newworker', worker =>
  worker.observer.on('newrouter', router =>
    router.observer.on('newtransport', transport => transports.push(transport)),
  ),
)

beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
})

beforeEach(async () => {
  speakers = []
  demands = []
  node = await createMediaNode({
    ...(process.env.MEDIASOUP_WORKER_BIN ? { workerBin: process.env.MEDIASOUP_WORKER_BIN } : {}),
    workerCount: 2,
    workerPlacement: 'spread',
    listenAddress: '0.0.0.0',
    announcedAddresses: ['127.0.0.1'],
    firstMediaPort: FIRST_PORT,
    logger: pino({ level: process.env.LOG_LEVEL ?? 'error' }),
  })
  room = node.openRoom(newRoomId(), {
    onSpeakers: list => speakers.push(list),
    hasFloor: () => false,
    onDemandChanged: (_publisher, trackId, demand) =>
      demands.push(...demand.map(entry => ({ trackId, ...entry }))),
  })
})
afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await node.close('node_stopping')
})

/** Complains until more frames of a track were decoded than at the first look. */
function framesGrow(client: MediaClient, trackId: TrackId, by = 5) {
  let start: number | undefined
  return async () => {
    const frames = (await client.inbound())[trackId]?.frames ?? 0
    start ??= frames
    return frames >= start + by ? undefined : `${frames} frames of ${trackId}, ${start} at first`
  }
}

describe('two peers of one room', () => {
  it('are on different workers and see and hear each other', async () => {
    const a = await MediaClient.join(browser, room)
    const b = await MediaClient.join(browser, room)
    expect([a.peer.workerIndex, b.peer.workerIndex]).toEqual([0, 1])
    await eventually(() => (b.events.includes('connected subscriber') ? undefined : 'b not connected'))

    const video = await a.publish({ kind: 'video', layers: 3 })
    const audio = await a.publish({ kind: 'audio' })
    expect(a.refused).toEqual([])
    await Promise.all([b.peer.subscribe(video), b.peer.subscribe(audio)])
    await eventually(framesGrow(b, video))
    await eventually(async () => {
      const packets = (await b.inbound())[audio]?.packets ?? 0
      return packets > 20 ? undefined : `${packets} audio packets`
    })
    expect((await b.inbound())[video]?.codec).toBe('video/VP8')
    await eventually(() =>
      speakers.some(list => list[0]?.participantId === a.participantId && list[0].level > 0.1)
        ? undefined
        : 'nobody speaks',
    )
    // One offer for the data section and one for both tracks together.
    expect(b.offers).toBe(2)
    const quality = await b.peer.quality()
    expect(quality.score).toBeGreaterThan(4)
  })
})

describe('a client behind a wall that lets no UDP through', () => {
  it('publishes and subscribes over TCP on the same port', async () => {
    const tcpOnly = (sdp: string) => sdp.replaceAll(/a=candidate:\S+ 1 udp [^\r]*\r\n/g, '')
    const a = await MediaClient.join(browser, room, tcpOnly)
    const b = await MediaClient.join(browser, room, tcpOnly)
    const video = await a.publish({ kind: 'video' })
    await b.peer.subscribe(video)
    await eventually(framesGrow(b, video))
    expect(tcpOnly(b.lastOffer)).toMatch(
      /a=candidate:\S+ 1 tcp \d+ 127\.0\.0\.1 21201 typ host tcptype passive/,
    )
  })
})

describe('publishing', () => {
  for (const [codec, layers] of [
    ['h264', 1],
    ['h264', 3],
    ['vp9', 2],
    ['av1', 2],
  ] as const) {
    it(`forwards ${codec} with ${layers} layer(s) so that a browser decodes it`, async () => {
      const [a, b] = [await MediaClient.join(browser, room), await MediaClient.join(browser, room)]
      const video = await a.publish({ kind: 'video', codec, layers })
      expect(a.refused).toEqual([])
      await b.peer.subscribe(video)
      await eventually(framesGrow(b, video))
      expect((await b.inbound())[video]?.codec.toLowerCase()).toBe(`video/${codec}`)
    })
  }

  it('stops a track by an inactive section and gives the next one its line to the subscriber', async () => {
    const [a, b] = [await MediaClient.join(browser, room), await MediaClient.join(browser, room)]
    const first = await a.publish({ kind: 'video' })
    await b.peer.subscribe(first)
    await eventually(framesGrow(b, first))
    const result = await a.stopTrack(first)
    expect(result.unpublished).toEqual([first])
    await eventually(() => (b.lastOffer.includes('a=sendonly') ? 'still offered' : undefined))
    await expect(b.peer.subscribe(first)).rejects.toMatchObject({ code: 'track_not_found' })
    await eventually(async () => {
      const answered = await b.page.evaluate(() => window.client.inbound())
      return first in answered ? 'the section is still there' : undefined
    })

    const second = await a.publish({ kind: 'video', codec: 'h264' })
    await b.peer.subscribe(second)
    await eventually(framesGrow(b, second))
    expect(b.lastOffer.match(/^m=video/gm)).toHaveLength(1)
    expect(await b.receivedData()).toContain(`track ${a.participantId}|camera ${second}`)
  })

  it('pauses a muted track and lets it flow again', async () => {
    const [a, b] = [await MediaClient.join(browser, room), await MediaClient.join(browser, room)]
    const video = await a.publish({ kind: 'video', muted: true })
    await b.peer.subscribe(video)
    await eventually(() => (b.lastOffer.includes(video) ? undefined : 'not offered'))
    const audio = await a.publish({ kind: 'audio' })
    await b.peer.subscribe(audio)
    await eventually(async () => {
      const { packets = 0 } = (await b.inbound())[audio] ?? {}
      return packets > 50 ? undefined : `${packets} packets of sound`
    })
    expect((await b.inbound())[video]?.packets ?? 0).toBe(0)
    await a.peer.setTrackMuted(video, false)
    await eventually(framesGrow(b, video))
    await a.peer.setTrackMuted(video, true)
    let last = -1
    await eventually(async () => {
      const { packets = 0 } = (await b.inbound())[video] ?? {}
      const still = packets === last
      last = packets
      await new Promise(resolve => setTimeout(resolve, 300))
      return still ? undefined : 'packets still arrive'
    })
    await a.peer.setTrackMuted(video, false)
    await eventually(framesGrow(b, video))
  })

  it('restarts ICE of either connection without losing the media', async () => {
    const [a, b] = [await MediaClient.join(browser, room), await MediaClient.join(browser, room)]
    const video = await a.publish({ kind: 'video' })
    await b.peer.subscribe(video)
    await eventually(framesGrow(b, video))
    await a.negotiate(true)
    await eventually(framesGrow(b, video))
    const before = b.lastOffer
    await b.peer.restartSubscriberIce()
    await eventually(() => (b.lastOffer === before ? 'no offer' : undefined))
    const ufrag = (sdp: string) => /a=ice-ufrag:(\S+)/.exec(sdp)?.[1]
    expect(ufrag(b.lastOffer)).not.toBe(ufrag(before))
    await eventually(framesGrow(b, video))
  })

  it('answers a section nobody announced inactive and says so', async () => {
    const a = await MediaClient.join(browser, room)
    await a.page.evaluate(() => window.client.addTrack({ kind: 'video', layers: 1 }))
    const result = await a.negotiate()
    expect(result.refused).toMatchObject([{ trackId: null }])
    expect(result.answer).toContain('a=inactive')
    await expect(a.peer.handlePublisherOffer('v=0\r\nnonsense', [])).rejects.toMatchObject({
      code: 'bad_sdp',
    })
  })

  it('ends the track for its subscribers when the server unpublishes it', async () => {
    const [a, b] = [await MediaClient.join(browser, room), await MediaClient.join(browser, room)]
    const video = await a.publish({ kind: 'video' })
    await b.peer.subscribe(video)
    await eventually(framesGrow(b, video))
    await a.peer.unpublish(video)
    await eventually(() => (b.lastOffer.includes(video) ? 'still offered' : undefined))
    const { answer } = await a.negotiate()
    expect(answer).toMatch(/m=video[\s\S]*a=inactive/)
  })
})

describe('adaptive stream and dynacast', () => {
  it('gives the layer that covers the shown size, pauses a hidden one, and tells the publisher what is wanted', async () => {
    const [a, b] = [await MediaClient.join(browser, room), await MediaClient.join(browser, room)]
    const video = await a.publish({ kind: 'video', layers: 3 })
    await b.peer.subscribe(video)
    const settings = { disabled: false, quality: 0, width: 240, height: 135, fps: 0, priority: 0 }
    const widthIs = (width: number) => async () => {
      const shown = (await b.inbound())[video]?.width
      if (shown === width) return undefined
      return `${shown} wide instead of ${width}; sent: ${JSON.stringify(await a.outboundLayers())}`
    }
    // On a busy machine congestion control sees delay and lets the top layer wait.
    const patienceMs = 40_000
    await b.peer.updateTrackSettings(video, settings)
    await eventually(widthIs(240), patienceMs)
    await eventually(() => (demands.at(-1)?.maxSpatialLayer === 0 ? undefined : 'low layer not asked for'))
    await b.peer.updateTrackSettings(video, { ...settings, width: 960, height: 540 })
    await eventually(
      () => (demands.at(-1)?.maxSpatialLayer === 2 ? undefined : 'high layer not asked for'),
      1_000,
    )
    await eventually(widthIs(960), patienceMs)
    await b.peer.updateTrackSettings(video, { ...settings, width: 0, height: 0, quality: 1 })
    await eventually(widthIs(480), patienceMs)
    await b.peer.updateTrackSettings(video, { ...settings, disabled: true })
    await eventually(() => (demands.at(-1)?.maxSpatialLayer === -1 ? undefined : 'encoder not let off'))
    await b.peer.updateTrackSettings(video, settings)
    await eventually(framesGrow(b, video))
    // The pause was wanted; it is no sign of a bad network.
    expect(b.events.filter(event => event.startsWith('stream'))).toEqual([])
  }, 120_000)
})

describe('a link too thin for any layer', () => {
  it('is told as a paused stream, and told again when it is better', async () => {
    const [a, b] = [await MediaClient.join(browser, room), await MediaClient.join(browser, room)]
    await eventually(() => (b.events.includes('connected subscriber') ? undefined : 'not connected'))
    const video = await a.publish({ kind: 'video', layers: 3 })
    let subscriber: Transport | undefined
    const seeConsumer = (transport: Transport) =>
      transport.observer.once('newconsumer', () => {
        if (transport.type === 'webrtc') subscriber = transport
      })
    transports.forEach(seeConsumer)
    await b.peer.subscribe(video)
    await eventually(framesGrow(b, video))
    await subscriber!.setMaxOutgoingBitrate(30_000)
    await eventually(() => (b.events.includes(`stream ${video} paused`) ? undefined : `${b.events}`), 20_000)
    await subscriber!.setMaxOutgoingBitrate(0)
    await eventually(() => (b.events.includes(`stream ${video} active`) ? undefined : `${b.events}`), 20_000)
    await eventually(framesGrow(b, video))
  })
})

describe('data channels', () => {
  it('carry messages both ways, on the channel of the same label', async () => {
    const a = await MediaClient.join(browser, room)
    await a.negotiate()
    await a.sendData('_reliable', 'xin chào')
    await a.sendData('_lossy', 'vội')
    await a.sendData('of its own', 'lạ')
    await eventually(() => (a.data.length >= 3 ? undefined : `${a.data.length} of 3 received`))
    expect(a.data.toSorted((x, y) => x.kind.localeCompare(y.kind))).toEqual([
      { kind: 'lossy', text: 'vội' },
      { kind: 'other', text: 'lạ' },
      { kind: 'reliable', text: 'xin chào' },
    ])
    const all = ['_reliable', '_lossy', '_data_track']
    await eventually(async () => {
      const opened = await a.receivedData()
      return all.every(label => opened.includes(`open ${label}`)) ? undefined : `opened ${opened}`
    })
    expect(a.peer.sendData('reliable', Buffer.from('một'))).toBe(true)
    expect(a.peer.sendData('lossy', Buffer.from('hai'))).toBe(true)
    await eventually(async () => {
      const received = await a.receivedData()
      return received.includes('_reliable một') && received.includes('_lossy hai') ? undefined : `${received}`
    })
  })

  it('deliver a burst on the reliable channel whole and in order', async () => {
    const a = await MediaClient.join(browser, room)
    await eventually(() => (a.peer.sendData('reliable', Buffer.from('-')) ? undefined : 'channel not open'))
    const padding = 'x'.repeat(12_000)
    for (let i = 0; i < 200; i++)
      expect(a.peer.sendData('reliable', Buffer.from(`${i} ${padding}`))).toBe(true)
    await eventually(async () => {
      const numbers = (await a.receivedData())
        .filter(m => m.startsWith('_reliable ') && m.length > 1_000)
        .map(m => Number(m.split(' ')[1]))
      if (numbers.some((n, i) => n !== i)) throw new Error(`out of order: ${numbers}`)
      return numbers.length === 200 ? undefined : `${numbers.length} of 200`
    })
  })
})

describe('negotiation', () => {
  it('keeps one offer outstanding and gathers what changes meanwhile', async () => {
    const [a, b] = [await MediaClient.join(browser, room), await MediaClient.join(browser, room)]
    await eventually(() => (b.events.includes('connected subscriber') ? undefined : 'not connected'))
    const video = await a.publish({ kind: 'video' })
    const audio = await a.publish({ kind: 'audio' })
    const offers = b.offers
    b.isAnswering = false
    await b.peer.subscribe(video)
    await eventually(() => (b.offers === offers + 1 ? undefined : 'no offer'))
    await b.peer.subscribe(audio)
    await b.peer.unsubscribe(video)
    await b.peer.subscribe(video)
    await new Promise(resolve => setTimeout(resolve, 200))
    expect(b.offers).toBe(offers + 1)
    b.isAnswering = true
    const answer = await b.page.evaluate(sdp => window.client.subscriberAnswer(sdp), b.lastOffer)
    await b.peer.handleSubscriberAnswer(answer)
    await eventually(framesGrow(b, video))
    await eventually(async () => ((await b.inbound())[audio]?.packets ? undefined : 'no audio'))
  })

  it('gives up a track the client refuses and carries on with the others', async () => {
    const [a, b] = [await MediaClient.join(browser, room), await MediaClient.join(browser, room)]
    await eventually(() => (b.events.includes('connected subscriber') ? undefined : 'not connected'))
    const video = await a.publish({ kind: 'video' })
    b.isAnswering = false
    await b.peer.subscribe(video)
    await eventually(() => (b.lastOffer.includes(video) ? undefined : 'not offered'))
    b.isAnswering = true
    const answer = await b.page.evaluate(sdp => window.client.subscriberAnswer(sdp), b.lastOffer)
    const refusing = answer.replace(/m=video \d+/, 'm=video 0').replace('a=bundle-only\r\n', '')
    await b.peer.handleSubscriberAnswer(refusing)
    const audio = await a.publish({ kind: 'audio' })
    await b.peer.subscribe(audio)
    await eventually(async () => ((await b.inbound())[audio]?.packets ? undefined : 'no audio'))
    expect(b.lastOffer).toMatch(/m=video 0 /)
  })
})

describe('a worker that dies', () => {
  it('is reported to its peers, replaced, and the others stay', async () => {
    const [a, b] = [await MediaClient.join(browser, room), await MediaClient.join(browser, room)]
    const fromA = await a.publish({ kind: 'video' })
    const fromB = await b.publish({ kind: 'audio' })
    await a.peer.subscribe(fromB)
    await b.peer.subscribe(fromA)
    await eventually(framesGrow(b, fromA))
    const victim = node.workers().find(w => w.index === a.peer.workerIndex)!
    process.kill(victim.pid, 'SIGKILL')
    await eventually(() => (a.events.includes('lost worker_died') ? undefined : 'not told'))
    expect(b.events).not.toContain('lost worker_died')
    await eventually(() => (b.lastOffer.includes(fromA) ? 'the lost track is still offered' : undefined))
    await eventually(() => (node.workers().length === 2 ? undefined : 'not replaced'))
    expect(node.workers().map(w => w.pid)).not.toContain(victim.pid)

    const again = await MediaClient.join(browser, room)
    const video = await again.publish({ kind: 'video' })
    expect(again.peer.workerIndex).toBe(victim.index)
    await b.peer.subscribe(video)
    await eventually(framesGrow(b, video))
    await again.peer.subscribe(fromB)
    await eventually(async () => ((await again.inbound())[fromB]?.packets ? undefined : 'no audio'))
  })
})

describe('closing', () => {
  it('is idempotent, reaches every peer, and leaves no process', async () => {
    const a = await MediaClient.join(browser, room)
    const pids = node.workers().map(w => w.pid)
    await room.close('room_closed')
    await room.close('room_closed')
    await expect(a.peer.subscribe('TR_x' as TrackId)).rejects.toMatchObject({ code: 'closed' })
    await expect(MediaClient.join(browser, room)).rejects.toMatchObject({ code: 'closed' })
    expect(node.workers().map(w => w.peers)).toEqual([0, 0])
    await node.close('node_stopping')
    await node.close('node_stopping')
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })
})
