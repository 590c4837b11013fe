/** Tracks published on one node and taken on another: two media nodes with their own workers, and a link in memory. */
import type { TrackId } from '@diemcau/core/ids.ts'
import type { Browser } from '@playwright/test'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../../../testing/eventually.ts'
import { launchBrowser, MediaClient } from '../../../test/media-client.ts'
import { LossyPath, Tap } from '../../../test/pipe-support/taps.ts'
import {
  newestLanded,
  pairEnds,
  pipedConsumersBegan,
  receivedFromClients,
  type TwoHalves,
  TwoNodes,
} from '../../../test/pipe-support/two-nodes.ts'

let browser: Browser
let nodes: TwoNodes
let room: TwoHalves
const taps: Tap[] = []

beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
})

async function start(workerCount = 2): Promise<void> {
  nodes = await TwoNodes.start(workerCount)
  room = nodes.openRoom()
}
afterEach(async () => {
  await Promise.all(taps.splice(0).map(tap => tap.close()))
  for (const context of browser.contexts()) await context.close()
  await nodes.stop()
  // None asked for a key frame before anybody could take it: not one of them began active.
  expect(pipedConsumersBegan.splice(0).filter(({ paused }) => !paused)).toEqual([])
  // Whatever was open between the nodes is gone with them.
  expect([...pairEnds('a'), ...pairEnds('b')]).toEqual([])
})

const join = (half: 'a' | 'b', of = room) => MediaClient.join(browser, of[half])
async function tap(trackId: TrackId, of = room): Promise<Tap> {
  const opened = await Tap.open(of.b, trackId)
  taps.push(opened)
  return opened
}

/** Complains until more frames of a track were decoded than at the first look. */
function framesGrow(client: MediaClient, trackId: TrackId, by = 5) {
  let first: number | undefined
  return async () => {
    const frames = (await client.inbound())[trackId]?.frames ?? 0
    first ??= frames
    return frames >= first + by ? undefined : `${frames} frames of ${trackId}, ${first} at first`
  }
}
const packetsGrow = (of: Tap, by = 30) => {
  const first = of.packets
  return () => (of.packets >= first + by ? undefined : `${of.packets - first} packets`)
}
/** Complains until no packet has come for a while. */
const isSilent = (of: Tap) => {
  let last = -1
  return async () => {
    const isStill = of.packets === last
    last = of.packets
    await new Promise(resolve => setTimeout(resolve, 400))
    return isStill ? undefined : 'packets still arrive'
  }
}
/** Sooner than both ends compare by themselves. */
const isLandedPaused = (isPaused: boolean) =>
  eventually(() => (newestLanded!.paused === isPaused ? undefined : 'out of step'), 3_000)
const sent = async () =>
  (await Promise.all(pairEnds('a').map(end => end.getStats())))
    .flat()
    .reduce((sum, s) => sum + s.bytesSent, 0)

