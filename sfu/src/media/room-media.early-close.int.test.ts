/** Peers that are closed while the worker still makes what they asked for leave nothing behind in a room that goes on. */

import { readFileSync } from 'node:fs'
import { newParticipantId, newRoomId, newTrackId } from '@diemcau/core/ids.ts'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../../../testing/eventually.ts'
import { quietMediaNode } from '../../test/quiet-media-node.ts'
import type { MediaNode, PeerMediaListener, RoomMedia, TrackClaim } from '../room/base/ports.ts'

const FIRST_PORT = 21_260
const OFFER = readFileSync(
  new URL('../sdp/fixtures/chromium-opus-vp8-simulcast.sdp', import.meta.url),
  'utf8',
)
const [audioCid = '', videoCid = ''] = [...OFFER.matchAll(/a=msid:\S+ (\S+)/g)].map(match => match[1])
const deaf: PeerMediaListener = {
  onSubscriberOffer: () => {},
  onConnected: () => {},
  onDisconnected: () => {},
  onData: () => {},
  onDataLost: () => {},
  onSubscriptionLost: () => {},
  onStreamState: () => {},
  onLost: () => {},
}

let node: MediaNode
let room: RoomMedia
beforeAll(async () => {
  node = await quietMediaNode(FIRST_PORT, 1)
  room = node.openRoom(newRoomId(), {
    onSpeakers: () => {},
    onDemandChanged: () => {},
    hasFloor: () => false,
  })
})
afterAll(() => node.close('node_stopping'))

const claim = (kind: 'audio' | 'video', cid: string): TrackClaim => ({
  trackId: newTrackId(),
  cid,
  codecs: [],
  kind,
  layerCount: kind === 'video' ? 3 : 0,
  layers: [],
  muted: false,
  stream: 'camera',
  disableDtx: false,
  stereo: false,
})
const open = () => room.openPeer({ participantId: newParticipantId(), canShareStreams: true }, deaf)

it('closes with a peer whatever was being made for it, however far that had come', async () => {
  // Somebody stays, so that no router closes and takes the rest with it.
  const host = await open()
  await host.start()
  const tracks = [claim('audio', audioCid), claim('video', videoCid)]
  const { published } = await host.handlePublisherOffer(OFFER, tracks)
  expect(published).toHaveLength(2)
  const before = node.resources()
  for (let turns = 0; turns < 60; turns++) {
    const peer = await open()
    const work = [
      peer.start().then(() => Promise.all(tracks.map(({ trackId }) => peer.subscribe(trackId)))),
      // Ssrcs and rids are the transport's own, so the same offer serves everybody.
      peer.handlePublisherOffer(OFFER, [claim('audio', audioCid), claim('video', videoCid)]),
    ]
    const settled = Promise.allSettled(work)
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
    await peer.close('left')
    await settled
  }
  await eventually(() => {
    const now = node.resources()
    const left = Object.entries(now).filter(([kind, count]) => count !== before[kind as keyof typeof before])
    return left.length === 0 ? null : `left: ${left.map(([kind, count]) => `${kind} ${count}`).join(', ')}`
  })
  await host.close('left')
})
