/** Peers that are closed while their clients have a moment to close the connections themselves, before real clients. */
import { newRoomId } from '@diemcau/core/ids.ts'
import type { Browser } from '@playwright/test'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { eventually } from '../../../testing/eventually.ts'
import { launchBrowser, MediaClient } from '../../test/media-client.ts'
import { quietMediaNode } from '../../test/quiet-media-node.ts'
import type { MediaNode, RoomMedia } from '../room/base/ports.ts'

const FIRST_PORT = 21_280
/** Longer than a test takes that does not wait for it. */
const LONG_MS = 60_000

let browser: Browser
let node: MediaNode
let room: RoomMedia
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
})
beforeEach(async () => {
  node = await quietMediaNode(FIRST_PORT, 1)
  room = node.openRoom(newRoomId(), {
    onSpeakers: () => {},
    onDemandChanged: () => {},
    hasFloor: () => false,
  })
})
afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await node.close('node_stopping')
})

const counts = () => {
  const { webRtcTransports, producers, consumers } = node.resources()
  return { webRtcTransports, producers, consumers }
}
const sides = (client: MediaClient) =>
  client.events
    .filter(event => event.startsWith('connected'))
    .toSorted()
    .join(', ')
const bothUp = (client: MediaClient) => () =>
  sides(client) === 'connected publisher, connected subscriber' ? null : sides(client)

async function publisherAndViewer() {
  const [an, binh] = [await MediaClient.join(browser, room), await MediaClient.join(browser, room)]
  const sound = await an.publish({ kind: 'audio' })
  await binh.peer.subscribe(sound)
  await eventually(bothUp(an))
  await eventually(async () => ((await binh.inbound())[sound]?.packets ? null : 'nothing is heard'))
  return { an, binh, sound }
}

it('ends what they carry at once, and leaves nothing when the client has closed them', async () => {
  const { an, binh, sound } = await publisherAndViewer()
  await an.peer.close('left', LONG_MS)
  expect(counts()).toMatchObject({ producers: 0, consumers: 0 })
  await expect(binh.peer.subscribe(sound)).rejects.toMatchObject({ code: 'track_not_found' })
  await an.sendData('_reliable', 'too late')
  // Both of an's and those of binh, who publishes nothing.
  expect(counts().webRtcTransports).toBe(3)
  expect(node.workers()[0]!.peers).toBe(1)
  await an.page.evaluate(() => window.client.close())
  await eventually(() => (counts().webRtcTransports === 1 ? null : JSON.stringify(counts())))
  expect(an.data).toEqual([])
})

it('closes them when the client does not, and a room that ends waits for that and no longer', async () => {
  const { an, binh } = await publisherAndViewer()
  await binh.peer.close('left')
  expect(counts().webRtcTransports).toBe(2)
  const startedAt = performance.now()
  await an.peer.close('left', 1_000)
  await Promise.all([room.close('node_stopping'), room.close('room_closed')])
  const tookMs = performance.now() - startedAt
  expect(tookMs).toBeGreaterThan(900)
  expect(tookMs).toBeLessThan(10_000)
  expect(counts()).toEqual({ webRtcTransports: 0, producers: 0, consumers: 0 })
})

it('closes at once where no client is connected, and with the worker', async () => {
  const idle = await MediaClient.join(browser, room, sdp => sdp.replaceAll(/^a=candidate.*\r\n/gm, ''))
  await idle.peer.close('left', LONG_MS)
  expect(counts().webRtcTransports).toBe(0)
  const { an } = await publisherAndViewer()
  await an.peer.close('left', LONG_MS)
  process.kill(node.workers()[0]!.pid, 'SIGKILL')
  await eventually(() => (counts().webRtcTransports === 0 ? null : JSON.stringify(counts())))
  await room.close('node_stopping')
})