describe('a track published on one node', () => {
  it('is seen and heard on the other, by people on all its workers, over one pair and once each', async () => {
    await start()
    const publisher = await join('a')
    const video = await publisher.publish({ kind: 'video', layers: 3 })
    const audio = await publisher.publish({ kind: 'audio' })
    expect(room.media.a.factsOf(video)).toMatchObject({
      kind: 'video',
      participantId: publisher.participantId,
      codecs: [{ mimeType: 'video/VP8', spatialLayers: 3, simulcast: true }],
      muted: false,
    })
    room.show(video)
    room.show(audio)
    expect(() => room.media.b.factsOf(video)).toThrow('published on another node')
    // Nothing is carried that nobody wants.
    expect(pairEnds('a')).toEqual([])
    const viewers = [await join('b'), await join('b'), await join('b')]
    expect(new Set(viewers.map(({ peer }) => peer.workerIndex)).size).toBe(2)
    await Promise.all(viewers.flatMap(({ peer }) => [peer.subscribe(video), peer.subscribe(audio)]))
    for (const viewer of viewers) {
      await eventually(framesGrow(viewer, video), 40_000)
      await eventually(async () => {
        const packets = (await viewer.inbound())[audio]?.packets ?? 0
        return packets > 20 ? undefined : `${packets} packets of sound`
      })
      expect((await viewer.inbound())[video]?.codec).toBe('video/VP8')
    }
    // All of a pair of routers travels together.
    expect([pairEnds('a').length, pairEnds('b').length]).toEqual([1, 1])
    expect(room.count('open')).toBe(2)
    expect(room.media.b.landingCount).toBe(2)
    expect(pipedConsumersBegan).toHaveLength(2)
    const [[a], [b]] = [pairEnds('a'), pairEnds('b')]
    expect((await a!.dump()).rtx).toBe(true)
    expect(a!.srtpParameters?.cryptoSuite).toBe('AEAD_AES_256_GCM')
    expect(b!.tuple.remotePort).toBe(a!.tuple.localPort)
    // What each says of itself: the bytes of the pair, its ports and its workers' time, the same however often it is asked.
    await eventually(async () => {
      const [here, there] = await Promise.all([nodes.a.figures(), nodes.b.figures()])
      const [out, into] = [here.pipes[0], there.pipes[0]]
      if (!out || !into || out.sentBytes < 50_000) return `sent ${out?.sentBytes}`
      return into.receivedBytes > 0.8 * out.sentBytes && into.open === 1 ? undefined : JSON.stringify(into)
    })
    const figures = await nodes.b.figures()
    expect(figures.pipePorts!.used).toBe(1)
    expect(figures.workers).toHaveLength(2)
    for (const { cpuMs, peakMemoryBytes } of figures.workers) {
      expect(cpuMs).toBeGreaterThan(0)
      expect(peakMemoryBytes).toBeGreaterThan(1_000_000)
    }
    // The layers of the publisher are there to choose from.
    const small = { disabled: false, quality: 0, width: 0, height: 0, fps: 0, priority: 0 }
    await viewers[0]!.peer.updateTrackSettings(video, small)
    await eventually(async () => {
      const shown = (await viewers[0]!.inbound())[video]?.width
      return shown === 240 ? undefined : `${shown} wide`
    }, 40_000)
  })

  it('costs the way between the nodes the same for one viewer and for ten', async () => {
    await start()
    const publisher = await join('a')
    const video = await publisher.publish({ kind: 'video', layers: 3 })
    room.show(video)
    const received = () => receivedFromClients('a')
    const seen = () => taps.map(({ bytes }) => bytes)
    /** Bytes between the nodes for each byte that the publisher sent meanwhile, and so for what each viewer got. */
    const measure = async () => {
      const before = { between: await sent(), published: await received(), seen: seen() }
      await eventually(async () =>
        (await received()) - before.published > 250_000 ? undefined : 'measuring',
      )
      const published = (await received()) - before.published
      return {
        between: ((await sent()) - before.between) / published,
        seen: seen().map((bytes, viewer) => (bytes - (before.seen[viewer] ?? 0)) / published),
      }
    }
    await eventually(packetsGrow(await tap(video)))
    const one = await measure()
    for (let n = 1; n < 10; n++) await tap(video)
    for (const viewer of taps) await eventually(packetsGrow(viewer))
    const ten = await measure()
    expect(pairEnds('a')).toHaveLength(1)
    // Every layer once, with some percent for SRTP and header extensions.
    expect(one.between).toBeGreaterThan(0.8)
    expect(one.between).toBeLessThan(1.3)
    expect(ten.between / one.between).toBeGreaterThan(0.85)
    expect(ten.between / one.between).toBeLessThan(1.15)
    // While each of the ten did get the picture, if not all as fast as one alone: they are read by one process.
    expect(ten.seen).toHaveLength(10)
    expect(Math.min(...ten.seen)).toBeGreaterThan(one.seen[0]! / 3)
  })

  it('falls silent and comes back there as its publisher mutes it, also while it is being carried over', async () => {
    await start()
    const publisher = await join('a')
    const audio = await publisher.publish({ kind: 'audio' })
    const video = await publisher.publish({ kind: 'video', layers: 1 })
    room.show(audio)
    const ear = await tap(audio)
    await eventually(packetsGrow(ear))
    await publisher.peer.setTrackMuted(audio, true)
    await isLandedPaused(true)
    await eventually(isSilent(ear))
    await publisher.peer.setTrackMuted(audio, false)
    await isLandedPaused(false)
    await eventually(packetsGrow(ear))

    for (const isMuted of [true, false]) {
      const remote = room.show(video)
      const gate = Promise.withResolvers<void>()
      room.answerGate = gate.promise
      const answered = room.answered
      const opening = tap(video)
      await eventually(() => (room.answered > answered ? undefined : 'not answered'))
      // The answer is on its way, and this overtakes it.
      await publisher.peer.setTrackMuted(video, isMuted)
      await eventually(() => (room.said.at(-1)!.message.paused === isMuted ? undefined : 'not told'))
      gate.resolve()
      room.answerGate = undefined
      const eye = await opening
      expect(remote.track.codecs[0]!.producer.paused).toBe(isMuted)
      await isLandedPaused(isMuted)
      await eventually(isMuted ? isSilent(eye) : packetsGrow(eye))
      if (isMuted) expect(eye.packets).toBe(0)
      remote.remove()
    }
  })

  it('loses nothing for its viewers when packets are lost between the nodes, and shows nothing on the way', async () => {
    await start(1)
    const path = await LossyPath.open()
    room.rewriteEnd = path.rewrite
    const media = new Set<number>()
    room.onAnswer = ({ rtpParameters }) => {
      for (const { ssrc } of (rtpParameters as { encodings: { ssrc: number }[] }).encodings) media.add(ssrc)
    }
    const once = new Set<string>()
    path.loses = (ssrc, sequence) => {
      const packet = `${ssrc} ${sequence}`
      if (!media.has(ssrc) || sequence % 10 !== 0 || once.has(packet)) return false
      once.add(packet)
      return true
    }
    try {
      const publisher = await join('a')
      const video = await publisher.publish({ kind: 'video', layers: 1 })
      const audio = await publisher.publish({ kind: 'audio' })
      room.show(video)
      room.show(audio)
      const [eye, ear] = [await tap(video), await tap(audio)]
      await eventually(packetsGrow(eye, 400), 60_000)
      await eventually(packetsGrow(ear, 200), 60_000)
      expect(path.lost).toBeGreaterThan(40)
      for (const viewer of [eye, ear])
        await eventually(() => {
          const missing = viewer.missing(50)
          return missing.length === 0 ? undefined : `${missing.length} packets are missing`
        })
      // What arrived cannot be read in what went by.
      expect(path.seen).toHaveLength(200)
      const arrived = [...eye.tails, ...ear.tails]
      expect(path.seen.filter(packet => arrived.some(tail => packet.includes(tail)))).toEqual([])
    } finally {
      path.close()
    }
  })
})

