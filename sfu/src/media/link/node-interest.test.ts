import type { TrackId } from '@diemcau/core/ids.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeProducer, fakeRouter } from '../../../test/pipe-support/fake-ends.ts'
import { type Demand, PublishedTrack, type TrackCodec } from '../track/published-track.ts'
import { NodeInterest } from './node-interest.ts'
import type { OutgoingPipe } from './outgoing-pipe.ts'

const VP8 = 'video/VP8'
const VP9 = 'video/VP9'

function setUp() {
  const demands: Demand[] = []
  const track = new PublishedTrack({
    trackId: 'TR_1' as TrackId,
    participantId: 'PA_1' as never,
    kind: 'video',
    home: fakeRouter('home').home,
    stream: 'camera',
    layers: [],
    announcedMimeTypes: () => [VP8, VP9],
    isRegressing: true,
    onDemand: demand => demands.push(demand),
  })
  const publish = (mimeType: string): TrackCodec => {
    const codec = {
      mid: mimeType,
      mimeType,
      producer: new FakeProducer(),
      spatialLayers: 3,
      simulcast: true,
      layers: [],
    }
    track.addCodec(codec)
    return codec
  }
  publish(VP8)
  const ended: string[] = []
  const node = (name: string) => new NodeInterest(name, track, interest => ended.push(interest.node))
  const highest = (mimeType = VP8) =>
    demands.at(-1)?.find(entry => entry.mimeType === mimeType)?.maxSpatialLayer
  return { track, demands, publish, node, ended, highest }
}

let order = 0
const want = (...codecs: [mimeType: string, serial: number | null, layer: number, isAside?: boolean][]) => ({
  trackId: 'TR_1',
  order: ++order,
  codecs: codecs.map(([mimeType, serial, maxSpatialLayer, isAside = false]) => ({
    mimeType,
    serial,
    maxSpatialLayer,
    isAside,
    isFlowing: maxSpatialLayer >= 0,
  })),
})

/** A pipe that only says what became of it. */
function pipe(interest: NodeInterest, serial: number, codec: TrackCodec) {
  const fake = { serial, codec, isWanted: true, isClosed: false }
  return Object.assign(fake, {
    setWanted: (isWanted: boolean) => {
      fake.isWanted = isWanted
    },
    close: () => {
      if (fake.isClosed) return
      fake.isClosed = true
      interest.remove(fake as unknown as OutgoingPipe)
    },
  })
}
const add = (interest: NodeInterest, serial: number, codec: TrackCodec) => {
  const made = pipe(interest, serial, codec)
  interest.add(made as unknown as OutgoingPipe)
  return made
}

