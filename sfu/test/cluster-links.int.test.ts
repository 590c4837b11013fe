/** Three nodes in one process, and what their clients see when the link between two of them is lost or cut. */
import { dispose, RoomEvent } from '@livekit/rtc-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../testing/eventually.ts'
import type { NativePeer } from '../../testing/native-peer.ts'
import type { Incarnation } from '../src/cluster/links/node-links.ts'
import { Ground } from './cluster-support/ground.ts'
import { PipeGates } from './cluster-support/pipe-gates.ts'
import { expectHeardLoud, expectSeen } from './cluster-support/scenarios/media.ts'
import { wholeStory } from './cluster-support/scenarios/stories.ts'
import { type OpenTogether, openTogether } from './cluster-support/set-ups.ts'

/** Longer than a publisher that stops is noticed in, ms. */
const MEDIA_CUT_MS = 6_000
/** What a client is told of others, their tracks and its own connection. */
const NEWS = [
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.TrackPublished,
  RoomEvent.TrackUnpublished,
  RoomEvent.TrackUnsubscribed,
  RoomEvent.TrackMuted,
  RoomEvent.TrackUnmuted,
  RoomEvent.Reconnecting,
  RoomEvent.Disconnected,
]

describe('three nodes in one process', () => {
  let together: OpenTogether
  let ground: Ground
  const pipes = new PipeGates()
  beforeAll(async () => {
    const open: Parameters<typeof Ground.create>[0]['open'] = async webhooks => {
      together = await openTogether(webhooks, 3, links => pipes.before(links))
      return together
    }
    ground = await Ground.create({ name: 'three nodes', open }, () =>
      Promise.reject(new Error('no browsers here')),
    )
  })
  afterEach(async () => {
    heal()
    await pipes.open()
    await ground.reset()
  })
  afterAll(async () => {
    await ground?.close()
    await pipes.close()
    await dispose()
  })

  const ends = () => together.incarnations() as [Incarnation, Incarnation]
  function cut(): void {
    const [a, b] = ends()
    together.network.cut(a, b)
    together.network.cut(b, a)
  }
  function heal(): void {
    const [a, b] = ends()
    together.network.heal(a, b)
    together.network.heal(b, a)
  }

  const sidAt = (witness: NativePeer, identity: string) => witness.room.remoteParticipants.get(identity)?.sid

  it('the link breaks again and again under data of both sides: each message arrives once, in its sender’s order', async () => {
    const room = ground.newRoom()
    const [an, binh] = [await ground.join(room, 'an'), await ground.join(room, 'binh')]
    const gone: string[] = []
    for (const peer of [an, binh])
      peer.room.on(RoomEvent.ParticipantDisconnected, ({ identity }) => gone.push(identity))
    await eventually(() => (sidAt(an, 'binh') && sidAt(binh, 'an') ? null : 'they do not see each other'))
    const texts = Array.from({ length: 600 }, (_, n) => `n${n}`)
    let isSaid = false
    const breaking = (async () => {
      let breaks = 0
      for (; !isSaid || breaks < 3; breaks++) {
        const [a, b] = ends()
        together.network.break(a, b)
        await new Promise(resolve => setTimeout(resolve, 150))
      }
      return breaks
    })()
    await Promise.all(
      [an, binh].map(async peer => {
        for (const text of texts) await peer.send(text.padEnd(800, '.'), { reliable: true })
      }),
    )
    isSaid = true
    expect(await breaking).toBeGreaterThanOrEqual(3)
    for (const peer of [an, binh]) {
      await eventually(() =>
        peer.data.length >= texts.length ? null : `${peer.data.length} of ${texts.length}`,
      )
      expect(peer.data.map(({ text }) => text.replaceAll('.', ''))).toEqual(texts)
    }
    expect(gone).toEqual([])
  })

  it('the link is cut for three seconds: nobody is lost, and what was said meanwhile comes', async () => {
    const room = ground.newRoom()
    const [an, binh] = [await ground.join(room, 'an'), await ground.join(room, 'binh')]
    await an.publishCamera()
    await expectSeen(binh, 'an')
    const gone: string[] = []
    for (const peer of [an, binh])
      peer.room.on(RoomEvent.ParticipantDisconnected, ({ identity }) => gone.push(identity))
    const sids = [sidAt(an, 'binh'), sidAt(binh, 'an')]
    cut()
    await an.send('said while it was cut', { reliable: true })
    await ground.api(0).updateParticipant(room, 'an', { name: 'An' })
    // Media has a way of its own.
    await expectSeen(binh, 'an', 30)
    await new Promise(resolve => setTimeout(resolve, 1_000))
    heal()
    await eventually(() =>
      binh.data.some(({ text }) => text.startsWith('said while')) ? null : 'it has not come',
    )
    await eventually(() => (binh.room.remoteParticipants.get('an')?.name === 'An' ? null : 'no new name'))
    expect([sidAt(an, 'binh'), sidAt(binh, 'an')]).toEqual(sids)
    expect(gone).toEqual([])
  })

  it('media alone is cut for some seconds: pictures and sound come back by themselves, and nobody is told anything', async () => {
    const room = ground.newRoom()
    const [an, binh, chi] = [
      await ground.join(room, 'an'),
      await ground.join(room, 'binh'),
      await ground.join(room, 'chi'),
    ]
    await Promise.all([an.publishCamera(), an.publishMicrophone(), binh.publishMicrophone()])
    const viewers = [binh, chi]
    const expectMedia = () =>
      Promise.all([
        ...viewers.flatMap(viewer => [expectSeen(viewer, 'an', 30), expectHeardLoud(viewer, 'an', 50)]),
        ...[an, chi].map(listener => expectHeardLoud(listener, 'binh', 50)),
      ])
    await expectMedia()
    const told: string[] = []
    for (const { room } of [an, binh, chi])
      for (const event of NEWS)
        room.on(event, () => told.push(`${room.localParticipant?.identity}: ${event}`))
    await pipes.cut()
    const cutAt = performance.now()
    // What was on its way is through, and then nothing comes any more.
    await Promise.all(
      viewers.map(viewer => {
        let before = -1
        return eventually(
          () => {
            const { videoFrames } = viewer.from('an')
            const isStill = videoFrames === before
            before = videoFrames
            return isStill ? null : 'pictures still come'
          },
          undefined,
          500,
        )
      }),
    )
    const { dropped } = await pipes.counts()
    await an.send('said meanwhile', { reliable: true })
    for (const viewer of viewers)
      await eventually(() => (viewer.data.some(({ text }) => text === 'said meanwhile') ? null : 'no data'))
    await new Promise(resolve => setTimeout(resolve, Math.max(0, MEDIA_CUT_MS - performance.now() + cutAt)))
    expect((await pipes.counts()).dropped).toBeGreaterThan(dropped)
    await pipes.open()
    const openedAt = performance.now()
    await Promise.all(viewers.map(viewer => expectSeen(viewer, 'an', 1)))
    console.log(
      `media between nodes cut: pictures again after ${Math.round(performance.now() - openedAt)} ms`,
    )
    await expectMedia()
    expect(told).toEqual([])
  })

  it('the link stays cut: one side is moved to where all see all, and each is told of once', {
    timeout: 240_000,
  }, async () => {
    const room = ground.newRoom()
    const peers = [
      await ground.join(room, 'an', {}, { at: 0 }),
      await ground.join(room, 'binh', {}, { at: 0 }),
    ]
    const chi = await ground.join(room, 'chi', {}, { at: 1 })
    const all = [...peers, chi]
    const seesAll = (peer: NativePeer) => () => {
      const { size } = peer.room.remoteParticipants
      return size === 2 ? null : `${peer.room.localParticipant?.identity} sees ${size}`
    }
    for (const peer of all) await eventually(seesAll(peer))
    const startedAt = performance.now()
    cut()
    await eventually(
      () => (peers.every(peer => sidAt(peer, 'chi') === undefined) ? null : 'chi is still shown'),
      30_000,
    )
    const hiddenMs = performance.now() - startedAt
    for (const peer of all) await eventually(seesAll(peer), 60_000)
    console.log(
      `the link cut: others are hidden after ${Math.round(hiddenMs)} ms, all see all after ${Math.round(performance.now() - startedAt)} ms`,
    )
    await chi.send('here again', { reliable: true })
    for (const peer of peers)
      await eventually(() => (peer.data.some(({ text }) => text === 'here again') ? null : 'no data'))
    heal()
    await ground.expectListed(room, ['an', 'binh', 'chi'])
    await ground.reset()
    await ground.expectListed(room, [])
    await ground.api(0).deleteRoom(room)
    await wholeStory(ground, room)
  })
})