describe('the way to a track', () => {
  it('stays while viewers come and go, and goes with all that belongs to it when nobody comes', async () => {
    await start()
    const before = { a: nodes.a.resources(), b: nodes.b.resources() }
    const publisher = await join('a')
    const video = await publisher.publish({ kind: 'video', layers: 1 })
    room.show(video)
    const viewer = await join('b')
    for (let n = 0; n < 10; n++) {
      await viewer.peer.subscribe(video)
      await viewer.peer.unsubscribe(video)
    }
    await viewer.peer.subscribe(video)
    await eventually(framesGrow(viewer, video))
    expect(room.count('open')).toBe(1)
    expect(pairEnds('b')).toHaveLength(1)

    await viewer.peer.unsubscribe(video)
    // At first nothing is sent any more, then all goes.
    const want = () => room.said.findLast(({ kind }) => kind === 'want')!.message
    await eventually(() =>
      JSON.stringify(want()).includes('"maxSpatialLayer":-1') ? undefined : 'nobody was said to want nothing',
    )
    await eventually(async () => {
      const bytes = await sent()
      await new Promise(resolve => setTimeout(resolve, 500))
      // Reports go on.
      return (await sent()) - bytes < 1_000 ? undefined : 'it goes on'
    }, 5_000)
    expect(room.media.b.landingCount).toBe(1)
    await eventually(() => (room.media.b.landingCount === 0 ? undefined : 'still there'), 15_000)
    await eventually(() =>
      pairEnds('a').length + pairEnds('b').length === 0 ? undefined : 'pair not closed',
    )
    await viewer.peer.close('left')
    await publisher.peer.close('left')
    const left = ({ routers, ...others }: ReturnType<typeof nodes.a.resources>) => {
      // The rooms keep their routers, with what each has from the start.
      const { producers, consumers, webRtcTransports, pipeTransports, plainTransports } = others
      return { producers, consumers, webRtcTransports, pipeTransports, plainTransports, isUsed: routers > 0 }
    }
    expect(left(nodes.a.resources())).toEqual({ ...left(before.a), isUsed: true })
    expect(left(nodes.b.resources())).toEqual({ ...left(before.b), isUsed: true })
  })

  it('ends with its producer, and a viewer who asks is told that the track is none', async () => {
    await start()
    const publisher = await join('a')
    const video = await publisher.publish({ kind: 'video', layers: 1 })
    const remote = room.show(video)
    const viewer = await join('b')
    await viewer.peer.subscribe(video)
    await eventually(framesGrow(viewer, video))
    await publisher.stopTrack(video)
    // Before the room has told that the publication ended.
    await eventually(() => (room.media.b.landingCount === 0 ? undefined : 'still landed'))
    await eventually(() => (viewer.events.some(event => event.includes('lost')) ? undefined : 'not told'))
    await expect(viewer.peer.subscribe(video)).rejects.toMatchObject({ code: 'track_not_found' })
    remote.remove()
    await expect(viewer.peer.subscribe(video)).rejects.toMatchObject({ code: 'track_not_found' })
    await eventually(() => (viewer.lastOffer.includes('a=sendonly') ? 'still offered' : undefined))
    await eventually(() =>
      pairEnds('a').length + pairEnds('b').length === 0 ? undefined : 'pair not closed',
    )
  })

  it('shows a late viewer a picture soon, wherever it is on the node', async () => {
    await start()
    const publisher = await join('a')
    const video = await publisher.publish({ kind: 'video', layers: 1 })
    room.show(video)
    const first = await join('b')
    await first.peer.subscribe(video)
    await eventually(framesGrow(first, video, 30), 40_000)
    for (let n = 0; n < 2; n++) {
      const late = await join('b')
      await late.peer.subscribe(video)
      await eventually(framesGrow(late, video))
    }
    expect(room.count('open')).toBe(1)
  })

  it('is asked for the layers wanted there only, as far as the publisher is: less, nothing, and more again', async () => {
    await start()
    const publisher = await join('a')
    const video = await publisher.publish({ kind: 'video', layers: 3 })
    room.show(video)
    const highest = (layer: number) => () =>
      room.demands.at(-1)?.maxSpatialLayer === layer ? undefined : JSON.stringify(room.demands.at(-1))
    // Nobody has come yet.
    await eventually(highest(-1))
    const [one, two] = [await join('b'), await join('b')]
    const settings = { disabled: false, quality: 0, width: 0, height: 0, fps: 0, priority: 0 }
    await one.peer.updateTrackSettings(video, settings)
    await one.peer.subscribe(video)
    await eventually(highest(0))
    await two.peer.updateTrackSettings(video, { ...settings, quality: 1 })
    await two.peer.subscribe(video)
    await eventually(highest(1))
    await one.peer.updateTrackSettings(video, { ...settings, quality: 2 })
    await eventually(highest(2))
    await one.peer.unsubscribe(video)
    await eventually(highest(1))
    await two.peer.updateTrackSettings(video, { ...settings, disabled: true })
    await eventually(highest(-1))
    await two.peer.updateTrackSettings(video, settings)
    await eventually(highest(0))
    await eventually(framesGrow(two, video), 40_000)
    // A node that is gone wants nothing.
    room.media.a.handleNodeGone('b')
    await eventually(highest(-1))
    expect(pairEnds('a')).toEqual([])
  })
})