describe('what a node wants of a track', () => {
  beforeEach(() => {
    order = 100
    vi.useFakeTimers()
  })
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('counts with the wishes of other nodes and of viewers at home', async () => {
    const { track, node, highest } = setUp()
    const here = {}
    track.setWanted(here, { mimeType: VP8, maxSpatialLayer: 0 })
    const [a, b] = [node('a'), node('b')]
    a.apply(want([VP8, 1, 1]))
    b.apply(want([VP8, 2, 2]))
    await vi.advanceTimersByTimeAsync(500)
    expect(highest()).toBe(2)
    b.apply(want([VP8, 2, 0]))
    await vi.advanceTimersByTimeAsync(500)
    expect(highest()).toBe(1)
    a.apply(want([VP8, 1, -1]))
    await vi.advanceTimersByTimeAsync(500)
    expect(highest()).toBe(0)
    a.apply(want([VP8, 1, 2]))
    // More is asked for at once.
    expect(highest()).toBe(2)
    a.end()
    b.end()
    track.setWanted(here, undefined)
    await vi.advanceTimersByTimeAsync(500)
    expect(highest()).toBe(-1)
  })

  it('is the newest word only: an older one that comes late, or twice, changes nothing', async () => {
    const { node, highest } = setUp()
    const a = node('a')
    const late = want([VP8, 1, 2])
    const newest = want([VP8, 1, 0])
    a.apply(newest)
    a.apply(late)
    a.apply(newest)
    await vi.advanceTimersByTimeAsync(500)
    expect(highest()).toBe(0)
    a.end()
    await vi.advanceTimersByTimeAsync(500)
  })

  it('pauses and closes pipes: one that is not named any more is over, a newer one is not touched', () => {
    const { track, node } = setUp()
    const a = node('a')
    const first = add(a, 101, track.codecs[0]!)
    a.apply(want([VP8, 101, -1]))
    expect(first).toMatchObject({ isWanted: false, isClosed: false })
    a.apply(want([VP8, 101, 1]))
    expect(first.isWanted).toBe(true)
    order = 200
    const newer = add(a, 300, track.codecs[0]!)
    // A node has one of a codec.
    expect(first.isClosed).toBe(true)
    a.apply(want())
    expect(newer.isClosed).toBe(false)
    order = 400
    a.apply(want())
    expect(newer.isClosed).toBe(true)
    track.close()
  })

  it('counts at once for the publisher, while the pipe waits until somebody there can take it', () => {
    const { track, node } = setUp()
    const a = node('a')
    const carried = add(a, 101, track.codecs[0]!)
    const waiting = want([VP8, 101, 1])
    a.apply({ ...waiting, codecs: waiting.codecs.map(codec => ({ ...codec, isFlowing: false })) })
    expect(track.wanted).toEqual([{ mimeType: VP8, maxSpatialLayer: 1 }])
    expect(carried.isWanted).toBe(false)
    a.apply(want([VP8, 101, 1]))
    expect(carried.isWanted).toBe(true)
    track.close()
  })

  it('says which serial may be opened: none that was given up, none older than what is there', () => {
    const { track, node } = setUp()
    const a = node('a')
    expect(a.mayOpen(50, VP8)).toBe(true)
    a.apply(want([VP8, 60, 1]))
    expect(a.mayOpen(60, VP8)).toBe(true)
    expect(a.mayOpen(50, VP8)).toBe(false)
    expect(a.mayOpen(200, VP8)).toBe(true)
    add(a, 200, track.codecs[0]!)
    expect(a.mayOpen(200, VP8)).toBe(false)
    expect(a.mayOpen(150, VP8)).toBe(false)
    track.close()
  })

  it('asks the publisher for a backup codec that is waited for there', async () => {
    const { node, demands } = setUp()
    const a = node('a')
    a.apply(want([VP8, 1, 2], [VP9, null, 1]))
    expect(demands.at(-1)).toContainEqual({ mimeType: VP9, maxSpatialLayer: 1, spatialLayers: 0 })
    a.apply(want([VP8, 1, 2]))
    await vi.advanceTimersByTimeAsync(500)
    expect(demands.at(-1)!.map(({ mimeType }) => mimeType)).toEqual([VP8])
    a.end()
    await vi.advanceTimersByTimeAsync(500)
  })

  it.each([
    [true, undefined],
    [false, VP9],
  ])('moves everybody to a backup codec unless it is asked for aside (%s)', (isAside, regressedTo) => {
    const { track, node, publish } = setUp()
    const a = node('a')
    a.apply(want([VP8, 1, 2], [VP9, null, 1, isAside]))
    publish(VP9)
    expect(track.regressedTo).toBe(regressedTo)
    track.close()
  })

  it('of a codec that has just ended here is no call for it', async () => {
    const { track, node, demands, publish } = setUp()
    publish(VP9)
    const a = node('a')
    const ending = add(a, 1, track.codecs[0]!)
    a.apply(want([VP8, 1, 2]))
    track.removeCodec(VP8)
    expect(ending.isClosed).toBe(true)
    // Sent before the node knew.
    a.apply(want([VP8, 1, 2]))
    await vi.advanceTimersByTimeAsync(500)
    expect(demands.at(-1)!.map(({ mimeType }) => mimeType)).toEqual([VP9])
    track.close()
  })

  it('ends when nothing is left of it, with its track, and leaves nothing behind', async () => {
    const { track, node, ended, highest } = setUp()
    const a = node('a')
    a.apply(want([VP8, null, 2]))
    a.mayEnd()
    expect(ended).toEqual([])
    a.apply(want())
    a.mayEnd()
    expect(ended).toEqual(['a'])

    const b = node('b')
    const carried = add(b, 1, track.codecs[0]!)
    b.apply(want([VP8, 1, 2]))
    carried.close()
    await vi.advanceTimersByTimeAsync(500)
    expect(ended).toEqual(['a', 'b'])
    expect(highest()).toBe(-1)

    const c = node('c')
    const last = add(c, 1, track.codecs[0]!)
    track.close()
    expect(last.isClosed).toBe(true)
    expect(ended).toEqual(['a', 'b', 'c'])
    c.apply(want([VP8, 1, 2]))
    c.end()
    expect(ended).toHaveLength(3)
    expect(track.wanted).toEqual([])
  })
})
