import type { TrackId } from '@diemcau/core/ids.ts'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeProducer, fakeRouter, PAIR_END, RecordedSignals } from '../../../test/pipe-support/fake-ends.ts'
import { PublishedTrack } from '../track/published-track.ts'
import { TrackDirectory } from '../track/track-directory.ts'
import { OutgoingPipes } from './outgoing-pipes.ts'

const VP8 = 'video/VP8'
const TRACK = 'TR_1' as TrackId

function setUp() {
  const { home, transports, state } = fakeRouter('home')
  const directory = new TrackDirectory()
  const demands: number[] = []
  const track = new PublishedTrack({
    trackId: TRACK,
    participantId: 'PA_1' as never,
    kind: 'video',
    home,
    stream: 'camera',
    layers: [],
    onDemand: demand => demands.push(demand[0]?.maxSpatialLayer ?? -1),
  })
  const producer = new FakeProducer()
  track.addCodec({ mid: '0', mimeType: VP8, producer, spatialLayers: 3, simulcast: true, layers: [] })
  directory.add(track)
  const signals = new RecordedSignals()
  const listen = { address: '127.0.0.1', firstPort: 40_000, lastPort: 40_999 }
  const forbidden = new Set<string>()
  const mayHave = (node: string) => !forbidden.has(node)
  const logger = pino({ level: 'silent' })
  const pipes = new OutgoingPipes({ directory, signals, mayHave, listen, logger })
  const open = (serial: number, change: object = {}, layer = 2) =>
    pipes.handleOpen('b', {
      serial,
      trackId: TRACK,
      mimeType: VP8,
      pair: { id: 'PP_1', homeRouter: 'home', end: PAIR_END },
      want: {
        trackId: TRACK,
        order: serial + 1,
        codecs: [{ mimeType: VP8, serial, maxSpatialLayer: layer, isAside: false, isFlowing: layer >= 0 }],
      },
      ...change,
    })
  const want = (order: number, ...codecs: [serial: number, layer: number][]) =>
    pipes.handleWant('b', {
      trackId: TRACK,
      order,
      codecs: codecs.map(([serial, maxSpatialLayer]) => ({
        mimeType: VP8,
        serial,
        maxSpatialLayer,
        isAside: false,
        isFlowing: maxSpatialLayer >= 0,
      })),
    })
  const consumer = (index = 0) => transports.flatMap(({ consumers }) => consumers)[index]
  return {
    forbidden,
    pipes,
    track,
    producer,
    directory,
    signals,
    transports,
    state,
    demands,
    open,
    want,
    consumer,
  }
}

const settle = () => vi.advanceTimersByTimeAsync(0)