describe('a recorder of a track of another node', () => {
  it('is told when the way from there is another one, takes it, and hears nothing of its end', async () => {
    await start()
    const publisher = await join('a')
    const audio = await publisher.publish({ kind: 'audio' })
    const facts = room.media.a.factsOf(audio)
    const remote = room.show(audio)
    const ear = await tap(audio)
    await eventually(packetsGrow(ear))
    // Its publisher announces other sizes, or comes to another router there.
    const layers = [{ quality: 2, width: 1, height: 1 }]
    remote.update({ ...facts, codecs: facts.codecs.map(codec => ({ ...codec, layers })) })
    await eventually(() => (ear.lost.join() === 'way_lost' ? undefined : `lost: ${ear.lost.join()}`))
    await ear.take()
    await eventually(packetsGrow(ear))
    remote.remove()
    await eventually(() => (room.media.b.landingCount === 0 ? undefined : 'still landed'))
    expect(ear.lost).toHaveLength(1)
  })
})

describe('a worker that dies', () => {
  const kill = (name: 'a' | 'b', index: number) =>
    process.kill(nodes[name].workers().find(worker => worker.index === index)!.pid, 'SIGKILL')

  it('where a track has landed has it land anew for the others', async () => {
    await start()
    const publisher = await join('a')
    const video = await publisher.publish({ kind: 'video', layers: 1 })
    room.show(video)
    const [first, second] = [await join('b'), await join('b')]
    await first.peer.subscribe(video)
    await second.peer.subscribe(video)
    await eventually(framesGrow(second, video), 40_000)
    expect(room.count('open')).toBe(1)
    kill('b', first.peer.workerIndex)
    await eventually(() => (first.events.includes('lost worker_died') ? undefined : 'not told'))
    await eventually(() => (second.events.some(event => event.includes('lost')) ? undefined : 'not lost'))
    // As the room does; the old pipe may not be closed at home yet.
    await second.peer.subscribe(video)
    await eventually(framesGrow(second, video), 40_000)
    expect(room.count('open')).toBe(2)
    expect(room.media.b.landingCount).toBe(1)
    await eventually(() => (pairEnds('a').length === 1 ? undefined : `${pairEnds('a').length} pairs`))
  })

  it('where a captured track has landed is told to its recorder, who has it land anew', async () => {
    await start()
    const publisher = await join('a')
    const audio = await publisher.publish({ kind: 'audio' })
    const { track } = room.show(audio)
    const ear = await tap(audio)
    await eventually(packetsGrow(ear))
    kill('b', track.routerOf(track.codecs[0]!)!.worker.index)
    await eventually(() => (ear.lost.join() === 'worker_died' ? undefined : `lost: ${ear.lost.join()}`))
    await ear.take()
    await eventually(packetsGrow(ear))
    expect(ear.lost).toHaveLength(1)
    expect(room.media.b.landingCount).toBe(1)
  })

  it('where a track is published ends it on the other node, where the next one lands as usual', async () => {
    await start()
    const publisher = await join('a')
    const video = await publisher.publish({ kind: 'video', layers: 1 })
    const remote = room.show(video)
    const viewer = await join('b')
    await viewer.peer.subscribe(video)
    await eventually(framesGrow(viewer, video), 40_000)
    kill('a', publisher.peer.workerIndex)
    await eventually(() => (publisher.events.includes('lost worker_died') ? undefined : 'not told'))
    await eventually(() => (room.media.b.landingCount === 0 ? undefined : 'still landed'))
    remote.remove()
    await eventually(() => (pairEnds('b').length === 0 ? undefined : 'pair not closed'))
    await eventually(() => (nodes.a.workers().length === 2 ? undefined : 'not replaced'))
    const again = await join('a')
    const next = await again.publish({ kind: 'video', layers: 1 })
    room.show(next)
    await viewer.peer.subscribe(next)
    await eventually(framesGrow(viewer, next), 40_000)
  })
})

