import { newRoomId, type ParticipantId, type TrackId } from '@diemcau/core/ids.ts'
import type { Browser } from '@playwright/test'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually, launchBrowser, MediaClient } from '../../test/media-client.ts'
import type { MediaNode, RoomMedia } from '../room/ports.ts'
import { createMediaNode } from './media-node.ts'

const FIRST_PORT = 21_200
let browser: Browser
let node: MediaNode
let room: RoomMedia
let speakers: { participantId: ParticipantId; trackId: TrackId; level: number }[][] = []
let demands: { trackId: TrackId; mimeType: string; maxSpatialLayer: number }[] = []

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
    listenAddress: '0.0.0.0',
    announcedAddresses: ['127.0.0.1'],
    firstMediaPort: FIRST_PORT,
    logger: pino({ level: process.env.LOG_LEVEL ?? 'error' }),
  })
  room = node.openRoom(newRoomId(), {
    onSpeakers: list => speakers.push(list),
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