describe('the home of a track', () => {
  let pipes: OutgoingPipes | undefined
  const start = () => {
    const all = setUp()
    pipes = all.pipes
    return all
  }
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => {
    pipes?.close()
    vi.clearAllTimers()
    vi.useRealTimers()
  })

  it('answers a serial once, however often it is asked, and at once with all the node needs', async () => {
    const { open, transports, producer } = start()
    const [first, again] = await Promise.all([open(1), open(1)])
    const later = await open(1)
    expect(first).toMatchObject({
      serial: 1,
      end: { address: '127.0.0.1', port: transports[0]!.tuple.localPort },
      kind: 'video',
      rev: 1,
      paused: false,
    })
    expect(again).toEqual(first)
    await producer.pause()
    expect(later).toEqual(first)
    expect(transports).toHaveLength(1)
    expect(transports[0]!.consumers).toHaveLength(1)
    expect(transports[0]!.options).toMatchObject({
      enableSrtp: true,
      enableRtx: true,
      enableSctp: false,
      listenInfo: { ip: '127.0.0.1', portRange: { min: 40_000, max: 40_999 }, recvBufferSize: 4_194_304 },
    })
    expect(transports[0]!.connectedTo).toMatchObject({ ip: '127.0.0.1', port: PAIR_END.port })
  })

  it('sends no more of a track that this room does not show any more, which goes on elsewhere', async () => {
    const { pipes: outgoing, open, directory, track, consumer, producer } = start()
    await open(1)
    expect([consumer()?.closed, track.wanted.length]).toEqual([false, 1])
    directory.remove(track)
    outgoing.dropTrack(track)
    expect([consumer()?.closed, track.wanted, producer.closed]).toEqual([true, [], false])
    expect(await open(2)).toEqual({ serial: 2, refused: 'not_found' })
  })

  it('refuses a node where nobody may have the track, and makes nothing of its wishes', async () => {
    const { open, forbidden, track, transports } = start()
    forbidden.add('b')
    expect(await open(1)).toEqual({ serial: 1, refused: 'not_found' })
    expect([track.wanted, transports]).toEqual([[], []])
    forbidden.clear()
    expect(await open(2)).toMatchObject({ serial: 2, kind: 'video' })
  })

  it('refuses what it has not, a router that is not the track’s, and a pair that is gone', async () => {
    const { open, directory, track, transports } = start()
    const named = (id: string, homeRouter = 'home') => ({ pair: { id, homeRouter } })
    expect(await open(1, { trackId: 'TR_none' })).toEqual({ serial: 1, refused: 'not_found' })
    expect(await open(2, { mimeType: 'video/H264' })).toEqual({ serial: 2, refused: 'not_found' })
    expect(await open(3, named('PP_1', 'elsewhere'))).toEqual({ serial: 3, refused: 'not_found' })
    expect(track.wanted).toEqual([])
    expect(await open(4, named('PP_9'))).toEqual({ serial: 4, refused: 'stale_pair' })
    // The node tries again at once, and its viewers want it meanwhile.
    expect(track.wanted).toHaveLength(1)
    directory.remove(track)
    expect(await open(5)).toEqual({ serial: 5, refused: 'not_found' })
    expect(transports).toEqual([])
    await expect(open(-1)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('tells pauses and the end as numbered levels, the newest the highest', async () => {
    const { open, producer, signals, track, consumer } = start()
    await open(1)
    await producer.pause()
    await producer.resume()
    await producer.pause()
    const told = { node: 'b', serial: 1, trackId: TRACK, closed: false }
    expect(signals.states).toEqual([
      { ...told, rev: 2, paused: true },
      { ...told, rev: 3, paused: false },
      { ...told, rev: 4, paused: true },
    ])
    track.close()
    await settle()
    expect(signals.states.at(-1)).toEqual({ ...told, rev: 5, paused: true, closed: true })
    expect(consumer()!.closed).toBe(true)
    expect(producer.observer.listenerCount('pause')).toBe(0)
  })

  it('does not lose a pause that comes while the pipe is being opened', async () => {
    const { open, producer, signals, state } = start()
    const gate = Promise.withResolvers<void>()
    state.gate = gate.promise
    const answer = open(1)
    await settle()
    await producer.pause()
    gate.resolve()
    expect(await answer).toMatchObject({ rev: 2, paused: true })
    expect(signals.states).toMatchObject([{ rev: 2, paused: true }])
  })

  it('sends nothing to a node where nobody wants it, and compares that again and again', async () => {
    const { open, want, consumer, pipes } = start()
    await open(1, {}, -1)
    await settle()
    expect(consumer()!.paused).toBe(true)
    want(10, [1, 0])
    await settle()
    expect(consumer()!.paused).toBe(false)
    const pause = vi.spyOn(consumer()!, 'pause').mockRejectedValueOnce(new Error('the worker is busy'))
    want(11, [1, -1])
    await settle()
    expect(consumer()!.paused).toBe(false)
    pipes.compare()
    await settle()
    expect(pause).toHaveBeenCalledTimes(2)
    expect(consumer()!.paused).toBe(true)
  })

  it('closes what the node names no more, and the pair a while after its last pipe', async () => {
    const { open, want, consumer, transports, track } = start()
    await open(1)
    want(10)
    expect(consumer()!.closed).toBe(true)
    await vi.advanceTimersByTimeAsync(4_000)
    expect(transports[0]!.closed).toBe(false)
    // The next track travels on it.
    expect(await open(11, { pair: { id: 'PP_1', homeRouter: 'home' } })).toMatchObject({ rev: 1 })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(transports[0]!.closed).toBe(false)
    want(20)
    await vi.advanceTimersByTimeAsync(6_000)
    expect(transports[0]!.closed).toBe(true)
    expect(transports).toHaveLength(1)
    expect(track.wanted).toEqual([])
  })

  it('says of a serial it does not know that it is closed, so that the node tries anew', async () => {
    const { open, want, signals, transports } = start()
    want(10, [9, 2])
    expect(signals.states).toEqual([
      { node: 'b', serial: 9, trackId: TRACK, rev: 0, paused: false, closed: true },
    ])
    await open(11)
    transports[0]!.close()
    expect(signals.states.at(-1)).toMatchObject({ serial: 11, rev: 2, closed: true })
  })

  it('opens nothing that the node gave up before it was asked', async () => {
    const { open, want, transports } = start()
    want(10)
    want(11, [9, 1])
    expect(await open(5)).toEqual({ serial: 5, refused: 'over' })
    expect(transports).toEqual([])
  })

  it('closes what was given up while it was opened', async () => {
    const { open, want, state, consumer, track } = start()
    const gate = Promise.withResolvers<void>()
    state.gate = gate.promise
    const answer = open(1)
    await settle()
    want(10)
    gate.resolve()
    expect(await answer).toEqual({ serial: 1, refused: 'over' })
    expect(consumer()!.closed).toBe(true)
    await settle()
    expect(track.wanted).toEqual([])
  })

  it('takes the wishes of a buried node back, and closes all it had', async () => {
    const { pipes, open, consumer, transports, demands, track } = start()
    await open(1)
    expect(track.wanted).toEqual([{ mimeType: VP8, maxSpatialLayer: 2 }])
    pipes.dropNode('b')
    expect(consumer()!.closed).toBe(true)
    await settle()
    expect(transports[0]!.closed).toBe(true)
    expect(track.wanted).toEqual([])
    await vi.advanceTimersByTimeAsync(500)
    expect(demands.at(-1)).toBe(-1)
  })

  it('closes every transport with the room, as the router may be of another', async () => {
    const { pipes, open, transports, track } = start()
    await open(1)
    pipes.close()
    pipes.close()
    await settle()
    expect(transports[0]!.closed).toBe(true)
    expect(track.wanted).toEqual([])
    expect(await open(2)).toEqual({ serial: 2, refused: 'not_found' })
    await vi.advanceTimersByTimeAsync(500)
    expect(vi.getTimerCount()).toBe(0)
  })
})