describe('rooms whose routers share workers', () => {
  it('have the same track landed in each, forwarded between them, and landed again early', async () => {
    await start(1)
    const other = nodes.openRoom()
    const publisher = await join('a')
    const audio = await publisher.publish({ kind: 'audio' })
    // Shown in a second room at home, and carried to the other node for either.
    const leave = other.a.forward(room.a, audio, publisher.participantId)
    const remote = room.show(audio)
    other.show(audio)
    const [here, there] = [await tap(audio), await tap(audio, other)]
    await eventually(packetsGrow(here))
    await eventually(packetsGrow(there))
    expect(pairEnds('b')).toHaveLength(2)
    // A third one on the landing node takes it from the first there.
    const third = nodes.openRoom()
    third.b.forward(room.b, audio, publisher.participantId)
    const forwarded = await tap(audio, third)
    await eventually(packetsGrow(forwarded))
    expect(pairEnds('b')).toHaveLength(2)

    // Removed and shown again while the home may still have the old pipe: the new one has ids of its own.
    for (let n = 0; n < 5; n++) {
      const again = n === 0 ? remote : room.show(audio)
      if (n > 0) await eventually(packetsGrow(await tap(audio)))
      again.remove()
    }
    expect(room.count('open')).toBe(5)
    // The other room's goes on.
    await eventually(packetsGrow(there))
    leave()
    await other.a.close('room_closed')
    await eventually(() => (other.media.b.landingCount === 0 ? undefined : 'still landed'))
  })
})
